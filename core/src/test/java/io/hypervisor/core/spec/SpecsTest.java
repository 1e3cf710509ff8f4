package io.hypervisor.core.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.hypervisor.api.v1.DiskSpec;
import io.hypervisor.api.v1.Firmware;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.Metadata;
import io.hypervisor.api.v1.NetworkSpec;
import io.hypervisor.api.v1.ResourceLimits;
import io.hypervisor.api.v1.RestartPolicy;
import io.hypervisor.api.v1.VolumeMount;
import io.hypervisor.api.v1.Watchdog;
import io.hypervisor.core.Fault;
import io.hypervisor.core.Violations;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.Collections;
import java.util.function.Consumer;
import java.util.stream.Stream;

final class SpecsTest {
    private static final InstanceType VM = InstanceType.INSTANCE_TYPE_VM;
    private static final InstanceType MICROVM = InstanceType.INSTANCE_TYPE_MICROVM;
    private static final InstanceType CONTAINER = InstanceType.INSTANCE_TYPE_CONTAINER;
    private static final long MIB = 1L << 20;
    private static final long TIB = 1L << 40;
    private static final String UUID = "01900000-0000-7000-8000-000000000001";

    private static InstanceSpec.Builder spec(InstanceType type) {
        return InstanceSpec.newBuilder().setImage(type == VM ? "debian-12" : "busybox:1.36");
    }

    private static Arguments bad(
            String field, InstanceType type, Consumer<InstanceSpec.Builder> is) {
        return Arguments.of(field, type, is);
    }

    private static Arguments good(InstanceType type, Consumer<InstanceSpec.Builder> is) {
        return Arguments.of(type, is);
    }

    private static Consumer<InstanceSpec.Builder> disks(DiskSpec.Builder... disks) {
        return s -> {
            for (DiskSpec.Builder disk : disks) {
                s.addDisks(disk);
            }
        };
    }

    private static DiskSpec.Builder disk(String name, long size) {
        return DiskSpec.newBuilder().setName(name).setSizeBytes(size);
    }

    private static Consumer<InstanceSpec.Builder> limits(Consumer<ResourceLimits.Builder> limits) {
        return s -> limits.accept(s.setMemoryBytes(64 * MIB).getLimitsBuilder());
    }

    private static Consumer<InstanceSpec.Builder> network(Consumer<NetworkSpec.Builder> network) {
        return s -> network.accept(s.getNetworkBuilder());
    }

    private static Consumer<InstanceSpec.Builder> topology(int sockets, int cores, int threads) {
        return s ->
                s.getCpuTopologyBuilder().setSockets(sockets).setCores(cores).setThreads(threads);
    }

    private static Consumer<InstanceSpec.Builder> mount(String name, String path) {
        return s -> s.addVolumeMounts(VolumeMount.newBuilder().setName(name).setMountPath(path));
    }

    static Stream<Arguments> refused() {
        return Stream.of(
                bad("spec.cpu_cores", VM, s -> s.setCpuCores(-1)),
                bad("spec.cpu_cores", VM, s -> s.setCpuCores(513)),
                bad("spec.firmware", VM, s -> s.setFirmwareValue(3)),
                bad("spec.firmware", CONTAINER, s -> s.setFirmware(Firmware.FIRMWARE_BIOS)),
                bad("spec.firmware", MICROVM, s -> s.setFirmware(Firmware.FIRMWARE_UEFI)),
                bad("spec.limits.cpu_quota", MICROVM, s -> s.getLimitsBuilder().setCpuQuota(1000)),
                bad("spec.watchdog", VM, s -> s.setWatchdogValue(3)),
                bad("spec.watchdog", CONTAINER, s -> s.setWatchdog(Watchdog.WATCHDOG_RESET)),
                bad("spec.max_cpu_cores", VM, s -> s.setCpuCores(4).setMaxCpuCores(3)),
                bad("spec.max_cpu_cores", VM, s -> s.setMaxCpuCores(513)),
                bad("spec.max_cpu_cores", CONTAINER, s -> s.setMaxCpuCores(1)),
                bad("spec.cpu_topology", VM, topology(1, 2, 1)),
                bad("spec.cpu_topology", VM, topology(1, 2, 2).andThen(s -> s.setMaxCpuCores(8))),
                bad("spec.cpu_topology.sockets", VM, topology(0, 1, 1)),
                bad("spec.cpu_topology.threads", VM, topology(1, 1, Integer.MAX_VALUE)),
                bad("spec.cpu_topology", CONTAINER, topology(1, 1, 1)),
                bad("spec.memory_bytes", VM, s -> s.setMemoryBytes(-1)),
                bad("spec.memory_bytes", VM, s -> s.setMemoryBytes(16 * MIB - 1)),
                bad("spec.memory_bytes", VM, s -> s.setMemoryBytes(16 * TIB + 1)),
                bad("spec.memory_bytes", CONTAINER, s -> s.setMemoryBytes(4 * MIB - 1)),
                bad("spec.memory_bytes", CONTAINER, s -> s.setMemoryBytes(Long.MAX_VALUE)),
                bad("spec.restart_policy", VM, s -> s.setRestartPolicyValue(9)),
                // images
                bad("spec.image", VM, s -> s.clearImage()),
                bad("spec.image", VM, s -> s.setImage("a/b")),
                bad("spec.image", VM, s -> s.setImage("../etc/shadow")),
                bad("spec.image", VM, s -> s.setImage("/images/../etc/shadow")),
                bad("spec.image", VM, s -> s.setImage("/images//a")),
                bad("spec.image", VM, s -> s.setImage("/images/./a")),
                bad("spec.image", VM, s -> s.setImage("/images/a\n")),
                bad("spec.image", VM, s -> s.setImage("/images/a\u0000")),
                bad("spec.image", VM, s -> s.setImage("/images/a\uFFFE")),
                bad("spec.image", VM, s -> s.setImage("/images/a\u0085")),
                bad("spec.image", VM, s -> s.setImage("/" + "a".repeat(1024))),
                bad("spec.image", VM, s -> s.setImage("-rf")),
                bad("spec.image", VM, s -> s.setImage("<x>")),
                bad("spec.image", CONTAINER, s -> s.clearImage()),
                bad("spec.image", CONTAINER, s -> s.setImage("Busybox")),
                bad("spec.image", CONTAINER, s -> s.setImage("busybox:")),
                bad("spec.image", CONTAINER, s -> s.setImage("busybox:a b")),
                bad("spec.image", CONTAINER, s -> s.setImage("busybox@sha256:abc")),
                bad("spec.image", CONTAINER, s -> s.setImage("a//b")),
                bad("spec.image", CONTAINER, s -> s.setImage("../b")),
                bad("spec.image", CONTAINER, s -> s.setImage("/b")),
                bad("spec.image", CONTAINER, s -> s.setImage("a".repeat(256))),
                bad("spec.image", CONTAINER, s -> s.setImage("a/".repeat(512) + "b")),
                bad("spec.image", CONTAINER, s -> s.setImage("a" + "-".repeat(1022) + "!")),
                bad("spec.image", CONTAINER, s -> s.setImage("a.".repeat(511) + "!")),
                bad("spec.image", CONTAINER, s -> s.setImage("a/".repeat(511) + "!")),
                // disks
                bad("spec.disks[0].name", VM, disks(disk("", MIB))),
                bad("spec.disks[0].name", VM, disks(disk("A", MIB))),
                bad("spec.disks[0].name", VM, disks(disk("../x", MIB))),
                bad("spec.disks[1].name", VM, disks(disk("a", MIB), disk("a", MIB))),
                bad("spec.disks[0].size_bytes", VM, disks(disk("a", 0))),
                bad("spec.disks[0].size_bytes", VM, disks(disk("a", MIB - 1))),
                bad("spec.disks[0].size_bytes", VM, disks(disk("a", 64 * TIB + 1))),
                bad("spec.disks[0].size_bytes", VM, disks(disk("a", -1).setBoot(true))),
                bad("spec.disks[0].type", VM, disks(disk("a", MIB).setType("nfs"))),
                bad(
                        "spec.disks",
                        VM,
                        disks(disk("a", MIB).setBoot(true), disk("b", MIB).setBoot(true))),
                bad(
                        "spec.disks[0].boot",
                        VM,
                        disks(disk("a", MIB).setBoot(true))
                                .andThen(s -> s.clearImage().setKernel("k"))),
                bad(
                        "spec.disks",
                        VM,
                        s -> {
                            for (int i = 0; i < 17; i++) {
                                s.addDisks(disk("d" + i, MIB));
                            }
                        }),
                bad("spec.disks", CONTAINER, disks(disk("a", MIB))),
                // direct boot
                bad("spec.kernel", VM, s -> s.setKernel("a/b")),
                bad("spec.kernel", CONTAINER, s -> s.setKernel("vmlinuz")),
                bad("spec.initrd", VM, s -> s.setInitrd("initrd")),
                bad("spec.initrd", VM, s -> s.setKernel("k").setInitrd("/a/../b")),
                bad("spec.initrd", CONTAINER, s -> s.setInitrd("initrd")),
                bad("spec.kernel_args", VM, s -> s.setKernelArgs("quiet")),
                bad("spec.kernel_args", VM, s -> s.setKernel("k").setKernelArgs("a\nb")),
                bad("spec.kernel_args", VM, s -> s.setKernel("k").setKernelArgs("\u00e9")),
                bad("spec.kernel_args", VM, s -> s.setKernel("k").setKernelArgs("a".repeat(2049))),
                bad("spec.kernel_args", CONTAINER, s -> s.setKernelArgs("quiet")),
                // processes
                bad("spec.command", VM, s -> s.addCommand("sh")),
                bad("spec.args", VM, s -> s.addArgs("-c")),
                bad("spec.env", VM, s -> s.putEnv("A", "b")),
                bad("spec.volume_mounts", VM, mount("data", "/data")),
                bad("spec.tty", VM, s -> s.setTty(true)),
                bad("spec.command[1]", CONTAINER, s -> s.addCommand("sh").addCommand("a\u0000b")),
                bad("spec.args[0]", CONTAINER, s -> s.addArgs("a\u0000b")),
                bad("spec.command", CONTAINER, s -> s.addAllCommand(Collections.nCopies(257, "a"))),
                bad("spec.args", CONTAINER, s -> s.addAllArgs(Collections.nCopies(257, "a"))),
                bad("spec.args", CONTAINER, s -> s.addArgs("\u00e9".repeat(32 * 1024 + 1))),
                bad("spec.env", CONTAINER, s -> s.putEnv("1A", "b")),
                bad("spec.env", CONTAINER, s -> s.putEnv("", "b")),
                bad("spec.env", CONTAINER, s -> s.putEnv("A=B", "b")),
                bad("spec.env[A]", CONTAINER, s -> s.putEnv("A", "\u0000")),
                bad("spec.env", CONTAINER, s -> s.putEnv("A", "b".repeat(64 * 1024))),
                bad("spec.user", VM, s -> s.setUser("root")),
                bad("spec.user", CONTAINER, s -> s.setUser("a:b:c")),
                bad("spec.user", CONTAINER, s -> s.setUser("a".repeat(64))),
                bad("spec.working_dir", VM, s -> s.setWorkingDir("/")),
                bad("spec.working_dir", CONTAINER, s -> s.setWorkingDir("srv")),
                bad("spec.working_dir", CONTAINER, s -> s.setWorkingDir("/a/..")),
                bad("spec.limits.pids_limit", VM, s -> s.getLimitsBuilder().setPidsLimit(1)),
                bad(
                        "spec.limits.pids_limit",
                        CONTAINER,
                        s -> s.getLimitsBuilder().setPidsLimit(-1)),
                // volumes
                bad("spec.volume_mounts[0].name", CONTAINER, mount("../x", "/data")),
                bad("spec.volume_mounts[0].mount_path", CONTAINER, mount("data", "")),
                bad("spec.volume_mounts[0].mount_path", CONTAINER, mount("data", "data")),
                bad("spec.volume_mounts[0].mount_path", CONTAINER, mount("data", "/")),
                bad("spec.volume_mounts[0].mount_path", CONTAINER, mount("data", "/a/../b")),
                bad("spec.volume_mounts[0].mount_path", CONTAINER, mount("data", "/a\tb")),
                bad(
                        "spec.volume_mounts[0].mount_path",
                        CONTAINER,
                        mount("data", "/" + "a".repeat(255))),
                bad(
                        "spec.volume_mounts[1].mount_path",
                        CONTAINER,
                        mount("a", "/x").andThen(mount("b", "/x"))),
                bad(
                        "spec.volume_mounts",
                        CONTAINER,
                        s -> {
                            for (int i = 0; i < 33; i++) {
                                mount("v" + i, "/v" + i).accept(s);
                            }
                        }),
                // network
                bad("spec.network.network_id", VM, network(n -> n.setNetworkId("net"))),
                bad("spec.network.subnet_id", VM, network(n -> n.setSubnetId("net"))),
                bad("spec.network.security_groups[0]", VM, network(n -> n.addSecurityGroups(""))),
                bad(
                        "spec.network.security_groups",
                        VM,
                        network(n -> n.addAllSecurityGroups(Collections.nCopies(17, UUID)))),
                // limits
                bad("spec.limits.cpu_quota", VM, limits(l -> l.setCpuQuota(999))),
                bad("spec.limits.cpu_quota", VM, limits(l -> l.setCpuQuota(-1))),
                bad("spec.limits.cpu_period", VM, limits(l -> l.setCpuPeriod(999))),
                bad("spec.limits.cpu_period", VM, limits(l -> l.setCpuPeriod(1_000_001))),
                bad("spec.limits.memory_limit", VM, limits(l -> l.setMemoryLimit(64 * MIB + 1))),
                bad("spec.limits.memory_limit", VM, limits(l -> l.setMemoryLimit(-1))),
                bad(
                        "spec.limits.memory_swap",
                        VM,
                        limits(l -> l.setMemoryLimit(9).setMemorySwap(8))),
                bad("spec.limits.memory_swap", VM, limits(l -> l.setMemorySwap(64 * MIB - 1))),
                bad("spec.limits.io_read_bps", VM, limits(l -> l.setIoReadBps(-1))),
                bad("spec.limits.io_write_bps", VM, limits(l -> l.setIoWriteBps(-1))));
    }

    @ParameterizedTest(name = "{0} {index}")
    @MethodSource
    void refused(String field, InstanceType type, Consumer<InstanceSpec.Builder> change) {
        InstanceSpec.Builder spec = spec(type);
        change.accept(spec);
        Violations violations = Specs.check(new Violations(), type, spec.build());
        Fault fault = catchThrowableOfType(Fault.class, violations::throwIfAny);
        assertThat(fault).isNotNull();
        assertThat(fault.violations()).extracting(Fault.Violation::field).contains(field);
    }

    static Stream<Arguments> accepted() {
        return Stream.of(
                good(VM, s -> {}),
                good(
                        VM,
                        s ->
                                s.setFirmware(Firmware.FIRMWARE_UEFI)
                                        .setWatchdog(Watchdog.WATCHDOG_FAIL)),
                good(VM, topology(2, 2, 2).andThen(s -> s.setCpuCores(3).setMaxCpuCores(8))),
                good(VM, s -> s.setCpuCores(512).setMemoryBytes(16 * TIB)),
                good(VM, s -> s.setImage("/var/lib/images/My Image <1>.qcow2")),
                good(VM, s -> s.setImage("/images/..hidden")),
                good(
                        VM,
                        s ->
                                s.clearImage()
                                        .setKernel("vmlinuz")
                                        .setInitrd("/b/initrd")
                                        .setKernelArgs("a=\"b\" <c>")),
                good(
                        VM,
                        disks(disk("root", 0).setBoot(true), disk("d", 64 * TIB).setType("local"))),
                good(VM, limits(l -> l.setCpuQuota(1000).setMemoryLimit(MIB).setMemorySwap(MIB))),
                good(
                        VM,
                        network(
                                n ->
                                        n.setNetworkId(UUID)
                                                .setSubnetId(UUID)
                                                .addSecurityGroups(UUID)
                                                .setAssignPublicIp(true))),
                good(CONTAINER, s -> s.setMemoryBytes(4 * MIB).setTty(true)),
                good(CONTAINER, s -> s.setImage("localhost:5000/team/app_a/b-c.d:v1.2-rc_3")),
                good(CONTAINER, s -> s.setImage("[::1]:5000/app@sha256:" + "0".repeat(64))),
                good(CONTAINER, s -> s.addCommand("sh").addArgs("-c").addArgs("echo a\n\techo b")),
                good(CONTAINER, s -> s.putEnv("_A1", "x\ny").putEnv("B", "")),
                good(CONTAINER, mount("data", "/var/lib/data").andThen(mount("data", "/copy"))));
    }

    @ParameterizedTest
    @MethodSource
    void accepted(InstanceType type, Consumer<InstanceSpec.Builder> change) {
        InstanceSpec.Builder spec = spec(type);
        change.accept(spec);
        InstanceSpec full = Specs.withDefaults(type, spec.build());
        for (InstanceSpec each : new InstanceSpec[] {spec.build(), full}) {
            assertThatCode(() -> Specs.check(new Violations(), type, each).throwIfAny())
                    .doesNotThrowAnyException();
        }
        assertThat(Specs.withDefaults(type, full)).isEqualTo(full);
    }

    @ParameterizedTest
    @EnumSource(
            value = InstanceType.class,
            names = {"INSTANCE_TYPE_UNSPECIFIED", "UNRECOGNIZED"})
    void refusesUnknownTypes(InstanceType type) {
        Violations violations = Specs.check(new Violations(), type, spec(VM).build());
        Fault fault = catchThrowableOfType(Fault.class, violations::throwIfAny);
        assertThat(fault.violations().getFirst().field()).isEqualTo("type");
    }

    @Test
    void writesDefaultsOut() {
        InstanceSpec given =
                spec(VM).setLimits(ResourceLimits.newBuilder().setCpuQuota(50_000)).build();
        InstanceSpec full = Specs.withDefaults(VM, given);
        assertThat(full.getCpuCores()).isEqualTo(1);
        assertThat(full.getMemoryBytes()).isEqualTo(512 * MIB);
        assertThat(full.getRestartPolicy()).isEqualTo(RestartPolicy.RESTART_POLICY_ON_FAILURE);
        assertThat(full.getLimits().getCpuPeriod()).isEqualTo(100_000);
        assertThat(Specs.withDefaults(VM, spec(VM).build()).hasLimits()).isFalse();
    }

    @Test
    void answersDoNotRepeatEnvironmentValues() {
        InstanceSpec given = spec(CONTAINER).putEnv("TOKEN", "secret\u0000").build();
        Violations violations = Specs.check(new Violations(), CONTAINER, given);
        Fault fault = catchThrowableOfType(Fault.class, violations::throwIfAny);
        assertThat(fault.getMessage() + fault.violations()).doesNotContain("secret");
    }

    @Test
    void checksMetadata() {
        Metadata bad =
                Metadata.newBuilder()
                        .putLabels("-a", "b")
                        .putLabels("c", "d e")
                        .putAnnotations("note", "a\u0000")
                        .build();
        Violations violations = Specs.check(new Violations(), bad);
        Fault fault = catchThrowableOfType(Fault.class, violations::throwIfAny);
        assertThat(fault.violations())
                .extracting(Fault.Violation::field)
                .containsExactlyInAnyOrder(
                        "metadata.labels", "metadata.labels[c]", "metadata.annotations[note]");
    }

    static Stream<Arguments> canonical() {
        return Stream.of(
                Arguments.of("busybox", "docker.io/library/busybox:latest"),
                Arguments.of("team/app:1", "docker.io/team/app:1"),
                Arguments.of("localhost/app", "localhost/app:latest"),
                Arguments.of("host:5000/app:1", "host:5000/app:1"),
                Arguments.of("reg.example/app", "reg.example/app:latest"),
                Arguments.of("NOT A REFERENCE", "NOT A REFERENCE"));
    }

    @ParameterizedTest
    @MethodSource
    void canonical(String given, String expected) {
        assertThat(ImageRefs.canonical(CONTAINER, given)).isEqualTo(expected);
        assertThat(ImageRefs.canonical(CONTAINER, expected)).isEqualTo(expected);
        assertThat(ImageRefs.canonical(VM, given)).isEqualTo(given);
    }
}
