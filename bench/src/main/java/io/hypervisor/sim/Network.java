package io.hypervisor.sim;

import io.hypervisor.core.server.HostPort;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/**
 * Who reaches whom, and how fast. Connections keep the order of what is sent on them, as TCP does;
 * between connections there is no order. A cut way holds what is sent on it until it is mended or
 * the connection breaks.
 */
final class Network {
    private static final long FASTEST = TimeUnit.MICROSECONDS.toNanos(100);
    private static final long USUAL = TimeUnit.MICROSECONDS.toNanos(900);

    private final Kernel kernel;
    private final RandomGenerator random;
    private final Map<String, SimMachine> machines = new HashMap<>();
    private final Map<HostPort, Listener> listeners = new HashMap<>();
    private final Set<String> cuts = new LinkedHashSet<>();
    private final Set<Pipe> waiting = new LinkedHashSet<>();
    private final Set<Connection> connections = new LinkedHashSet<>();
    private long slowness;
    private double duplicates;

    /** A process that serves calls. */
    record Listener(SimProcess process, Served served) {}

    Network(Kernel kernel) {
        this.kernel = kernel;
        this.random = kernel.generator();
    }

    Kernel kernel() {
        return kernel;
    }

    /** Gives a machine an address. */
    void add(SimMachine machine) {
        machines.put(machine.ip(), machine);
    }

    Optional<SimMachine> machine(String ip) {
        return Optional.ofNullable(machines.get(ip));
    }

    /** Serves at an address until the process ends. */
    void listen(HostPort address, SimProcess process, Served served) {
        listeners.put(address, new Listener(process, served));
        process.onEnd(() -> unlisten(address, process));
    }

    /** Serves no more calls at an address. */
    void unlisten(HostPort address, SimProcess process) {
        Listener listener = listeners.get(address);
        if (listener != null && listener.process() == process) {
            listeners.remove(address);
        }
    }

    Optional<Listener> listener(HostPort address) {
        return Optional.ofNullable(listeners.get(address));
    }

    /** How long something travels: mostly under a millisecond, now and then much longer. */
    long latency() {
        long travel = FASTEST + random.nextLong(USUAL);
        if (random.nextInt(64) == 0) {
            travel += random.nextLong(TimeUnit.MILLISECONDS.toNanos(20));
        }
        return slowness == 0 ? travel : travel + random.nextLong(slowness);
    }

    /** Makes everything slower by up to so much. */
    void slow(long nanos) {
        slowness = nanos;
    }

    /** The share of unary requests that arrive twice. */
    void duplicate(double share) {
        duplicates = share;
    }

    boolean duplicates() {
        return duplicates > 0 && random.nextDouble() < duplicates;
    }

    long within(long nanos) {
        return random.nextLong(nanos);
    }

    boolean open(String from, String to) {
        return cuts.isEmpty() || !cuts.contains(from + ">" + to);
    }

    /** Cuts one way. */
    void cut(String from, String to) {
        cuts.add(from + ">" + to);
    }

    void mend(String from, String to) {
        cuts.remove(from + ">" + to);
        flush();
    }

    void mendAll() {
        cuts.clear();
        flush();
    }

    /** What could not be delivered may be deliverable now. */
    void flush() {
        List<Pipe> all = List.copyOf(waiting);
        waiting.clear();
        all.forEach(Pipe::resume);
    }

    void waits(Pipe pipe) {
        waiting.add(pipe);
    }

    void opened(Connection connection) {
        connections.add(connection);
    }

    void closed(Connection connection) {
        connections.remove(connection);
    }

    /** Connections that are open at both ends. */
    List<Connection> connections() {
        return new ArrayList<>(connections);
    }
}
