package io.hypervisor.console;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypervisor.api.v1.DrainBlocker;
import io.hypervisor.api.v1.Node;
import io.hypervisor.console.Cli.Result;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class NodeCommandTest {
    @AutoClose private final FakeController controller = new FakeController();
    private final Cli hvctl = new Cli(controller.address());

    @BeforeEach
    void start() {
        controller.addNode(1);
        controller.addNode(2);
    }

    @Test
    void listsAndGets() {
        assertThat(hvctl.run("node", "list"))
                .isEqualTo(
                        new Result(
                                0,
                                """
                                NODE    STATUS  ROLE    CPUS  MEMORY      INSTANCES  SEEN
                                node-1  ready   worker  2/16  1GiB/64GiB  0          3s
                                node-2  ready   worker  2/16  1GiB/64GiB  0          3s
                                """,
                                ""));
        assertThat(hvctl.run("node", "get", "node-1").out())
                .startsWith("NODE       node-1\nSTATUS     ready\n")
                .contains("ADDRESS    10.0.0.1:50052\n", "ZONE       eu-1\n");
        assertThat(hvctl.run("n", "list", "--status", "unreachable", "-o", "name").out()).isEmpty();
    }

    @Test
    void opensAndCloses() {
        assertThat(hvctl.run("node", "cordon", "node-1", "--columns", "node,status").out())
                .isEqualTo("NODE    STATUS\nnode-1  cordoned\n");
        assertThat(
                        hvctl.run("node", "maintenance", "node-1", "node-2", "--columns", "status")
                                .out())
                .isEqualTo("STATUS\nmaintenance\nmaintenance\n");
        assertThat(hvctl.run("node", "uncordon", "node-1", "-o", "json").out())
                .contains("\"status\": \"NODE_STATUS_READY\"");
    }

    @Test
    void drainWaitsUntilTheNodeIsEmpty() {
        holding(3);
        assertThat(hvctl.run("node", "drain", "node-1", "--columns", "status,instances"))
                .isEqualTo(new Result(0, "STATUS    INSTANCES\ndraining  0\n", ""));
        assertThat(hvctl.run("node", "drain", "node-2", "--no-wait", "-o", "name").out())
                .isEqualTo("node-2\n");
    }

    @Test
    void drainNamesWhatHoldsItUp() {
        holding(2, "it may not move");
        assertThat(hvctl.run("node", "drain", "node-1"))
                .isEqualTo(
                        new Result(
                                1,
                                "",
                                """
                                error: 1 instance is left on node-1 and cannot be moved
                                  0198c0de-0000-7000-8000-00000000000b: it may not move
                                try: deleting or stopping them; hvctl node uncordon node-1 to give up. The node stays closed and drains on until then
                                """));
    }

    private void holding(int instances, String... reasons) {
        Node.Builder node = controller.nodes.get(FakeController.id(1)).toBuilder();
        node.setInstanceCount(instances);
        for (String reason : reasons) {
            node.addDrainBlockers(
                    DrainBlocker.newBuilder()
                            .setInstanceId(FakeController.id(11))
                            .setReason(reason));
        }
        controller.nodes.put(node.getId(), node.build());
    }

    @Test
    void fenceNeedsYourWord() {
        assertThat(hvctl.run("node", "fence", "node-1"))
                .isEqualTo(
                        new Result(
                                2,
                                "",
                                """
                                error: fencing node-1 needs your word that it is off
                                try: hvctl node fence node-1 --yes, once it is
                                """));
        assertThat(hvctl.run("node", "fence", "node-1", "--yes").err())
                .isEqualTo("error: node node-1: state: READY (expected: UNREACHABLE)\n");
    }

    @Test
    void deregisters() {
        assertThat(hvctl.run("node", "deregister", "node-2"))
                .isEqualTo(new Result(0, "", "node-2 deregistered\n"));
        assertThat(controller.nodes).hasSize(1);
    }

    @Test
    void waitsForAStatus() {
        assertThat(hvctl.run("node", "wait", "--all", "READY", "-o", "name").out())
                .isEqualTo("node-1\nnode-2\n");
        assertThat(hvctl.run("node", "wait", "node-1", "ready", "--columns", "node,seen").out())
                .isEqualTo("NODE    SEEN\nnode-1  3s\n");
        assertThat(hvctl.run("node", "wait", "node-1", "cordoned", "--timeout", "100ms"))
                .isEqualTo(
                        new Result(
                                4,
                                "",
                                """
                                error: not all nodes are cordoned after 0s
                                  node-1: ready
                                try: hvctl node list
                                """));
        assertThat(hvctl.run("node", "wait", "ready").code()).isEqualTo(2);
    }

    @Test
    void showsTheCluster() {
        assertThat(hvctl.run("cluster", "info"))
                .isEqualTo(
                        new Result(
                                0,
                                """
                                CLUSTER    lab
                                ID         0198c0de-0000-7000-8000-000000000063
                                VERSION    1.2.3
                                LEADER     10.0.0.1:50051
                                NODES      2, 2 ready
                                INSTANCES  0, 0 running
                                CPUS       4 of 32 taken, 16 in the machines
                                MEMORY     2GiB of 128GiB taken, 128GiB in the machines
                                DISK       0B of 0B taken, 0B in the machines
                                GPUS       0 of 0 taken, 0 in the machines
                                """,
                                ""));
        assertThat(hvctl.run("cluster", "info", "-o", "yaml").out()).startsWith("clusterId: ");
    }
}
