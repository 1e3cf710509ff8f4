package io.hypervisor.agent.network;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.PortGate;
import io.hypervisor.api.internal.v1.Nic;
import io.hypervisor.api.internal.v1.NodeNetworkState;
import io.hypervisor.api.internal.v1.PortState;
import io.hypervisor.core.Tasks;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * What is said of the node's ports: by drivers, that devices are new; by the reconciler, which
 * ports are live. Bounded by the number of ports.
 */
public final class PortBoard implements PortGate {
    private static final Logger log = LoggerFactory.getLogger(PortBoard.class);
    // A switch that starts again is back sooner.
    private static final Duration PATIENCE = Duration.ofSeconds(15);

    private final Tasks tasks;
    private final List<Consumer<Set<String>>> listeners = new CopyOnWriteArrayList<>();
    private final List<Waiter> waiters = new CopyOnWriteArrayList<>();
    private final Set<String> fresh = new HashSet<>();
    private volatile Runnable wake = () -> {};
    private Map<String, PortState> states = Map.of();
    private Set<String> live = Set.of();
    private Optional<NodeNetworkState> node = Optional.empty();
    private String closed = "the switch has not answered yet";
    private boolean settled;

    /** Somebody who waits until these ports are live. */
    private record Waiter(Set<String> ports, CompletableFuture<Void> done) {}

    /** A board on which nothing is said yet. */
    public PortBoard(Tasks tasks) {
        this.tasks = tasks;
    }

    @Override
    public void check(List<Nic> nics) {
        String reason = closed();
        if (!nics.isEmpty() && !reason.isEmpty()) {
            throw DriverException.passing(reason, null);
        }
    }

    private synchronized String closed() {
        return closed;
    }

    @Override
    public void made(List<Nic> nics) {
        if (nics.isEmpty()) {
            return;
        }
        synchronized (this) {
            Set<String> ports = ids(nics);
            fresh.addAll(ports);
            live = live.stream().filter(p -> !ports.contains(p)).collect(Collectors.toSet());
        }
        wake.run();
    }

    @Override
    public void gone() {
        wake.run();
    }

    @Override
    public void await(List<Nic> nics) {
        Waiter waiter = new Waiter(ids(nics), new CompletableFuture<>());
        waiters.add(waiter);
        try {
            release();
            tasks.await(waiter.done(), PATIENCE);
        } catch (TimeoutException e) {
            throw DriverException.passing("ports not live yet: " + missing(waiter), e);
        } catch (ExecutionException e) {
            throw DriverException.passing("ports not live yet", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw DriverException.passing("interrupted", e);
        } finally {
            waiters.remove(waiter);
        }
    }

    private void release() {
        Set<String> now = live();
        waiters.stream()
                .filter(waiter -> now.containsAll(waiter.ports()))
                .forEach(waiter -> waiter.done().complete(null));
    }

    private synchronized Set<String> live() {
        return live;
    }

    private synchronized String missing(Waiter waiter) {
        return waiter.ports().stream()
                .filter(port -> !live.contains(port))
                .map(
                        port ->
                                Optional.ofNullable(states.get(port))
                                        .map(s -> port + " " + s.getStatus() + " " + s.getReason())
                                        .orElse(port + " is not in the node's document"))
                .collect(Collectors.joining("; "));
    }

    private static Set<String> ids(List<Nic> nics) {
        return nics.stream().map(Nic::getPortId).collect(Collectors.toSet());
    }

    /** Calls this when a driver has made or removed a device. Must not block. */
    void onMade(Runnable listener) {
        wake = listener;
    }

    /** The ports whose devices are new since it was asked last. */
    synchronized Set<String> takeFresh() {
        Set<String> taken = Set.copyOf(fresh);
        fresh.clear();
        return taken;
    }

    /** Gives them back after a pass that failed. */
    synchronized void giveBack(Set<String> ports) {
        fresh.addAll(ports);
    }

    /** The switch answers. */
    synchronized void open() {
        closed = "";
    }

    /** Nothing is left to wait for before the first report. */
    public synchronized void settle() {
        settled = true;
    }

    /** Whether what is said is all that can be said. */
    public synchronized boolean isSettled() {
        return settled;
    }

    /**
     * Says that a pass has failed; of ports the last word stands.
     *
     * @param expected the node should have a switch; else nobody but an instance misses it
     */
    void fail(String reason, boolean expected) {
        synchronized (this) {
            closed = closed.isEmpty() ? "" : "the switch: " + reason;
            NodeNetworkState next =
                    node.map(NodeNetworkState::toBuilder)
                            .orElseGet(NodeNetworkState::newBuilder)
                            .setError(reason)
                            .build();
            if (!expected || node.equals(Optional.of(next))) {
                return;
            }
            node = Optional.of(next);
        }
        listeners.forEach(listener -> listener.accept(Set.of()));
    }

    /** Says what a pass has found; devices that were made meanwhile are not live. */
    void publish(Set<String> liveNow, Map<String, PortState> next, NodeNetworkState nodeNow) {
        Set<String> changed = new HashSet<>();
        boolean nodeChanged;
        synchronized (this) {
            live = liveNow.stream().filter(p -> !fresh.contains(p)).collect(Collectors.toSet());
            next.forEach(
                    (port, state) -> {
                        if (!state.equals(states.get(port))) {
                            changed.add(port);
                        }
                    });
            states.keySet().stream().filter(p -> !next.containsKey(p)).forEach(changed::add);
            states = new TreeMap<>(next);
            nodeChanged = !node.equals(Optional.of(nodeNow));
            node = Optional.of(nodeNow);
            settled = true;
        }
        changed.forEach(port -> log(port, Optional.ofNullable(next.get(port))));
        release();
        if (nodeChanged || !changed.isEmpty()) {
            listeners.forEach(listener -> listener.accept(changed));
        }
    }

    private static void log(String port, Optional<PortState> state) {
        log.info(
                "port={} device={} status={} reason=\"{}\"",
                port,
                state.map(PortState::getDeviceName).orElse(""),
                state.map(PortState::getStatus).orElse("GONE"),
                state.map(PortState::getReason).orElse(""));
    }

    /** What is said of all ports, by id. */
    public synchronized Map<String, PortState> states() {
        return new HashMap<>(states);
    }

    /** What is said of the switch; empty before anything is. */
    public synchronized Optional<NodeNetworkState> node() {
        return node;
    }

    /** Calls the listener with the ids of ports of which something else is said. Must not block. */
    public void listen(Consumer<Set<String>> changed) {
        listeners.add(changed);
    }

    /** Stops calling a listener. */
    public void unlisten(Consumer<Set<String>> changed) {
        listeners.remove(changed);
    }
}
