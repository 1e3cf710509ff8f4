package io.hypervisor.network.ovs;

import io.hypervisor.network.compiler.Meter;
import io.hypervisor.network.ovs.OpenFlow.MeterCommand;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntFunction;

/** One connection of OpenFlow to a bridge. Dies of the first error of the connection. */
final class OpenFlowSession implements Reconnecting.Session {
    private static final int MOST_MESSAGE = 0xFFFF;
    private static final int SET_UP = 1;

    /** Told on the reading task. */
    interface Events {
        /** The switch has done what the session asked for at its beginning. */
        void ready();

        void received(PacketIn packet);
    }

    private final SocketChannel channel;
    private final Events events;
    private final Map<Integer, CompletableFuture<Void>> pending = new ConcurrentHashMap<>();
    private final Map<Integer, Meter> meters = new ConcurrentHashMap<>();
    private final Object writing = new Object();
    private int lastXid = SET_UP;
    private volatile boolean closed;
    private final AtomicLong messages = new AtomicLong();

    private OpenFlowSession(SocketChannel channel, Events events) {
        this.channel = channel;
        this.events = events;
    }

    static OpenFlowSession connect(Path socket, Events events) throws IOException {
        var session = new OpenFlowSession(Reconnecting.connect(socket), events);
        session.send(OpenFlow.hello());
        return session;
    }

    @Override
    public void read() throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(MOST_MESSAGE);
        try {
            while (true) {
                fill(buffer.clear().limit(OpenFlow.HEADER));
                int type = Byte.toUnsignedInt(buffer.get(1));
                int length = Short.toUnsignedInt(buffer.getShort(2));
                int xid = buffer.getInt(4);
                if (length < OpenFlow.HEADER) {
                    throw new IOException("a message of " + length + " bytes");
                }
                fill(buffer.clear().limit(length - OpenFlow.HEADER));
                messages.incrementAndGet();
                handle(type, xid, buffer.flip());
            }
        } finally {
            close();
        }
    }

    private void fill(ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            if (channel.read(buffer) < 0) {
                throw new EOFException("the switch closed the connection");
            }
        }
    }

    private void handle(int type, int xid, ByteBuffer body) throws IOException {
        switch (type) {
            case OpenFlow.HELLO -> begin();
            case OpenFlow.ECHO_REQUEST -> send(OpenFlow.echoReply(xid, body));
            case OpenFlow.PACKET_IN -> OpenFlow.packetIn(body).ifPresent(events::received);
            case OpenFlow.MULTIPART_REPLY ->
                    OpenFlow.meterConfigs(body).forEach(meter -> meters.put(meter.id(), meter));
            case OpenFlow.BARRIER_REPLY -> done(xid);
            case OpenFlow.ERROR -> failed(xid, OpenFlow.error(body));
            default -> {
                // Nothing else was asked for.
            }
        }
    }

    private void done(int xid) {
        if (xid == SET_UP) {
            events.ready();
        }
        CompletableFuture<Void> done = pending.remove(xid);
        if (done != null) {
            done.complete(null);
        }
    }

    private void failed(int xid, String error) throws IOException {
        CompletableFuture<Void> done = pending.remove(xid);
        if (done == null) {
            throw new IOException(error);
        }
        done.completeExceptionally(new IOException(error));
    }

    private void begin() {
        send(OpenFlow.setConfig());
        send(OpenFlow.setAsync());
        send(OpenFlow.meterConfigRequest(SET_UP));
        send(OpenFlow.barrier(SET_UP));
    }

    /**
     * Sends messages that are one request.
     *
     * @param of the messages with the request's number
     * @return done when the switch has done them; fails with the switch's first error or the
     *     connection
     */
    private CompletableFuture<Void> request(IntFunction<List<ByteBuffer>> of) {
        var done = new CompletableFuture<Void>();
        synchronized (writing) {
            int xid = ++lastXid;
            List<ByteBuffer> messages = of.apply(xid);
            if (messages.isEmpty()) {
                return CompletableFuture.completedFuture(null);
            }
            pending.put(xid, done);
            messages.forEach(this::send);
            send(OpenFlow.barrier(xid));
        }
        if (closed) {
            done.completeExceptionally(new IOException("the connection is closed"));
        }
        return done;
    }

    /** Adds and changes meters. */
    CompletableFuture<Void> ensureMeters(Collection<Meter> wanted) {
        List<Meter> different =
                wanted.stream().filter(meter -> !meter.equals(meters.get(meter.id()))).toList();
        List<Integer> known = List.copyOf(meters.keySet());
        return request(
                        xid ->
                                different.stream()
                                        .map(
                                                meter ->
                                                        OpenFlow.meterMod(
                                                                xid,
                                                                known.contains(meter.id())
                                                                        ? MeterCommand.MODIFY
                                                                        : MeterCommand.ADD,
                                                                meter))
                                        .toList())
                .thenRun(() -> different.forEach(meter -> meters.put(meter.id(), meter)));
    }

    /** Removes all other meters, with the flows that name them. */
    CompletableFuture<Void> removeMetersBut(Set<Integer> ids) {
        List<Meter> stale = new ArrayList<>(meters.values());
        stale.removeIf(meter -> ids.contains(meter.id()));
        return request(
                        xid ->
                                stale.stream()
                                        .map(
                                                meter ->
                                                        OpenFlow.meterMod(
                                                                xid, MeterCommand.DELETE, meter))
                                        .toList())
                .thenRun(() -> stale.forEach(meter -> meters.remove(meter.id())));
    }

    /** Forgets the connections that were tracked in a zone. */
    CompletableFuture<Void> flushZone(int zone) {
        return request(xid -> List.of(OpenFlow.flushZone(xid, zone)));
    }

    /** Sends a message, if the connection still stands. */
    void send(ByteBuffer message) {
        try {
            synchronized (writing) {
                while (message.hasRemaining()) {
                    channel.write(message);
                }
            }
        } catch (IOException e) {
            close();
        }
    }

    @Override
    public long messages() {
        return messages.get();
    }

    @Override
    public void echo() {
        send(OpenFlow.echoRequest());
    }

    @Override
    public void close() {
        closed = true;
        try {
            channel.close();
        } catch (IOException e) {
            // It is given up either way.
        }
        var gone = new IOException("the connection ended before the answer");
        pending.values().forEach(done -> done.completeExceptionally(gone));
    }
}
