package io.hypervisor.agent.driver.microvm;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;

import io.hypervisor.core.Tasks;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;

/** A connection to a QEMU's monitor (QMP): lines of JSON. */
final class Qmp implements AutoCloseable {
    private static final int MAX_LINE = 1 << 20;

    private final SocketChannel channel;
    private final InputStream in;

    /** What one does on a connection. */
    interface Talk<T> {
        T with(Qmp qmp) throws IOException;
    }

    private Qmp(SocketChannel channel) {
        this.channel = channel;
        this.in = new BufferedInputStream(Channels.newInputStream(channel));
    }

    /** Connects; QEMU greets when the client before has gone. */
    static Qmp connect(Path socket) throws IOException {
        return new Qmp(SocketChannel.open(UnixDomainSocketAddress.of(socket)));
    }

    /** Talks on a connection of its own, which is cut when that takes too long. */
    static <T> T talk(Path socket, Tasks tasks, Duration patience, Talk<T> talk)
            throws IOException {
        try (Qmp qmp = connect(socket)) {
            Tasks.Timer cut = tasks.after(patience, tasks.concurrent("qmp"), qmp::close);
            try {
                qmp.greet();
                return talk.with(qmp);
            } finally {
                cut.cancel();
            }
        }
    }

    /** Takes the greeting and asks for commands. */
    void greet() throws IOException {
        next();
        execute("qmp_capabilities");
    }

    /** An answer that says no. */
    static final class Refused extends IOException {
        private static final long serialVersionUID = 1;

        Refused(String message) {
            super(message);
        }
    }

    /** Executes a command without arguments; what it returns is under "return". */
    JsonObject execute(String command) throws IOException {
        return execute(command, new JsonObject());
    }

    /** Executes a command; what it returns is under "return". */
    JsonObject execute(String command, JsonObject arguments) throws IOException {
        JsonObject request = new JsonObject();
        request.addProperty("execute", command);
        request.add("arguments", arguments);
        ByteBuffer line = ByteBuffer.wrap((request + "\n").getBytes(StandardCharsets.UTF_8));
        while (line.hasRemaining()) {
            channel.write(line);
        }
        while (true) {
            JsonObject answer = next();
            if (answer.has("return")) {
                return answer;
            }
            if (answer.has("error")) {
                throw new Refused(command + ": " + answer.get("error"));
            }
        }
    }

    /** The next answer or event. */
    JsonObject next() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        int b = in.read();
        while (b != '\n') {
            if (b < 0) {
                throw new EOFException("QEMU hung up");
            }
            if (line.size() == MAX_LINE) {
                throw new IOException("QEMU sent a line of more than 1 MiB");
            }
            line.write(b);
            b = in.read();
        }
        try {
            return JsonParser.parseString(line.toString(StandardCharsets.UTF_8)).getAsJsonObject();
        } catch (JsonParseException | IllegalStateException e) {
            throw new IOException("QEMU sent no JSON object", e);
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
