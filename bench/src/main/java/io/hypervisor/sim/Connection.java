package io.hypervisor.sim;

import io.grpc.Status;
import io.hypervisor.core.server.HostPort;

import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** A connection between two processes. Either end may know that it is broken before the other. */
final class Connection {
    /** As the production servers have it. */
    private static final Patience SERVER =
            new Patience(Duration.ofSeconds(20), Duration.ofSeconds(10), Duration.ZERO);

    private static final long LEARNS_LATER = Duration.ofMillis(200).toNanos();

    private final Network network;
    private final HostPort address;
    private final End client;
    private final End server;
    private final Pipe up;
    private final Pipe down;
    private Optional<Served> served = Optional.empty();

    /** One end of a call. */
    interface Side {
        void broken(Status status);
    }

    /**
     * When an end begins to ask after silence, how long it waits for an answer then, and how long
     * it tries to connect.
     */
    record Patience(Duration idle, Duration answer, Duration connect) {}

    /** Begins to connect. */
    Connection(
            Network network, SimProcess from, SimMachine to, HostPort address, Patience patience) {
        this.network = network;
        this.address = address;
        this.client = new End(from.machine(), patience);
        this.server = new End(to, SERVER);
        this.up = new Pipe(network, client, server);
        this.down = new Pipe(network, server, client);
        client.occupy(from);
        Kernel kernel = network.kernel();
        kernel.after(patience.connect(), this::giveUp);
        kernel.after(2 * network.latency(), this::arrive);
    }

    /** One end. */
    final class End {
        private final SimMachine machine;
        private final Patience patience;
        private final Set<Side> calls = new LinkedHashSet<>();
        private Optional<SimProcess> process = Optional.empty();
        private boolean open;
        private boolean asked;
        private long heard;

        private End(SimMachine machine, Patience patience) {
            this.machine = machine;
            this.patience = patience;
        }

        private void occupy(SimProcess by) {
            process = Optional.of(by);
            open = true;
            by.onEnd(this::died);
        }

        SimMachine machine() {
            return machine;
        }

        boolean isOpen() {
            return open;
        }

        boolean paused() {
            return process.filter(SimProcess::paused).isPresent();
        }

        SimProcess process() {
            return process.orElseThrow();
        }

        private End peer() {
            return this == client ? server : client;
        }

        void heard() {
            heard = network.kernel().now();
            asked = false;
        }

        void add(Side side) {
            calls.add(side);
        }

        void remove(Side side) {
            calls.remove(side);
        }

        void send(String what, Runnable arrive) {
            if (open) {
                (this == client ? up : down).send(what, arrive);
            }
        }

        /** Something came for an end that does not exist any more: the machine says so. */
        void refuse() {
            if (machine.powered()) {
                reset();
            }
        }

        private void reset() {
            End peer = peer();
            String reason = "Connection reset by " + machine.name();
            (this == client ? up : down).send(Pipe.RESET, () -> peer.fail(reason, false));
        }

        /** Breaks this end; the other one is told, if there is a way. */
        private void fail(String reason, boolean tell) {
            if (!open) {
                return;
            }
            open = false;
            network.closed(Connection.this);
            List<Side> all = List.copyOf(calls);
            calls.clear();
            all.forEach(side -> side.broken(Status.UNAVAILABLE.withDescription(reason)));
            if (tell) {
                reset();
            }
        }

        /** The process is gone; its machine tells the other end, unless it is off. */
        private void died() {
            if (open) {
                open = false;
                network.closed(Connection.this);
                calls.clear();
                refuse();
            }
        }

        private void watch() {
            heard();
            network.kernel().after(patience.idle(), this::check);
        }

        private void check() {
            if (!open) {
                return;
            }
            long silent = network.kernel().now() - heard;
            long idle = patience.idle().toNanos();
            if (paused() || silent < idle) {
                network.kernel().after(paused() ? idle : idle - silent, this::check);
            } else if (!asked) {
                asked = true;
                End peer = peer();
                send("ping", () -> peer.send("pong", () -> {}));
                network.kernel().after(patience.answer(), this::check);
            } else {
                fail("Keepalive failed. The connection is likely gone", true);
            }
        }
    }

    private void giveUp() {
        if (served.isEmpty()) {
            client.fail("connection timed out: " + address, false);
        }
    }

    private void arrive() {
        boolean way =
                network.open(client.machine.name(), server.machine.name())
                        && network.open(server.machine.name(), client.machine.name());
        if (!client.open || !server.machine.powered() || !way) {
            return;
        }
        Optional<Network.Listener> listener = network.listener(address);
        if (listener.isEmpty()) {
            client.fail("Connection refused: " + address, false);
            return;
        }
        served = Optional.of(listener.get().served());
        server.occupy(listener.get().process());
        network.opened(this);
        client.watch();
        server.watch();
        down.open();
        up.open();
    }

    /** Loses what is on its way; each end learns it in its own time. */
    void lose() {
        up.lose();
        down.lose();
        for (End end : List.of(client, server)) {
            long later = network.within(LEARNS_LATER);
            network.kernel().after(later, () -> end.fail("Connection reset by peer", false));
        }
    }

    /** Closes the client's end. */
    void close(String reason) {
        client.fail(reason, true);
    }

    End client() {
        return client;
    }

    End server() {
        return server;
    }

    /** What the other end serves; only what arrives there asks. */
    Served served() {
        return served.orElseThrow();
    }
}
