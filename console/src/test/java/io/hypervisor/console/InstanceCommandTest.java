package io.hypervisor.console;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypervisor.api.v1.CreateInstanceRequest;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.ListInstancesResponse;
import io.hypervisor.api.v1.RestartPolicy;
import io.hypervisor.api.v1.UpdateInstanceRequest;
import io.hypervisor.console.Cli.Result;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Map;

class InstanceCommandTest {
    @AutoClose private final FakeController controller = new FakeController();
    private final Cli hvctl = new Cli(controller.address());

    @BeforeEach
    void start() {
        controller.addNode(1);
        controller.addInstance(11, "web", InstanceState.INSTANCE_STATE_RUNNING);
        controller.addInstance(12, "db", InstanceState.INSTANCE_STATE_STOPPED);
    }

    @Test
    void listsAsATable() {
        assertThat(hvctl.run("instance", "list"))
                .isEqualTo(
                        new Result(
                                0,
                                """
                                NAME  TYPE  STATE    NODE    CPUS  MEMORY  AGE
                                web   vm    running  node-1  2     512MiB  2h
                                db    vm    stopped  node-1  2     512MiB  2h
                                """,
                                ""));
    }

    @Test
    void listsChosenColumnsWithoutHeaderAndByAlias() {
        assertThat(hvctl.run("vm", "list", "--columns", "state,ID,name", "--no-header").out())
                .isEqualTo(
                        """
                        running  0198c0de-0000-7000-8000-00000000000b  web
                        stopped  0198c0de-0000-7000-8000-00000000000c  db
                        """);
        assertThat(hvctl.run("i", "list", "--columns", "stat"))
                .extracting(Result::code, Result::out)
                .containsExactly(2, "");
    }

    @Test
    void filtersAndLimits() {
        assertThat(hvctl.run("instance", "list", "--state", "STOPPED", "-o", "name").out())
                .isEqualTo("db\n");
        assertThat(hvctl.run("instance", "list", "--limit", "1", "-o", "name").out())
                .isEqualTo("web\n");
        assertThat(hvctl.run("instance", "list", "--state", "asleep").err())
                .startsWith("error: Invalid value for option '--state': 'asleep' is none of them")
                .endsWith("try: hvctl instance list --help\n");
    }

    @Test
    void joinsAllPagesIntoOneResponse() throws Exception {
        for (int n = 100; n < 350; n++) {
            controller.addInstance(n, "vm-" + n, InstanceState.INSTANCE_STATE_RUNNING);
        }
        ListInstancesResponse.Builder all = ListInstancesResponse.newBuilder();
        Yaml.merge(hvctl.run("instance", "list", "-o", "json").out(), "stdout", all);
        assertThat(all.getInstancesList())
                .hasSize(252)
                .isEqualTo(List.copyOf(controller.instances.values()));
        assertThat(all.getTotalCount()).isEqualTo(252);
        assertThat(all.getNextPageToken()).isEmpty();

        all.clear();
        Yaml.merge(
                hvctl.run("instance", "list", "-o", "yaml", "--limit", "130").out(), "stdout", all);
        assertThat(all.getInstancesList()).hasSize(130);
        assertThat(all.getNextPageToken()).isEqualTo("130");
    }

    @Test
    void getsByNameIdAndPrefix() {
        String details =
                """
                NAME      web
                TYPE      vm
                STATE     running
                NODE      node-1
                CPUS      2
                MEMORY    512MiB
                AGE       2h
                ID        0198c0de-0000-7000-8000-00000000000b
                IMAGE     debian
                RESTARTS  0
                """;
        for (String named :
                List.of("web", FakeController.id(11), "0198c0de-0000-7000-8000-00000000000b")) {
            assertThat(hvctl.run("instance", "get", named)).isEqualTo(new Result(0, details, ""));
        }
        controller.addInstance(0x1234, "other", InstanceState.INSTANCE_STATE_RUNNING);
        assertThat(hvctl.run("instance", "get", "0198c0de-0000-7000-8000-000000001", "-o", "name"))
                .isEqualTo(new Result(0, "other\n", ""));
    }

    @Test
    void saysWhatWasMeant() {
        assertThat(hvctl.run("instance", "get", "wep"))
                .isEqualTo(
                        new Result(
                                1, "", "error: instance not found: wep\ntry: did you mean web?\n"));
        assertThat(hvctl.run("instance", "get", "0198c0de"))
                .isEqualTo(
                        new Result(
                                1,
                                "",
                                """
                                error: 2 instances are called 0198c0de or begin with it
                                  0198c0de-0000-7000-8000-00000000000b  web
                                  0198c0de-0000-7000-8000-00000000000c  db
                                try: more of the id
                                """));
        assertThat(hvctl.run("instance", "lsit"))
                .isEqualTo(
                        new Result(
                                2,
                                "",
                                """
                                error: Unmatched argument at index 1: 'lsit'
                                try: did you mean list? hvctl instance --help
                                """));
    }

    @Test
    void createWaitsUntilItRuns() {
        controller.ahead.addAll(
                List.of(
                        InstanceState.INSTANCE_STATE_CREATING,
                        InstanceState.INSTANCE_STATE_RUNNING));
        assertThat(
                        hvctl.run(
                                "instance",
                                "create",
                                "web2",
                                "--type",
                                "vm",
                                "--image",
                                "debian",
                                "--cpus",
                                "2",
                                "--memory",
                                "1GiB"))
                .isEqualTo(
                        new Result(
                                0,
                                """
                                NAME  TYPE  STATE    NODE    CPUS  MEMORY  AGE
                                web2  vm    running  node-1  2     1GiB    2h
                                """,
                                "console: hvctl instance console web2\n"));
        assertThat(controller.created).containsKey("request-1");
    }

    @Test
    void createShowsProgressOnATerminal() {
        hvctl.progress = true;
        controller.ahead.addAll(
                List.of(
                        InstanceState.INSTANCE_STATE_CREATING,
                        InstanceState.INSTANCE_STATE_RUNNING));
        assertThat(hvctl.run("instance", "create", "web2", "-t", "vm", "-i", "debian").err())
                .contains("\rweb2: pending", "\rweb2: creating", "\rweb2: running");
    }

    @Test
    void updateNamesWhatIsGivenAndSaysWhatWaits() {
        Result result =
                hvctl.run(
                        "instance",
                        "update",
                        "web",
                        "--cpus",
                        "4",
                        "--memory",
                        "8GiB",
                        "--memory-limit",
                        "4GiB",
                        "--pids-limit",
                        "7",
                        "--env",
                        "A=1",
                        "--remove-env",
                        "B",
                        "--label",
                        "tier=web",
                        "--restart-policy",
                        "never");
        assertThat(result.code()).isZero();
        assertThat(result.err())
                .isEqualTo(
                        "takes effect at its next start: spec.memory_bytes; hvctl instance restart"
                                + " web\n");
        UpdateInstanceRequest sent = controller.updated.getFirst();
        assertThat(sent.getUpdateMask().getPathsList())
                .containsExactlyInAnyOrder(
                        "spec.cpu_cores",
                        "spec.memory_bytes",
                        "spec.restart_policy",
                        "spec.limits",
                        "spec.env",
                        "metadata.labels");
        assertThat(sent.getSpec().getEnvMap()).isEqualTo(Map.of("A", "1"));
        assertThat(sent.getSpec().getLimits().getPidsLimit()).isEqualTo(7);
        assertThat(sent.getSpec().getLimits().getMemoryLimit()).isEqualTo(4L << 30);
        assertThat(sent.getMetadata().getLabelsMap()).containsEntry("tier", "web");
        assertThat(sent.getExpectedRevision()).isPositive();
        assertThat(hvctl.run("instance", "update", "web").code()).isEqualTo(2);
        assertThat(hvctl.run("instance", "update", "web", "--disk", "none=1GiB").code())
                .isEqualTo(2);
    }

    @Test
    void createTakesEveryFlag() {
        Result result =
                hvctl.run(
                        "instance",
                        "create",
                        "c",
                        "--type",
                        "container",
                        "--image",
                        "busybox",
                        "--env",
                        "A=1",
                        "--env",
                        "B=x=y",
                        "--label",
                        "app=c",
                        "--annotation",
                        "n=t",
                        "--node",
                        "node-1",
                        "--region",
                        "eu",
                        "--zone",
                        "eu-1",
                        "--tty",
                        "--restart-policy",
                        "always",
                        "--queue",
                        "--request-id",
                        "mine",
                        "--no-wait",
                        "-o",
                        "name",
                        "--",
                        "sh",
                        "-c",
                        "echo hello");
        assertThat(result).isEqualTo(new Result(0, "c\n", ""));
        CreateInstanceRequest.Builder expected =
                CreateInstanceRequest.newBuilder()
                        .setName("c")
                        .setType(InstanceType.INSTANCE_TYPE_CONTAINER)
                        .setPreferredNodeId(FakeController.id(1))
                        .setRegion("eu")
                        .setZone("eu-1")
                        .setQueue(true)
                        .setRequestId("mine");
        expected.getMetadataBuilder().putLabels("app", "c").putAnnotations("n", "t");
        expected.getSpecBuilder()
                .setImage("busybox")
                .putEnv("A", "1")
                .putEnv("B", "x=y")
                .addCommand("sh")
                .addArgs("-c")
                .addArgs("echo hello")
                .setTty(true)
                .setRestartPolicy(RestartPolicy.RESTART_POLICY_ALWAYS);
        assertThat(controller.created.get("mine")).isEqualTo(expected.build());
    }

    @Test
    void createTakesAFileThatFlagsChange() {
        hvctl.typing(
                """
                name: web3
                type: INSTANCE_TYPE_VM
                spec:
                  kernel: vmlinuz
                  cpuCores: 1
                  memory_bytes: 268435456
                """);
        Result result =
                hvctl.run(
                        "instance",
                        "create",
                        "-f",
                        "-",
                        "--cpus",
                        "4",
                        "--disk",
                        "root=10GiB,boot",
                        "--disk",
                        "data=512MiB,type=local",
                        "--initrd",
                        "initrd",
                        "--kernel-args",
                        "console=ttyS0",
                        "--no-wait",
                        "-o",
                        "name");
        assertThat(result).isEqualTo(new Result(0, "web3\n", ""));
        CreateInstanceRequest sent = controller.created.get("request-1");
        assertThat(sent.getSpec().getCpuCores()).isEqualTo(4);
        assertThat(sent.getSpec().getMemoryBytes()).isEqualTo(256L << 20);
        assertThat(sent.getSpec().getKernelArgs()).isEqualTo("console=ttyS0");
        assertThat(sent.getSpec().getDisksList())
                .extracting(d -> d.getName() + " " + d.getSizeBytes() + " " + d.getBoot())
                .containsExactly("root 10737418240 true", "data 536870912 false");
    }

    @Test
    void wrongInputIsUsage() {
        assertThat(hvctl.run("instance", "create", "x", "--image", "i").err())
                .isEqualTo(
                        "error: x has no type\ntry: --type vm, --type container, --type microvm\n");
        assertThat(hvctl.run("instance", "create", "x", "-t", "vm", "--memory", "lots"))
                .extracting(Result::code, Result::err)
                .containsExactly(
                        2,
                        "error: Invalid value for option '--memory': 'lots' is no size"
                                + " (expected: bytes, or a number with KiB, MiB, GiB, TiB)\n"
                                + "try: hvctl instance create --help\n");
        hvctl.typing("nmae: x");
        assertThat(hvctl.run("instance", "create", "-f", "-").err())
                .startsWith("error: stdin is no CreateInstanceRequest: ")
                .contains("nmae");
    }

    @Test
    void errorsNameTheFieldAndWhatIsExpected() {
        assertThat(hvctl.run("instance", "create", "x", "-t", "vm", "--cpus", "1000"))
                .isEqualTo(
                        new Result(
                                1,
                                "",
                                "error: spec.cpu_cores: value: 1000 (expected: 1 to 512)\n"));
        assertThat(hvctl.run("instance", "stop", "db").err())
                .isEqualTo("error: instance db: state: STOPPED (expected: RUNNING)\n");
    }

    @Test
    void withoutRoomTheExitCodeIs3() {
        assertThat(hvctl.run("instance", "create", "x", "-t", "vm", "--cpus", "100"))
                .isEqualTo(
                        new Result(
                                3,
                                "",
                                """
                                error: no node has room
                                  cpu: turned away 2 nodes
                                try: --queue to wait for room, or hvctl instance plan with the same options to see every node
                                """));
        assertThat(hvctl.run("instance", "plan", "x", "-t", "vm", "--cpus", "100"))
                .isEqualTo(
                        new Result(
                                3,
                                """
                                FILTER  NODES  EXAMPLE
                                cpu     1      node-2: needs 2 cores, 0 of 16 free
                                """,
                                "error: no node has room for x\n"));
    }

    @Test
    void planShowsScoresAndRejections() {
        assertThat(hvctl.run("instance", "plan", "x", "-t", "vm", "--cpus", "2"))
                .isEqualTo(
                        new Result(
                                0,
                                """
                                NODE    SCORE  WOULD RESERVE
                                node-1  87.5   2 cpus, 640MiB memory, 0B disk

                                FILTER  NODES  EXAMPLE
                                cpu     1      node-2: needs 2 cores, 0 of 16 free
                                """,
                                ""));
        assertThat(hvctl.run("instance", "plan", "x", "-t", "vm", "-o", "json").out())
                .contains("\"nodeId\": \"" + FakeController.id(1) + "\"");
    }

    @Test
    void timeIsUpWithExitCode4() {
        assertThat(
                        hvctl.run(
                                "instance",
                                "create",
                                "x",
                                "-t",
                                "vm",
                                "-i",
                                "i",
                                "--timeout",
                                "100ms"))
                .isEqualTo(
                        new Result(
                                4,
                                "",
                                """
                                error: x is pending, not running, after 0s
                                try: hvctl instance wait x running to wait on
                                """));
    }

    @Test
    void aFailureIsToldWithWhereToLook() {
        controller.ahead.add(InstanceState.INSTANCE_STATE_FAILED);
        assertThat(hvctl.run("instance", "create", "x", "-t", "vm", "-i", "i"))
                .isEqualTo(new Result(1, "", "error: x failed: \ntry: hvctl instance logs x\n"));
    }

    @Test
    void startStopAndRestartWait() {
        controller.ahead.add(InstanceState.INSTANCE_STATE_RUNNING);
        assertThat(hvctl.run("instance", "start", "db", "--columns", "name,state").out())
                .isEqualTo("NAME  STATE\ndb    running\n");
        controller.ahead.add(InstanceState.INSTANCE_STATE_STOPPED);
        assertThat(hvctl.run("instance", "stop", "web", "--columns", "name,state").out())
                .isEqualTo("NAME  STATE\nweb   stopped\n");
        controller.ahead.addAll(
                List.of(
                        InstanceState.INSTANCE_STATE_STARTING,
                        InstanceState.INSTANCE_STATE_RUNNING));
        assertThat(hvctl.run("instance", "restart", "db", "--columns", "name,state").out())
                .isEqualTo("NAME  STATE\ndb    running\n");
        assertThat(hvctl.run("instance", "stop", "db", "--no-wait", "-o", "name").out())
                .isEqualTo("db\n");
    }

    @Test
    void deleteWaitsUntilItIsGone() {
        assertThat(hvctl.run("instance", "delete", "web"))
                .isEqualTo(new Result(0, "", "web deleted\n"));
        assertThat(controller.instances).hasSize(1);
        assertThat(hvctl.run("instance", "wait", "web", "deleted"))
                .isEqualTo(new Result(0, "", "there is no web\n"));
    }

    @Test
    void deletingSeveralNeedsYes() {
        assertThat(hvctl.run("instance", "delete", "web", "db"))
                .isEqualTo(
                        new Result(
                                2,
                                "",
                                """
                                error: deleting 2 instances needs --yes
                                try: the same with --yes
                                """));
        assertThat(hvctl.run("instance", "delete", "web", "db", "x", "--yes", "--ignore-missing"))
                .isEqualTo(new Result(0, "", "web deleted\ndb deleted\n"));
    }

    @Test
    void waitReadsTheWatchThroughALostConnection() {
        controller.breaks = 1;
        controller.ahead.add(InstanceState.INSTANCE_STATE_RUNNING);
        assertThat(hvctl.run("instance", "wait", "db", "running", "--timeout", "30s", "-o", "name"))
                .isEqualTo(new Result(0, "db\n", ""));
        assertThat(hvctl.run("instance", "wait", "db", "stopped", "--timeout", "50ms").code())
                .isEqualTo(4);
    }

    @Test
    void watchShowsEveryChange() {
        controller.ahead.add(InstanceState.INSTANCE_STATE_DELETING);
        assertThat(hvctl.run("instance", "watch", "web").out())
                .isEqualTo(
                        """
                        NAME                      EVENT     STATE       NODE                  AT                        REASON
                        web                       added     running     node-1                2026-01-02T10:00:00Z      -
                        web                       modified  deleting    node-1                2026-01-02T10:00:00Z      -
                        web                       deleted   deleting    node-1                2026-01-02T10:00:00Z      -
                        """);
    }

    @Test
    void watchAsJsonIsOneEventALine() {
        controller.ahead.add(InstanceState.INSTANCE_STATE_DELETING);
        assertThat(hvctl.run("instance", "watch", "web", "-o", "json").out().lines())
                .hasSize(3)
                .allSatisfy(line -> assertThat(line).startsWith("{\"type\":\"EVENT_TYPE_"));
    }

    @Test
    void logsAndStats() {
        assertThat(hvctl.run("instance", "logs", "web", "--tail-bytes", "1KiB"))
                .isEqualTo(new Result(0, "hello\nguest ready\n", ""));
        assertThat(
                        hvctl.run("instance", "logs", "web", "--follow", "--until", "guest ready")
                                .code())
                .isZero();
        assertThat(hvctl.run("instance", "logs", "web", "-f", "--until", "x", "--timeout", "50ms"))
                .extracting(Result::code, Result::err)
                .containsExactly(
                        4, "error: 'x' was not written within 0s\ntry: a longer --timeout\n");
        assertThat(hvctl.run("instance", "stats", "web").out())
                .isEqualTo(
                        """
                        NAME  CPU    CPU-TIME  MEMORY  CACHE  READ  WRITTEN  RECEIVED  SENT
                        web   12.5%  1m        300MiB  0B     0B    0B       0B        0B
                        """);
    }

    @Test
    void coloursOnlyOnATerminal() {
        hvctl.onTerminal = true;
        assertThat(hvctl.run("instance", "list", "--columns", "state", "--no-header").out())
                .isEqualTo("\u001b[32mrunning\u001b[0m\n\u001b[33mstopped\u001b[0m\n");
    }
}
