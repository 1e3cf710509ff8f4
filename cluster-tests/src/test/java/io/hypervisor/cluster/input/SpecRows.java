package io.hypervisor.cluster.input;

import static io.hypervisor.cluster.input.Values.IDS;
import static io.hypervisor.cluster.input.Values.NAMES;
import static io.hypervisor.cluster.input.Values.UNKNOWN;
import static io.hypervisor.cluster.input.Values.UUID_EXPECTED;
import static io.hypervisor.cluster.input.Values.times;
import static io.hypervisor.cluster.input.Values.withoutEmpty;

import io.hypervisor.api.v1.CpuTopology;
import io.hypervisor.api.v1.DiskSpec;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.VolumeMount;
import io.hypervisor.cluster.input.Row.Call;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** InstanceSpec, wrong field by field, in whatever request holds it as "spec". */
final class SpecRows {
    static final InstanceSpec VM =
            InstanceSpec.newBuilder().setImage("run").setMemoryBytes(64 << 20).build();
    static final InstanceSpec CONTAINER =
            InstanceSpec.newBuilder().setImage("run").setMemoryBytes(64 << 20).build();

    private static final long MIB = 1L << 20;
    private static final long TIB = 1L << 40;
    private static final DiskSpec DISK =
            DiskSpec.newBuilder().setName("data").setSizeBytes(MIB).build();
    private static final DiskSpec BOOT = DISK.toBuilder().setName("root").setBoot(true).build();
    private static final VolumeMount MOUNT =
            VolumeMount.newBuilder().setName("data").setMountPath("/data").build();
    private static final List<String> NO_FILES =
            List.of(
                    "a/b",
                    "../etc/shadow",
                    "/images/../etc/shadow",
                    "/images//a",
                    "/images/./a",
                    "/images/a/",
                    "/images/a\n",
                    "/images/a\u0000.qcow2",
                    "/images/a\u0085",
                    "/images/\ufffe",
                    "/" + "a".repeat(1024),
                    "-rf",
                    "<disk/>",
                    "a;reboot",
                    "$(reboot)",
                    "file:///etc/passwd",
                    "json:{\"driver\":\"nbd\"}",
                    "nbd:localhost:1");

    private SpecRows() {}

    static Stream<Row> all(Call vm, Call container) {
        return Stream.of(
                        both(vm),
                        both(container),
                        images(vm, container),
                        disks(vm),
                        directBoot(vm, container),
                        process(vm, container),
                        account(vm, container),
                        machine(vm, container),
                        limits(vm, container))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> both(Call call) {
        String at = "spec.network.";
        return Stream.of(
                        call.each(
                                "spec.cpu_cores", List.of(-1, 513, Integer.MAX_VALUE), "0 and 512"),
                        call.each("spec.restart_policy", List.of(4, -1), "a value of the enum"),
                        call.each(at + "network_id", withoutEmpty(IDS), UUID_EXPECTED),
                        call.each(at + "subnet_id", withoutEmpty(IDS), UUID_EXPECTED),
                        call.each(at + "security_groups[0]", IDS, UUID_EXPECTED),
                        Stream.of(
                                call.bad("spec", Patch.ABSENT, "made of"),
                                call.bad(at + "security_groups", times(17, UNKNOWN), "at most 16"),
                                call.bad(
                                                at + "security_groups",
                                                List.of(UNKNOWN, UNKNOWN),
                                                "each group at most once")
                                        .at(at + "security_groups[1]")))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> images(Call vm, Call container) {
        return Stream.of(
                        vm.each("spec.image", NO_FILES, "an image name of letters"),
                        vm.each("spec.image", List.of(""), "an image name of letters"),
                        vm.each(
                                "spec.memory_bytes",
                                List.of(
                                        -1,
                                        1,
                                        16 * MIB - 1,
                                        16 * TIB + 1,
                                        Long.MAX_VALUE,
                                        Long.MIN_VALUE),
                                "between 16777216"),
                        container.each(
                                "spec.memory_bytes",
                                List.of(-1, 4 * MIB - 1, 16 * TIB + 1, Long.MAX_VALUE),
                                "between 4194304"),
                        container.each(
                                "spec.image",
                                List.of(
                                        "",
                                        "Busybox",
                                        "busybox:",
                                        "busybox:a b",
                                        "busybox@sha256:abc",
                                        "a//b",
                                        "../b",
                                        "/b",
                                        "a".repeat(256),
                                        "a/".repeat(512) + "b",
                                        "busybox\n",
                                        "busybox\u0000",
                                        "bu\u0455ybox",
                                        "busybox;id",
                                        "$(id)",
                                        "https://host/busybox",
                                        "host:99999999/busybox"),
                                "an image reference"))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> disks(Call vm) {
        Call one = vm.with("spec.disks", List.of(DISK));
        List<DiskSpec> many =
                IntStream.range(0, 17)
                        .mapToObj(i -> DISK.toBuilder().setName("d" + i).build())
                        .toList();
        String size = "between 1048576 and 70368744177664";
        return Stream.of(
                        one.each("spec.disks[0].name", NAMES, "1-63 lower-case"),
                        one.each(
                                "spec.disks[0].size_bytes",
                                List.of(0, -1, MIB - 1, 64 * TIB + 1, Long.MAX_VALUE),
                                size),
                        one.each(
                                "spec.disks[0].type",
                                List.of("nfs", "LOCAL", "local\n", "../local", "\u0000"),
                                "\"\" or \"local\""),
                        Stream.of(
                                vm.bad("spec.disks", many, "at most 16"),
                                vm.bad("spec.disks", List.of(DISK, DISK), "unique")
                                        .at("spec.disks[1].name"),
                                vm.bad(
                                        "spec.disks",
                                        List.of(BOOT, BOOT.toBuilder().setName("b").build()),
                                        "at most one"),
                                vm.with("spec.disks", List.of(BOOT))
                                        .bad("spec.disks[0].size_bytes", -1, size),
                                vm.with("spec.kernel", "vmlinuz")
                                        .with("spec.image", "")
                                        .with("spec.disks", List.of(DISK))
                                        .bad("spec.disks[0].boot", true, "false without an image")))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> directBoot(Call vm, Call container) {
        Call direct = vm.with("spec.kernel", "vmlinuz");
        String only = "empty: VMs only";
        return Stream.of(
                        vm.each("spec.kernel", NO_FILES, "an image name of letters"),
                        direct.each("spec.initrd", NO_FILES, "an image name of letters"),
                        direct.each(
                                "spec.kernel_args",
                                List.of("a\nb", "a\u0000", "\u00e9", "\t", "x".repeat(2049)),
                                "at most 2048 printable ASCII"),
                        Stream.of(
                                vm.bad("spec.initrd", "initrd", "empty without a kernel"),
                                vm.bad("spec.kernel_args", "quiet", "empty without a kernel"),
                                container.bad("spec.kernel", "vmlinuz", only),
                                container.bad("spec.initrd", "initrd", only),
                                container.bad("spec.kernel_args", "quiet", only),
                                container.bad("spec.disks", List.of(DISK), "none: VMs only")))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> process(Call vm, Call container) {
        Call mounted = container.with("spec.volume_mounts", List.of(MOUNT));
        String only = "containers only";
        List<VolumeMount> many =
                IntStream.range(0, 33)
                        .mapToObj(i -> MOUNT.toBuilder().setMountPath("/v" + i).build())
                        .toList();
        return Stream.of(
                        Stream.of("spec.command", "spec.args")
                                .flatMap(list -> arguments(vm, container, list)),
                        mounted.each("spec.volume_mounts[0].name", NAMES, "1-63 lower-case"),
                        mounted.each(
                                "spec.volume_mounts[0].mount_path",
                                List.of(
                                        "",
                                        "data",
                                        "/",
                                        "/a/../b",
                                        "/..",
                                        "/a//b",
                                        "/a/",
                                        "/a\tb",
                                        "/a\u0000",
                                        "/" + "a".repeat(255)),
                                "an absolute path below '/'"),
                        Stream.of("", "1A", "A=B", "A B", "A\n", "A\u0000", "\u0410", "$(id)")
                                .map(
                                        key ->
                                                container.bad(
                                                        "spec.env", Map.of(key, "v"), "[A-Za-z_]")),
                        Stream.of(
                                container.bad("spec.env[A]", "b\u0000", "without NUL"),
                                container
                                        .bad("spec.env[A]", "b".repeat(64 * 1024), "65536 in all")
                                        .at("spec.env"),
                                container.bad("spec.env", Values.entries(257), "at most 256"),
                                container.bad("spec.volume_mounts", many, "at most 32"),
                                container
                                        .bad(
                                                "spec.volume_mounts",
                                                List.of(MOUNT, MOUNT),
                                                "unique within the instance")
                                        .at("spec.volume_mounts[1].mount_path"),
                                vm.bad("spec.env", Map.of("A", "b"), only),
                                vm.bad("spec.volume_mounts", List.of(MOUNT), only),
                                vm.bad("spec.tty", true, only)))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> arguments(Call vm, Call container, String list) {
        return Stream.of(
                container.bad(list, List.of("sh", "a\u0000b"), "without NUL").at(list + "[1]"),
                container.bad(list, times(257, "a"), "at most 256"),
                container.bad(list, List.of("\u00e9".repeat(32 * 1024 + 1)), "65536 in all"),
                container.bad(list, times(256, "x".repeat(257)), "65536 in all"),
                vm.bad(list, List.of("sh"), "containers only"));
    }

    private static Stream<Row> account(Call vm, Call container) {
        String only = "containers only";
        return Stream.of(
                        container.each(
                                "spec.user",
                                List.of(
                                        ":", "a:", ":a", "a:b:c", "a b", "-1", "\u0430", "a\n",
                                        "a\u0000"),
                                "USER or USER:GROUP"),
                        container.each("spec.user", List.of("a".repeat(64)), "USER or USER:GROUP"),
                        container.each(
                                "spec.working_dir",
                                List.of("srv", "..", "/a/../b", "/a//b", "/a/", "/a\n", "/a\u0000"),
                                "an absolute path"),
                        Stream.of(
                                vm.bad("spec.user", "root", only),
                                vm.bad("spec.working_dir", "/", only)))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> machine(Call vm, Call container) {
        String topology = "spec.cpu_topology";
        Call seen =
                vm.with("spec.cpu_cores", 4)
                        .with(
                                topology,
                                CpuTopology.newBuilder()
                                        .setSockets(1)
                                        .setCores(2)
                                        .setThreads(2)
                                        .build());
        String only = "VMs only";
        List<Integer> counts = List.of(0, -1, 513, Integer.MAX_VALUE, Integer.MIN_VALUE);
        return Stream.of(
                        vm.each("spec.firmware", List.of(3, -1), "a value of the enum"),
                        vm.each("spec.watchdog", List.of(3, -1), "a value of the enum"),
                        vm.with("spec.cpu_cores", 4)
                                .each(
                                        "spec.max_cpu_cores",
                                        List.of(-1, 3, 513),
                                        "between 4 and 512"),
                        seen.each(topology + ".sockets", counts, "between 1 and 512"),
                        seen.each(topology + ".cores", counts, "between 1 and 512"),
                        seen.each(topology + ".threads", counts, "between 1 and 512"),
                        Stream.of(
                                seen.bad("spec.cpu_cores", 5, "cpu_cores if that is 0: 5")
                                        .at(topology),
                                seen.bad("spec.max_cpu_cores", 8, "cpu_cores if that is 0: 8")
                                        .at(topology),
                                container.bad("spec.firmware", 2, only),
                                container.bad("spec.watchdog", 1, only),
                                container.bad("spec.max_cpu_cores", 2, only),
                                container.bad(topology, CpuTopology.getDefaultInstance(), only)))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> limits(Call vm, Call container) {
        String at = "spec.limits.";
        Call limited = vm.with(at + "memory_limit", 32 * MIB);
        return Stream.of(
                        vm.each(at + "cpu_quota", List.of(999, -1, Long.MIN_VALUE), "0 or >= 1000"),
                        vm.each(
                                at + "cpu_quota",
                                List.of(Long.MAX_VALUE, 512_000_001L),
                                "at most 512000000"),
                        vm.each(
                                at + "cpu_period",
                                List.of(999, -1, 1_000_001, Long.MAX_VALUE),
                                "between 1000 and 1000000"),
                        vm.each(
                                at + "memory_limit",
                                List.of(-1, 64 * MIB + 1, Long.MAX_VALUE),
                                "between 0 and memory_bytes"),
                        vm.each(at + "memory_swap", List.of(-1, 1, 64 * MIB - 1), "at least"),
                        limited.each(at + "memory_swap", List.of(32 * MIB - 1), "at least"),
                        vm.each(at + "memory_swap", List.of(Long.MAX_VALUE), "at most"),
                        vm.each(at + "pids_limit", List.of(1, -1), "containers only"),
                        container.each(
                                at + "pids_limit",
                                List.of(-1, 4_194_305, Long.MAX_VALUE),
                                "between 0 and 4194304"),
                        vm.each(at + "io_read_bps", List.of(-1, Long.MIN_VALUE), ">= 0"),
                        vm.each(at + "io_write_bps", List.of(-1, Long.MIN_VALUE), ">= 0"))
                .flatMap(rows -> rows);
    }
}
