package io.hypervisor.network.ovs;

import io.hypervisor.network.compiler.Flow;
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
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

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
    private final Map<Integer, String> errors = new ConcurrentHashMap<>();
    private final Map<Integer, Meter> meters = new ConcurrentHashMap<>();
    private final Object writing = new Object();
    private final AtomicInteger lastXid = new AtomicInteger(SET_UP);
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
        String error = errors.remove(xid);
        if (done != null && error == null) {
            done.complete(null);
        } else if (done != null) {
            done.completeExceptionally(new IOException(error));
        }
    }

    private void failed(int xid, String error) throws IOException {
        // There may be more of the same request.
        if (pending.containsKey(xid)) {
            errors.putIfAbsent(xid, error);
        } else {
            throw new IOException(error);
        }
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
     * @param xid the request's number, which is theirs
     * @return done when the switch has done them; fails with the switch's first error or the
     *     connection
     */
    private CompletableFuture<Void> request(int xid, List<ByteBuffer> messages) {
        if (messages.isEmpty()) {
            return done();
        }
        var done = new CompletableFuture<Void>();
        List<ByteBuffer> all = new ArrayList<>(messages);
        all.add(OpenFlow.barrier(xid));
        pending.put(xid, done);
        send(joined(all));
        if (closed) {
            done.completeExceptionally(new IOException("the connection is closed"));
        }
        return done;
    }

    /** Adds and changes meters, and removes and puts flows, all or none. */
    CompletableFuture<Void> change(Collection<Meter> wanted, List<Flow> removed, List<Flow> put) {
        List<Meter> different =
                wanted.stream().filter(meter -> !meter.equals(meters.get(meter.id()))).toList();
        int xid = lastXid.incrementAndGet();
        List<ByteBuffer> messages = new ArrayList<>();
        different.forEach(meter -> messages.add(ensured(xid, meter)));
        boolean flows = !removed.isEmpty() || !put.isEmpty();
        if (flows) {
            messages.addAll(FlowMods.bundle(xid, removed, put));
        }
        CompletableFuture<Void> said =
                request(xid, messages)
                        .thenRun(() -> different.forEach(meter -> meters.put(meter.id(), meter)));
        return flows
                // What the switch refuses is told by the number of what it refuses.
                ? said.thenCompose(done -> request(xid, List.of(FlowMods.commit(xid))))
                        .whenComplete((done, error) -> ended(xid, error))
                : said;
    }

    private void ended(int xid, Throwable error) {
        if (error != null) {
            // Else what was understood of it would wait there. It may be gone already.
            var _ = request(xid, List.of(FlowMods.discard(xid)));
        }
    }

    private static CompletableFuture<Void> done() {
        return CompletableFuture.completedFuture(null);
    }

    private ByteBuffer ensured(int xid, Meter meter) {
        boolean known = meters.containsKey(meter.id());
        return OpenFlow.meterMod(xid, known ? MeterCommand.MODIFY : MeterCommand.ADD, meter);
    }

    /** Removes all other meters, with the flows that name them. */
    CompletableFuture<Void> removeMetersBut(Set<Integer> ids) {
        List<Meter> stale = new ArrayList<>(meters.values());
        stale.removeIf(meter -> ids.contains(meter.id()));
        int xid = lastXid.incrementAndGet();
        return request(
                        xid,
                        stale.stream()
                                .map(meter -> OpenFlow.meterMod(xid, MeterCommand.DELETE, meter))
                                .toList())
                .thenRun(() -> stale.forEach(meter -> meters.remove(meter.id())));
    }

    /** Forgets the connections that were tracked in zones. */
    CompletableFuture<Void> flushZones(List<Integer> zones) {
        int xid = lastXid.incrementAndGet();
        return request(xid, zones.stream().map(zone -> OpenFlow.flushZone(xid, zone)).toList());
    }

    /** One, because the switch may look at all of its ports each time that it is woken. */
    private static ByteBuffer joined(List<ByteBuffer> messages) {
        ByteBuffer all =
                ByteBuffer.allocate(messages.stream().mapToInt(ByteBuffer::remaining).sum());
        messages.forEach(all::put);
        return all.flip();
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
