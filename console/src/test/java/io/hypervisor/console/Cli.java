package io.hypervisor.console;

import io.hypervisor.api.v1.TerminalSize;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;

/** Runs hvctl as a shell would, and keeps what it wrote. */
final class Cli {
    final Map<String, String> environment = new HashMap<>();
    InputStream in = InputStream.nullInputStream();
    Path config = Path.of("/nonexistent/config.yaml");
    boolean onTerminal;
    boolean progress;
    Terminal terminal = new Terminal(InputStream.nullInputStream());

    /** What a run left behind. */
    record Result(int code, String out, String err) {}

    Cli(String server) {
        environment.put("HVCTL_SERVER", server);
    }

    Cli typing(String text) {
        in = new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
        return this;
    }

    Result run(String... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int code =
                Hvctl.run(
                        new Surroundings(
                                in,
                                new PrintStream(out, false, StandardCharsets.UTF_8),
                                new PrintStream(err, true, StandardCharsets.UTF_8),
                                onTerminal,
                                onTerminal,
                                progress,
                                environment,
                                config,
                                InstantSource.fixed(FakeController.NOW),
                                () -> "request-1",
                                () -> terminal),
                        args);
        return new Result(
                code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    /** A terminal of 80 by 24 that becomes 132 by 43 as soon as somebody listens. */
    static final class Terminal implements RawTerminal {
        final ByteArrayOutputStream shown = new ByteArrayOutputStream();
        boolean closed;
        private final InputStream keys;
        private TerminalSize size = TerminalSize.newBuilder().setWidth(80).setHeight(24).build();

        Terminal(InputStream keys) {
            this.keys = keys;
        }

        @Override
        public InputStream input() {
            return keys;
        }

        @Override
        public OutputStream output() {
            return shown;
        }

        @Override
        public TerminalSize size() {
            return size;
        }

        @Override
        public void onResize(Runnable changed) {
            size = TerminalSize.newBuilder().setWidth(132).setHeight(43).build();
            changed.run();
        }

        @Override
        public void close() {
            closed = true;
        }
    }
}
