package io.hypervisor.network.ovs;

import io.hypervisor.core.Tasks;
import io.hypervisor.network.compiler.Flow;
import io.hypervisor.network.compiler.Meter;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;

/**
 * A connection of OpenFlow to the integration bridge, for packets to and from us, changes of flows,
 * meters and connection tracking. It comes back by itself; each new connection tells that the
 * switch may have forgotten everything.
 */
final class PacketChannel implements AutoCloseable {
    // A packet is answered in well under a millisecond: what waits longer than a second is stale.
    private static final int MOST_WAITING = 1_000;
    private static final int MOST_FRAME = 60_000;

    private final Path socket;
    private final Consumer<PacketIn> handler;
    private final Runnable connected;
    private final Reconnecting<OpenFlowSession> connection;
    private final Executor packets;
    private final AtomicInteger waiting = new AtomicInteger();
    private final LongAdder dropped = new LongAdder();
    private long connections;
    private volatile long number;

    /**
     * Not connected yet.
     *
     * @param handler gets the packets that flows hand to us, one after the other
     * @param connected told of each new connection; must not block
     */
    PacketChannel(Path socket, Tasks tasks, Consumer<PacketIn> handler, Runnable connected) {
        this.socket = socket;
        this.handler = handler;
        this.connected = connected;
        this.packets = tasks.serial("packets");
        this.connection =
                new Reconnecting<>("OpenFlow at " + socket, tasks, this::open, () -> number = 0);
    }

    /** Begins to connect. */
    void start() {
        connection.start();
    }

    /** The number of the present connection, from 1 for the first; 0: there is none. */
    long connection() {
        return number;
    }

    /** How many packets were dropped because too many waited for an answer. */
    long dropped() {
        return dropped.sum();
    }

    /** Sends a frame out of a port, if there is a connection. */
    void send(int port, ByteBuffer frame) {
        if (frame.remaining() <= MOST_FRAME) {
            connection.session().ifPresent(open -> open.send(OpenFlow.packetOut(port, frame)));
        }
    }

    /** Adds and changes meters, and removes and puts flows, which may name them, all or none. */
    void change(Collection<Meter> meters, List<Flow> removed, List<Flow> put) {
        connection.ask(open -> open.change(meters, removed, put));
    }

    /** Removes all other meters, once no flow names them. */
    void removeMetersBut(Set<Integer> ids) {
        connection.ask(open -> open.removeMetersBut(ids));
    }

    /** Forgets the connections that were tracked in zones; has been asked for when this returns. */
    Reconnecting.Asked<Void> flushZones(List<Integer> zones) {
        return connection.asked(open -> open.flushZones(zones));
    }

    private OpenFlowSession open() throws IOException {
        return OpenFlowSession.connect(
                socket,
                new OpenFlowSession.Events() {
                    @Override
                    public void ready() {
                        number = ++connections;
                        connected.run();
                    }

                    @Override
                    public void received(PacketIn packet) {
                        queue(packet);
                    }
                });
    }

    private void queue(PacketIn packet) {
        if (waiting.get() >= MOST_WAITING) {
            dropped.increment();
            return;
        }
        waiting.incrementAndGet();
        packets.execute(
                () -> {
                    waiting.decrementAndGet();
                    handler.accept(packet);
                });
    }

    @Override
    public void close() {
        connection.close();
    }
}
