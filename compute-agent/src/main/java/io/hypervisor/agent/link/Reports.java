package io.hypervisor.agent.link;

import io.hypervisor.agent.journal.DataDir;
import io.hypervisor.agent.journal.Intent;
import io.hypervisor.agent.link.Link.Parts;
import io.hypervisor.agent.node.InstanceViews;
import io.hypervisor.api.internal.v1.LocalIntent;
import io.hypervisor.api.internal.v1.NodeNetworkState;
import io.hypervisor.api.internal.v1.NodeReport;
import io.hypervisor.api.internal.v1.NodeState;
import io.hypervisor.api.internal.v1.ObservedRecord;
import io.hypervisor.api.internal.v1.PortState;
import io.hypervisor.api.v1.Instance;

import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * What one session has said and has still to say. Repeats nothing; what is gone without having been
 * said to be gone, such as a stray that was destroyed, it says to be gone.
 */
final class Reports implements AutoCloseable {
    // Keeps a report well below the size that a message may have.
    private static final int MAX_CHANGES = 500;

    private final Parts parts;
    private final Runnable wake;
    private final Consumer<String> listener = this::changed;
    private final Consumer<Set<String>> portListener = this::portsChanged;
    private final Runnable nodeListener = this::wakeOnce;
    // Bounded by the number of instances.
    private final Set<String> pending = new LinkedHashSet<>();
    private final Map<String, ObservedRecord> saidOfCluster = new HashMap<>();
    private final Map<String, Instance> saidOfLocal = new HashMap<>();
    // Bounded by the number of ports.
    private final Set<String> pendingPorts = new LinkedHashSet<>();
    private NodeNetworkState saidOfSwitch = NodeNetworkState.getDefaultInstance();
    private NodeState saidOfNode = NodeState.getDefaultInstance();
    private boolean woken;
    private boolean closed;

    /** Calls {@code wake} when there is something to say. */
    Reports(Parts parts, Runnable wake) {
        this.parts = parts;
        this.wake = wake;
        parts.sightings().listen(listener);
        parts.facts().listen(nodeListener);
        parts.ports().listen(portListener);
    }

    private void portsChanged(Set<String> ids) {
        synchronized (pending) {
            pendingPorts.addAll(ids);
        }
        wakeOnce();
    }

    private void changed(String id) {
        synchronized (pending) {
            pending.add(id);
        }
        wakeOnce();
    }

    private void wakeOnce() {
        synchronized (pending) {
            if (woken || closed) {
                return;
            }
            woken = true;
        }
        wake.run();
    }

    /** Everything, said before or not; {@code full}: there is nothing else. */
    NodeReport everything(boolean full) {
        synchronized (pending) {
            pending.clear();
            pendingPorts.clear();
        }
        saidOfCluster.clear();
        saidOfLocal.clear();
        saidOfNode = NodeState.getDefaultInstance();
        saidOfSwitch = NodeNetworkState.getDefaultInstance();
        NodeReport.Builder report = NodeReport.newBuilder().setFull(full);
        Intent intent = parts.journal().intent();
        parts.sightings().all().keySet().forEach(id -> add(report, intent, id));
        intent.locals().keySet().forEach(id -> add(report, intent, id));
        addNode(report);
        report.addAllPorts(parts.ports().states().values());
        addSwitch(report);
        return report.build();
    }

    /** What changed since the last report; empty if nothing did. */
    Optional<NodeReport> changes() {
        NodeReport.Builder report = NodeReport.newBuilder();
        Intent intent = parts.journal().intent();
        addNode(report);
        addSwitch(report);
        Map<String, PortState> states = parts.ports().states();
        for (String port : take(pendingPorts)) {
            Optional.ofNullable(states.get(port)).ifPresent(report::addPorts);
        }
        Set<String> ids;
        do {
            ids = take(pending);
            ids.forEach(id -> add(report, intent, id));
        } while (!ids.isEmpty() && isEmpty(report));
        return isEmpty(report) ? Optional.empty() : Optional.of(report.build());
    }

    private static boolean isEmpty(NodeReport.Builder report) {
        return report.build().equals(NodeReport.getDefaultInstance());
    }

    private Set<String> take(Set<String> from) {
        Set<String> taken = new LinkedHashSet<>();
        synchronized (pending) {
            woken = false;
            Iterator<String> ids = from.iterator();
            while (ids.hasNext() && taken.size() < MAX_CHANGES) {
                taken.add(ids.next());
                ids.remove();
            }
        }
        return taken;
    }

    private void add(NodeReport.Builder report, Intent intent, String id) {
        Optional<ObservedRecord> seen = parts.sightings().get(id);
        Optional<LocalIntent> local = intent.local(id);
        if (local.isPresent()) {
            String nodeId = parts.dataDir().identity().map(DataDir.Identity::nodeId).orElse("");
            Instance view = InstanceViews.local(local.get(), seen, nodeId);
            if (!view.equals(saidOfLocal.put(id, view))) {
                report.addLocal(view);
            }
            return;
        }
        if (saidOfLocal.remove(id) != null) {
            report.addLocalGone(id);
        }
        if (seen.isPresent()) {
            if (!seen.get().equals(saidOfCluster.put(id, seen.get()))) {
                report.addObserved(seen.get());
            }
            return;
        }
        ObservedRecord last = saidOfCluster.remove(id);
        if (last != null && !last.getGone()) {
            report.addObserved(last.toBuilder().setGone(true));
        }
    }

    private void addSwitch(NodeReport.Builder report) {
        NodeNetworkState now = parts.ports().node().orElse(saidOfSwitch);
        if (!now.equals(saidOfSwitch)) {
            saidOfSwitch = now;
            report.setNetwork(now);
        }
    }

    private void addNode(NodeReport.Builder report) {
        NodeState now = parts.facts().state();
        if (!now.equals(saidOfNode)) {
            saidOfNode = now;
            report.setNode(now);
        }
    }

    @Override
    public void close() {
        synchronized (pending) {
            closed = true;
        }
        parts.sightings().unlisten(listener);
        parts.facts().unlisten(nodeListener);
        parts.ports().unlisten(portListener);
    }
}
