package io.hypervisor.network.ovs;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonStreamParser;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;

/**
 * One connection of JSON-RPC 1.0, as RFC 7047 uses it, on a unix socket. Dies of the first error.
 */
final class JsonRpc implements Reconnecting.Session {
    // The first answer holds all monitored rows: 100,000 interfaces need some 40 MB.
    private static final int MAX_MESSAGE_BYTES = 64 << 20;
    // Reconcilers ask one after the other: more means that one of them runs wild.
    private static final int MAX_IN_FLIGHT = 64;

    /** Told what the server sends by itself. On the reading task. */
    interface Notifications {
        void notified(String method, JsonArray params);
    }

    private final SocketChannel channel;
    private final Notifications notifications;
    private final Map<Long, CompletableFuture<JsonElement>> pending = new HashMap<>();
    private final Object writing = new Object();
    private long lastId;
    private boolean closed;
    private final AtomicLong messages = new AtomicLong();

    private JsonRpc(SocketChannel channel, Notifications notifications) {
        this.channel = channel;
        this.notifications = notifications;
    }

    static JsonRpc connect(Path socket, Notifications notifications) throws IOException {
        return new JsonRpc(Reconnecting.connect(socket), notifications);
    }

    @Override
    public void read() throws IOException {
        var in = new Limited(Channels.newInputStream(channel));
        var parser = new JsonStreamParser(new InputStreamReader(in, StandardCharsets.UTF_8));
        try {
            while (parser.hasNext()) {
                handle(parser.next().getAsJsonObject());
                in.left = MAX_MESSAGE_BYTES;
                messages.incrementAndGet();
            }
            throw new IOException("the server closed the connection");
        } catch (RuntimeException e) {
            throw new IOException("not a message of JSON-RPC: " + e.getMessage(), e);
        } finally {
            close();
        }
    }

    private void handle(JsonObject message) throws IOException {
        JsonElement method = message.get("method");
        if (method == null) {
            answered(message);
        } else if (method.getAsString().equals("echo")) {
            var reply = new JsonObject();
            reply.add("id", message.get("id"));
            reply.add("result", message.get("params"));
            reply.add("error", JsonNull.INSTANCE);
            write(reply);
        } else {
            notifications.notified(method.getAsString(), message.getAsJsonArray("params"));
        }
    }

    private void answered(JsonObject message) {
        CompletableFuture<JsonElement> future;
        synchronized (pending) {
            future = pending.remove(message.get("id").getAsLong());
        }
        if (future == null) {
            return;
        }
        JsonElement error = message.get("error");
        if (error == null || error.isJsonNull()) {
            future.complete(message.get("result"));
        } else {
            future.completeExceptionally(new IOException("the server refuses: " + error));
        }
    }

    /**
     * Sends a request.
     *
     * @param answer gets the result, on the reading task, or fails with the connection
     */
    void call(
            String method,
            List<? extends JsonElement> params,
            CompletableFuture<JsonElement> answer) {
        var request = new JsonObject();
        synchronized (pending) {
            if (closed || pending.size() >= MAX_IN_FLIGHT) {
                String why = closed ? "the connection is closed" : "too many requests wait";
                answer.completeExceptionally(new IOException(why));
                return;
            }
            long id = ++lastId;
            pending.put(id, answer);
            request.addProperty("id", id);
        }
        var array = new JsonArray();
        params.forEach(array::add);
        request.addProperty("method", method);
        request.add("params", array);
        try {
            write(request);
        } catch (IOException e) {
            close();
        }
    }

    private void write(JsonObject message) throws IOException {
        ByteBuffer bytes = StandardCharsets.UTF_8.encode(message.toString());
        synchronized (writing) {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        }
    }

    @Override
    public long messages() {
        return messages.get();
    }

    @Override
    public void echo() {
        call("echo", List.of(), new CompletableFuture<>());
    }

    @Override
    public void close() {
        List<CompletableFuture<JsonElement>> lost;
        synchronized (pending) {
            closed = true;
            lost = List.copyOf(pending.values());
            pending.clear();
        }
        try {
            channel.close();
        } catch (IOException e) {
            // It is given up either way.
        }
        var gone = new IOException("the connection ended before the answer");
        lost.forEach(future -> future.completeExceptionally(gone));
    }

    /** Ends a message that is too long. */
    private static final class Limited extends FilterInputStream {
        int left = MAX_MESSAGE_BYTES;

        Limited(InputStream in) {
            super(in);
        }

        @Override
        public int read() throws IOException {
            throw new UnsupportedOperationException("read by blocks");
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            int count = super.read(buffer, offset, length);
            left -= Math.max(count, 0);
            if (left < 0) {
                throw new IOException("a message of more than " + MAX_MESSAGE_BYTES + " bytes");
            }
            return count;
        }
    }
}
