package io.hypervisor.agent.driver.containerd;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;

import io.hypervisor.agent.driver.Found;
import io.hypervisor.agent.driver.Target;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.ResourceLimits;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** What the kernel keeps of a container's limits, and what containers may not do. */
@Tag("real")
class ContainerLimitsTest {
    private static final long MIB = 1 << 20;

    @AutoClose private static final ContainerScene scene = new ContainerScene();

    @AfterEach
    void nothingIsLeft() {
        scene.clear();
    }

    @Test
    void limitsAreInTheKernel() {
        ResourceLimits limits =
                ResourceLimits.newBuilder()
                        .setCpuQuota(25_000)
                        .setCpuPeriod(50_000)
                        .setMemoryLimit(32 * MIB)
                        .setMemorySwap(48 * MIB)
                        .setPidsLimit(77)
                        .build();
        Target target = scene.started(ContainerScene.shell("cat").setCpuCores(2).setLimits(limits));
        Cgroups cgroups = new Cgroups(target.instanceId());
        if (Cgroups.unified()) {
            assertThat(cgroups.read("", "", "cpu.max")).isEqualTo("25000 50000");
            assertThat(cgroups.number("", "", "memory.swap.max")).isEqualTo(16 * MIB);
        } else {
            assertThat(cgroups.number("cpu", "cpu.cfs_quota_us", "")).isEqualTo(25_000);
            assertThat(cgroups.number("cpu", "cpu.cfs_period_us", "")).isEqualTo(50_000);
            assertThat(cgroups.number("cpu", "cpu.shares", "")).isEqualTo(2048);
            if (Host.read(scene.daemon.data()).limitsSwap()) {
                assertThat(cgroups.number("memory", "memory.memsw.limit_in_bytes", ""))
                        .isEqualTo(48 * MIB);
            }
        }
        assertThat(cgroups.number("memory", "memory.limit_in_bytes", "memory.max"))
                .isEqualTo(32 * MIB);
        assertThat(cgroups.number("pids", "pids.max", "pids.max")).isEqualTo(77);
    }

    @Test
    void withoutLimitsTheSpecAloneCounts() {
        Target target = scene.started(ContainerScene.shell("cat").setCpuCores(2));
        Cgroups cgroups = new Cgroups(target.instanceId());
        assertThat(cgroups.number("memory", "memory.limit_in_bytes", "memory.max"))
                .isEqualTo(64 * MIB);
        assertThat(cgroups.number("pids", "pids.max", "pids.max")).isEqualTo(16_384);
        if (!Cgroups.unified()) {
            assertThat(cgroups.number("cpu", "cpu.cfs_quota_us", "")).isEqualTo(200_000);
        }
    }

    @Test
    void speedOfDisksIsLimitedWhereTheyCanBe() {
        ResourceLimits limits =
                ResourceLimits.newBuilder()
                        .setIoReadBps(1_000_000)
                        .setIoWriteBps(2_000_000)
                        .build();
        var spec = ContainerScene.shell("cat").setLimits(limits);
        Host.read(scene.daemon.data())
                .disk()
                .ifPresent(
                        disk -> {
                            Target target = scene.started(spec);
                            Cgroups cgroups = new Cgroups(target.instanceId());
                            String device = disk.major() + ":" + disk.minor() + " ";
                            if (Cgroups.unified()) {
                                assertThat(cgroups.read("", "", "io.max"))
                                        .startsWith(device + "rbps=1000000 wbps=2000000");
                            } else {
                                assertThat(throttle(cgroups, "read")).isEqualTo(device + "1000000");
                                assertThat(throttle(cgroups, "write"))
                                        .isEqualTo(device + "2000000");
                            }
                        });
    }

    private static String throttle(Cgroups cgroups, String way) {
        return cgroups.read("blkio", "blkio.throttle." + way + "_bps_device", "");
    }

    @Test
    void processesBeyondTheLimitAreRefused() {
        String bomb = "i=0; while [ $i -lt 20 ]; do sleep 100 & i=$((i+1)); done; echo all; cat";
        Target target =
                scene.started(
                        ContainerScene.shell(bomb)
                                .setLimits(ResourceLimits.newBuilder().setPidsLimit(8)));
        scene.awaitOutput(target, "can't fork");
        assertThat(new Cgroups(target.instanceId()).number("pids", "pids.current", "pids.current"))
                .isLessThanOrEqualTo(8);
    }

    @Test
    void whatTakesTooMuchMemorySaysSo() {
        Target target =
                scene.started(ContainerScene.shell("exec tail /dev/zero").setMemoryBytes(20 * MIB));
        Found found = scene.ended(target);
        assertThat(found.exit()).isEqualTo(Found.Exit.FAILED);
        assertThat(found.reason()).isEqualTo("out of memory");
        assertThat(found.exitCode()).hasValue(137);
    }

    @Test
    void theSignalThatEndedItIsSaid() {
        Target target = scene.started(ContainerScene.shell("cat"));
        scene.daemon.ctr("tasks", "kill", "--signal", "SIGKILL", target.instanceId());
        assertThat(scene.ended(target).reason()).isEqualTo("exit code 137: ended by signal KILL");
    }

    private static Target with(Target old, InstanceSpec spec) {
        return new Target(
                old.instanceId(), 1, 1, old.name(), false, spec, old.metadata(), List.of());
    }

    private static List<String> reshape(Target target) {
        return scene.driver.reshape().orElseThrow().reshape(target);
    }

    @Test
    void limitsChangeWhileItRuns() {
        Target target = scene.started(ContainerScene.shell("cat").setCpuCores(2));
        InstanceSpec.Builder spec = target.spec().toBuilder().setCpuCores(1);
        spec.setMemoryBytes(96 * MIB).getLimitsBuilder().setPidsLimit(55).setCpuQuota(30_000);
        Target changed = with(target, spec.build());
        Found before = scene.found(target);
        assertThat(reshape(changed)).isEmpty();
        assertKernelHas(changed, 96 * MIB, 55, 30_000);
        assertThat(reshape(changed)).isEmpty();
        assertThat(scene.found(target)).isEqualTo(before);
        // And they stay.
        scene.driver.stop(target.instanceId(), Duration.ZERO);
        scene.driver.start(changed);
        assertKernelHas(changed, 96 * MIB, 55, 30_000);
        assertThat(reshape(changed)).isEmpty();
    }

    private static void assertKernelHas(Target target, long memory, long pids, long quota) {
        Cgroups cgroups = new Cgroups(target.instanceId());
        assertThat(cgroups.number("memory", "memory.limit_in_bytes", "memory.max"))
                .isEqualTo(memory);
        assertThat(cgroups.number("pids", "pids.max", "pids.max")).isEqualTo(pids);
        assertThat(cgroups.read("cpu", "cpu.cfs_quota_us", "cpu.max")).startsWith("" + quota);
    }

    @Test
    void memoryThatIsUsedAndSpeedOfDisksWaitForAStart() {
        Target target =
                scene.started(
                        ContainerScene.shell(
                                "head -c 40000000 /dev/zero >/dev/shm/held; echo held; cat"));
        scene.awaitOutput(target, "held");
        InstanceSpec.Builder spec = target.spec().toBuilder().setMemoryBytes(24 * MIB);
        spec.getLimitsBuilder().setPidsLimit(44);
        Optional<Host.Disk> disk = Host.read(scene.daemon.data()).disk();
        disk.ifPresent(d -> spec.getLimitsBuilder().setIoReadBps(1_000_000));
        Target changed = with(target, spec.build());
        List<String> waiting =
                disk.isPresent()
                        ? List.of("spec.limits.io_read_bps", "spec.memory_bytes")
                        : List.of("spec.memory_bytes");
        assertThat(reshape(changed)).isEqualTo(waiting);
        assertThat(reshape(changed)).isEqualTo(waiting);
        assertThat(scene.found(target).state()).isEqualTo(Found.State.RUNNING);
        assertKernelHas(changed, 64 * MIB, 44, 100_000);
        Target small = with(changed, changed.spec().toBuilder().setArgs(1, "cat").build());
        scene.driver.stop(target.instanceId(), Duration.ZERO);
        scene.driver.start(small);
        assertKernelHas(small, 24 * MIB, 44, 100_000);
        assertThat(reshape(small)).isEmpty();
    }

    @Test
    void whatItsProcessIsMadeOfWaitsForAStart() {
        String script = "echo \"says $A$B\"; cat";
        Target target = scene.started(ContainerScene.shell(script).putEnv("A", "1"));
        scene.awaitOutput(target, "says 1");
        InstanceSpec.Builder spec = target.spec().toBuilder().clearEnv().putEnv("B", "2");
        Target changed = with(target, spec.setWorkingDir("/tmp").setCpuCores(2).build());
        List<String> waiting = List.of("spec.env", "spec.working_dir");
        assertThat(reshape(changed)).isEqualTo(waiting);
        // With its new limits in its record.
        assertThat(reshape(changed)).isEqualTo(waiting);
        scene.driver.stop(target.instanceId(), Duration.ZERO);
        assertThat(reshape(changed)).isEmpty();
        scene.driver.start(changed);
        scene.awaitOutput(target, "says 2");
        assertThat(reshape(changed)).isEmpty();
        assertThat(reshape(target)).isEqualTo(waiting);
    }

    @Test
    void whatDoesNotRunGetsItsLimitsWithItsStart() {
        Target target = ContainerScene.target(ContainerScene.shell("cat"));
        assertThat(reshape(target)).isEmpty();
        scene.driver.create(target);
        assertThat(reshape(with(target, target.spec().toBuilder().setCpuCores(2).build())))
                .isEmpty();
    }

    @Test
    void privilegesAreThoseOfContainerdAlone() {
        scene.daemon.ctr(
                "run", "-d", "--seccomp", "docker.io/" + ContainerdDaemon.IMAGE, "theirs", "cat");
        Target ours = scene.started(ContainerScene.shell("cat"));
        JsonObject theirs = spec("theirs");
        JsonObject process = spec(ours.instanceId()).getAsJsonObject("process");
        assertThat(process.get("capabilities"))
                .isEqualTo(theirs.getAsJsonObject("process").get("capabilities"));
        assertThat(process.get("noNewPrivileges").getAsBoolean()).isTrue();
        JsonObject filter = theirs.getAsJsonObject("linux").getAsJsonObject("seccomp");
        filter.getAsJsonArray("architectures").remove(new JsonPrimitive("SCMP_ARCH_X32"));
        assertThat(Seccomp.profile()).isEqualTo(filter);
        scene.daemon.ctr("tasks", "delete", "--force", "theirs");
        scene.daemon.ctr("containers", "delete", "theirs");
    }

    private static JsonObject spec(String id) {
        return JsonParser.parseString(scene.daemon.ctr("containers", "info", id))
                .getAsJsonObject()
                .getAsJsonObject("Spec");
    }

    @Test
    void whatWouldReachTheMachineIsRefused() {
        String script =
                """
                grep -E 'NoNewPrivs|Seccomp:|CapEff' /proc/self/status
                mount -t tmpfs none /mnt && echo BAD mount
                mknod /tmp/disk b 8 0 && cat /tmp/disk && echo BAD disk
                echo 1 >/proc/sys/kernel/panic && echo BAD sysctl
                hostname other && echo BAD hostname
                unshare -U true && echo BAD unshare
                chroot /proc/1/root true && dmesg && echo BAD dmesg
                echo end
                """;
        String output = scene.outputOf(ContainerScene.shell(script));
        assertThat(output).contains("NoNewPrivs:\t1", "Seccomp:\t2", "CapEff:\t00000000a80425fb");
        assertThat(output).contains("end\n").doesNotContain("BAD");
    }
}
