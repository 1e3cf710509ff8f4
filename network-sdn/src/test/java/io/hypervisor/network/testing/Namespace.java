package io.hypervisor.network.testing;

import io.hypervisor.core.Command;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** A network namespace with a name of its own, gone with all that runs in it when closed. */
public final class Namespace implements AutoCloseable {
    private static final Duration LONG = Duration.ofMinutes(1);
    private static final AtomicInteger COUNT = new AtomicInteger();

    private final String name;
    private boolean closed;

    private Namespace(String name) {
        this.name = name;
    }

    /** A new one, with its loopback up. */
    public static Namespace create() {
        var made = new Namespace("hvt" + ProcessHandle.current().pid() + "-" + unique());
        host("ip", "netns", "add", made.name);
        made.run("ip", "link", "set", "lo", "up");
        return made;
    }

    /** A number that no other caller in this process gets. */
    static int unique() {
        return COUNT.incrementAndGet();
    }

    public String name() {
        return name;
    }

    /** Runs a program in it, which must succeed. */
    public String run(String... command) {
        return succeeded(attempt(command));
    }

    /** Runs a program in it, at most a minute. */
    public Command.Ended attempt(String... command) {
        return Command.run(LONG, inside(command));
    }

    /** Starts a program in it, which says what it says into a file. */
    public Process start(Path output, String... command) {
        try {
            return new ProcessBuilder(inside(command))
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()))
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private List<String> inside(String... command) {
        List<String> all = new ArrayList<>(List.of("ip", "netns", "exec", name));
        all.addAll(List.of(command));
        return all;
    }

    /** Runs a program outside of all of them, which must succeed. */
    public static String host(String... command) {
        return succeeded(Command.run(LONG, List.of(command)));
    }

    private static String succeeded(Command.Ended ended) {
        if (!ended.ok()) {
            throw new AssertionError(ended.failure());
        }
        return ended.output();
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        for (String pid : host("ip", "netns", "pids", name).lines().toList()) {
            ProcessHandle.of(Long.parseLong(pid))
                    .ifPresent(
                            process -> {
                                process.destroyForcibly();
                                process.onExit().join();
                            });
        }
        host("ip", "netns", "delete", name);
    }
}
