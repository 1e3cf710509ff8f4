package io.hypervisor.controller.reconcile;

import static io.hypervisor.controller.testkit.Records.node;
import static io.hypervisor.controller.testkit.Records.put;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.controller.feed.Contacts;
import io.hypervisor.controller.feed.Touch;
import io.hypervisor.controller.testkit.ManualClock;
import io.hypervisor.controller.testkit.ManualTasks;
import io.hypervisor.controller.testkit.MemoryCommitter;
import io.hypervisor.controller.testkit.Records;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

class NodeMonitorTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(15);
    private static final Duration PASS = TIMEOUT.dividedBy(10);

    private final ManualClock clock = new ManualClock();
    private final ManualTasks tasks = new ManualTasks(clock);
    private final MemoryCommitter committer = new MemoryCommitter();
    private final Contacts contacts = new Contacts(clock);
    private final Touch touch = new Touch(contacts);
    private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
    private final List<String> ended = new ArrayList<>();
    private final NodeMonitor monitor =
            new NodeMonitor(committer, contacts, TIMEOUT, ended::add, clock, tasks, metrics);

    @BeforeEach
    void start() {
        committer.commit(Records.cluster());
        monitor.leading(true);
    }

    private void add(String... nodeIds) {
        for (String id : nodeIds) {
            committer.commit(put(node(id)), Records.health(id, NodeStatus.NODE_STATUS_READY));
            touch.open(id);
            touch.settle(id);
        }
    }

    /** Lets time pass while these nodes send heartbeats. */
    private void pass(Duration time, String... alive) {
        for (Duration left = time; left.isPositive(); left = left.minus(PASS)) {
            for (String id : alive) {
                touch.heard(id);
            }
            tasks.advance(PASS);
        }
    }

    private NodeStatus status(String nodeId) {
        return committer.snapshot().health(nodeId).orElseThrow().value().getStatus();
    }

    @Test
    void aSilentNodeBecomesUnreachableAfterTheTimeout() {
        add("n1", "n2", "n3");
        pass(TIMEOUT, "n1", "n2");
        assertThat(status("n3")).isEqualTo(NodeStatus.NODE_STATUS_READY);
        pass(PASS.multipliedBy(2), "n1", "n2");

        assertThat(status("n3")).isEqualTo(NodeStatus.NODE_STATUS_UNREACHABLE);
        assertThat(status("n1")).isEqualTo(NodeStatus.NODE_STATUS_READY);
        assertThat(ended).containsExactly("n3");
    }

    @Test
    void aReturningNodeIsReadyOnlyWhenItHasToldEverything() {
        add("n1");
        pass(TIMEOUT.multipliedBy(2));
        assertThat(status("n1")).isEqualTo(NodeStatus.NODE_STATUS_UNREACHABLE);

        touch.open("n1");
        pass(PASS.multipliedBy(3), "n1");
        assertThat(status("n1")).isNotEqualTo(NodeStatus.NODE_STATUS_READY);
        touch.settle("n1");
        tasks.run();
        assertThat(status("n1")).isEqualTo(NodeStatus.NODE_STATUS_READY);
    }

    @Test
    void losingMostNodesAtOnceIsHeldAndLookedAtAgain() {
        add("n1", "n2", "n3", "n4");
        pass(TIMEOUT.multipliedBy(4), "n1");

        assertThat(status("n2")).isEqualTo(NodeStatus.NODE_STATUS_READY);
        assertThat(metrics.get("hypervisor.nodes.held").gauge().value()).isEqualTo(3);

        pass(PASS.multipliedBy(2), "n1", "n2", "n3");
        assertThat(metrics.get("hypervisor.nodes.held").gauge().value()).isZero();
        assertThat(status("n4")).isEqualTo(NodeStatus.NODE_STATUS_UNREACHABLE);
        assertThat(status("n2")).isEqualTo(NodeStatus.NODE_STATUS_READY);
    }

    @Test
    void losingMostNodesOneByOneWithinATimeoutIsHeldToo() {
        add("n1", "n2", "n3", "n4");
        pass(Duration.ofSeconds(6), "n1", "n2", "n4");
        pass(Duration.ofSeconds(6), "n1", "n2");
        pass(TIMEOUT, "n1");

        assertThat(status("n3")).isEqualTo(NodeStatus.NODE_STATUS_UNREACHABLE);
        assertThat(status("n4")).isEqualTo(NodeStatus.NODE_STATUS_UNREACHABLE);
        assertThat(status("n2")).isEqualTo(NodeStatus.NODE_STATUS_READY);
        assertThat(metrics.get("hypervisor.nodes.held").gauge().value()).isEqualTo(1);
    }

    @Test
    void ofTwoNodesBothMayBeLost() {
        add("n1", "n2");
        pass(TIMEOUT.multipliedBy(2));

        assertThat(status("n1")).isEqualTo(NodeStatus.NODE_STATUS_UNREACHABLE);
        assertThat(status("n2")).isEqualTo(NodeStatus.NODE_STATUS_UNREACHABLE);
    }

    @Test
    void aNewLeaderGivesEveryNodeAFullTimeout() {
        add("n1");
        monitor.leading(false);
        pass(TIMEOUT.multipliedBy(10));
        assertThat(status("n1")).isEqualTo(NodeStatus.NODE_STATUS_READY);

        contacts.begin();
        monitor.leading(true);
        pass(TIMEOUT);
        assertThat(status("n1")).isEqualTo(NodeStatus.NODE_STATUS_READY);
        pass(PASS.multipliedBy(2));
        assertThat(status("n1")).isEqualTo(NodeStatus.NODE_STATUS_UNREACHABLE);
    }
}
