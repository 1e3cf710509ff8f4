package io.hypervisor.cluster.input;

import static io.hypervisor.cluster.input.CommonRows.mask;

import io.grpc.Status.Code;
import io.hypervisor.api.v1.CpuTopology;
import io.hypervisor.api.v1.DiskSpec;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.RestartPolicy;
import io.hypervisor.api.v1.UpdateInstanceRequest;
import io.hypervisor.cluster.input.Row.Call;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** UpdateInstance of a container that runs, wrong field by field. */
final class UpdateRows {
    private static final Set<String> WRITTEN =
            Set.of(
                    "cpu_cores",
                    "max_cpu_cores",
                    "cpu_topology",
                    "memory_bytes",
                    "limits",
                    "disks",
                    "restart_policy",
                    "command",
                    "args",
                    "env",
                    "user",
                    "working_dir");

    static final Call UPDATE =
            Call.of(
                    "ComputeService",
                    UpdateInstanceRequest.newBuilder()
                            .setInstanceId("{running}")
                            .setSpec(
                                    InstanceSpec.newBuilder()
                                            .setRestartPolicy(
                                                    RestartPolicy.RESTART_POLICY_ON_FAILURE))
                            .setUpdateMask(mask("spec.restart_policy"))
                            .build(),
                    "UpdateInstance");

    private UpdateRows() {}

    /** Fields for which no value is wrong. */
    static Map<String, String> neverWrong() {
        return CommonRows.notRead(
                "UpdateInstanceRequest.spec", InstanceSpec.getDescriptor(), WRITTEN);
    }

    private static Call naming(String path) {
        return UPDATE.with("update_mask", mask(path));
    }

    static Stream<Row> all() {
        return Stream.of(
                        masks(), sizes(), limits(), process(), machine(), metadata(), asThingsAre())
                .flatMap(rows -> rows);
    }

    private static Stream<Row> masks() {
        return Stream.concat(
                Stream.of(UPDATE.bad("update_mask", Patch.ABSENT, "one or more of")),
                Stream.of("spec", "metadata", "spec.image", "name", "*", "nothing")
                        .map(path -> UPDATE.bad("update_mask", mask(path), "one or more of")));
    }

    private static Stream<Row> sizes() {
        return Stream.of(
                        naming("spec.cpu_cores")
                                .each("spec.cpu_cores", List.of(-1, 513), "0 and 512"),
                        naming("spec.memory_bytes")
                                .each("spec.memory_bytes", List.of(-1, 1), "between 4194304"),
                        naming("spec.restart_policy")
                                .each("spec.restart_policy", List.of(4, -1), "of the enum"))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> limits() {
        Call limits = naming("spec.limits");
        String at = "spec.limits.";
        return Stream.of(
                limits.bad(at + "cpu_quota", 999, "0 or >= 1000"),
                limits.bad(at + "cpu_period", 999, "between 1000"),
                limits.bad(at + "memory_limit", 65L << 20, "between 0 and memory_bytes"),
                limits.bad(at + "memory_swap", 1, "at least"),
                limits.bad(at + "pids_limit", -1, "between 0"),
                limits.bad(at + "io_read_bps", -1, ">= 0"),
                limits.bad(at + "io_write_bps", -1, ">= 0"));
    }

    private static Stream<Row> process() {
        Call command = naming("spec.command");
        Call args = naming("spec.args");
        Call env = naming("spec.env");
        return Stream.of(
                command.bad("spec.command", List.of("a\u0000"), "without NUL")
                        .at("spec.command[0]"),
                args.bad("spec.args", List.of("x".repeat(64 * 1024 + 1)), "65536 in all"),
                env.bad("spec.env", Map.of("1A", "v"), "[A-Za-z_]"),
                env.bad("spec.env[A]", "b\u0000", "without NUL"),
                env.bad("spec.env", Values.entries(257), "at most 256"),
                naming("spec.user").bad("spec.user", "a b", "USER or USER:GROUP"),
                naming("spec.working_dir").bad("spec.working_dir", "srv", "an absolute path"));
    }

    private static Stream<Row> machine() {
        String only = "VMs only";
        Call disks =
                naming("spec.disks")
                        .with(
                                "spec.disks",
                                List.of(
                                        DiskSpec.newBuilder()
                                                .setName("data")
                                                .setSizeBytes(1 << 20)
                                                .build()));
        Call topology =
                naming("spec.cpu_topology")
                        .with("spec.cpu_topology", CpuTopology.getDefaultInstance());
        return Stream.of(
                naming("spec.max_cpu_cores").bad("spec.max_cpu_cores", 2, only),
                topology.bad("spec.cpu_topology.sockets", 1, only).at("spec.cpu_topology"),
                topology.bad("spec.cpu_topology.cores", 1, only).at("spec.cpu_topology"),
                topology.bad("spec.cpu_topology.threads", 1, only).at("spec.cpu_topology"),
                disks.bad("spec.disks[0].name", "other", only).at("spec.disks"),
                disks.bad("spec.disks[0].size_bytes", 1, only).at("spec.disks"),
                disks.bad("spec.disks[0].type", "local", only).at("spec.disks"),
                disks.bad("spec.disks[0].boot", true, only).at("spec.disks"));
    }

    private static Stream<Row> metadata() {
        return Stream.of(
                        Values.labels(naming("metadata.labels"), "metadata.labels"),
                        Values.annotations(naming("metadata.annotations"), "metadata.annotations"),
                        ComputeRows.firstBoot(
                                naming("metadata.annotations"), "metadata.annotations"))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> asThingsAre() {
        return Stream.of(
                naming("spec.memory_bytes")
                        .refused(
                                "spec.memory_bytes",
                                16L << 40,
                                Code.RESOURCE_EXHAUSTED,
                                "NO_ROOM",
                                "has no room"),
                naming("metadata.annotations")
                        .refused(
                                "metadata.annotations[cloud-init/user-data]",
                                "x",
                                Code.FAILED_PRECONDITION,
                                "FIXED_FIELD",
                                "first boot"));
    }
}
