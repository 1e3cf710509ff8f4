package io.hypervisor.controller.reconcile;

import io.hypervisor.api.internal.v1.NodeHealth;
import io.hypervisor.api.internal.v1.NodeRecord;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.controller.action.Committer;
import io.hypervisor.controller.action.SetNodeHealth;
import io.hypervisor.controller.feed.Contacts;
import io.hypervisor.controller.state.Entry;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Tasks;
import io.micrometer.core.instrument.MeterRegistry;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * Decides which nodes are in touch. A node that was silent for the heartbeat timeout becomes
 * UNREACHABLE; one that is heard again becomes READY when it has told in full what it holds, and
 * holds nothing that was moved away from it.
 *
 * <p>Losing most nodes at once says more about this process's own network than about the nodes: if
 * more than half of at least three would become unreachable within one timeout, none does, an alarm
 * is raised (metric {@code hypervisor.nodes.held}), and every pass looks again.
 *
 * <p>All state belongs to one serial executor.
 */
public final class NodeMonitor implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(NodeMonitor.class);
    // With fewer nodes "most of them" says nothing.
    private static final int BRAKE_FROM = 3;
    private static final int PASSES_PER_TIMEOUT = 10;

    private final Committer committer;
    private final Contacts contacts;
    private final Duration timeout;
    private final Consumer<String> endStream;
    private final Clock clock;
    private final Executor serial;
    private final Tasks.Timer passes;
    private final AtomicInteger held = new AtomicInteger();
    // When nodes became unreachable, for those of the last timeout.
    private final Map<String, Long> lost = new HashMap<>();
    private volatile boolean leading;

    /**
     * A monitor that rests until {@link #leading}.
     *
     * @param timeout how long a node may be silent
     * @param endStream ends the stream of a node that has become unreachable
     */
    public NodeMonitor(
            Committer committer,
            Contacts contacts,
            Duration timeout,
            Consumer<String> endStream,
            Clock clock,
            Tasks tasks,
            MeterRegistry metrics) {
        this.committer = committer;
        this.contacts = contacts;
        this.timeout = timeout;
        this.endStream = endStream;
        this.clock = clock;
        this.serial = tasks.serial("node-monitor");
        metrics.gauge("hypervisor.nodes.held", held);
        contacts.onSettled(nodeId -> serial.execute(() -> welcome(nodeId)));
        this.passes = tasks.every(timeout.dividedBy(PASSES_PER_TIMEOUT), serial, this::pass);
    }

    /** Begins to decide, with a full timeout of grace for every node, or rests. */
    public void leading(boolean now) {
        leading = now;
        serial.execute(lost::clear);
    }

    private void pass() {
        if (!leading) {
            return;
        }
        Snapshot now = committer.snapshot();
        List<String> silent = new ArrayList<>();
        int reachable = 0;
        for (String nodeId : now.nodes().keySet()) {
            if (status(now, nodeId) == NodeStatus.NODE_STATUS_UNREACHABLE) {
                welcome(nodeId);
                continue;
            }
            reachable++;
            if (contacts.silence(nodeId).compareTo(timeout) > 0) {
                silent.add(nodeId);
            } else if (status(now, nodeId) != NodeStatus.NODE_STATUS_READY) {
                welcome(nodeId);
            }
        }
        lose(now, silent, reachable);
    }

    private void lose(Snapshot now, List<String> silent, int reachable) {
        lost.values().removeIf(at -> clock.nanos() - at > timeout.toNanos());
        long vanishing = silent.stream().filter(id -> !maintained(now, id)).count() + lost.size();
        boolean brake =
                !silent.isEmpty()
                        && reachable + lost.size() >= BRAKE_FROM
                        && vanishing * 2 > reachable + lost.size();
        if (brake) {
            if (held.getAndSet(silent.size()) == 0) {
                log.error(
                        "silent={} reachable={}: too many nodes at once, holding; is this process"
                                + " cut off?",
                        silent.size(),
                        reachable);
            }
            return;
        }
        if (held.getAndSet(0) > 0) {
            log.warn("silent={} reachable={}: holding no more", silent.size(), reachable);
        }
        for (String nodeId : silent) {
            if (!maintained(now, nodeId)) {
                lost.put(nodeId, clock.nanos());
            }
            log.warn("node={}: unreachable, silent for {}", nodeId, contacts.silence(nodeId));
            write(nodeId, NodeStatus.NODE_STATUS_UNREACHABLE);
            endStream.accept(nodeId);
        }
    }

    /** A node that is in touch and has nothing left to tell becomes READY. */
    private void welcome(String nodeId) {
        Snapshot now = committer.snapshot();
        if (leading
                && now.node(nodeId).isPresent()
                && status(now, nodeId) != NodeStatus.NODE_STATUS_READY
                && contacts.settled(nodeId)
                && contacts.silence(nodeId).compareTo(timeout) <= 0) {
            log.info("node={}: ready", nodeId);
            write(nodeId, NodeStatus.NODE_STATUS_READY);
        }
    }

    /** Losing a node in maintenance raises no alarm. */
    private static boolean maintained(Snapshot now, String nodeId) {
        return now.node(nodeId)
                .map(Entry::value)
                .map(NodeRecord::getAdminStatus)
                .filter(NodeStatus.NODE_STATUS_MAINTENANCE::equals)
                .isPresent();
    }

    private static NodeStatus status(Snapshot now, String nodeId) {
        return now.health(nodeId)
                .map(Entry::value)
                .map(NodeHealth::getStatus)
                .orElse(NodeStatus.NODE_STATUS_UNSPECIFIED);
    }

    /** A write that fails is made again by the next pass. */
    private void write(String nodeId, NodeStatus status) {
        try {
            committer.submit(new SetNodeHealth(nodeId, status, clock.timestamp())).join();
        } catch (CompletionException e) {
            log.warn("node={} status={}: not written: {}", nodeId, status, e.getMessage());
        }
    }

    @Override
    public void close() {
        leading = false;
        passes.cancel();
    }
}
