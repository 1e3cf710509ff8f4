package io.hypervisor.agent.driver.containerd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypervisor.agent.driver.Nics;
import io.hypervisor.agent.driver.OpenGate;
import io.hypervisor.agent.driver.Target;
import io.hypervisor.api.internal.v1.Nic;
import io.hypervisor.api.v1.InstanceStats;
import io.hypervisor.api.v1.ResourceLimits;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;

/** What is said of a container's use, beside what it uses and what the kernel says of that. */
@Tag("real")
class ContainerStatsTest {
    private static final long MIB = 1 << 20;
    private static final long MILLI = 1_000_000;

    @AutoClose private static final ContainerScene scene = new ContainerScene();

    @BeforeAll
    static void open() {
        scene.driver.ports(new OpenGate());
    }

    @AfterEach
    void nothingIsLeft() {
        scene.clear();
    }

    private static InstanceStats stats(Target target) {
        return scene.driver.stats(target.instanceId());
    }

    /** Others use the processors too: it may get less than its half in a period, and never more. */
    @Test
    void aBusyLoopWithHalfAProcessor() {
        long period = 100 * MILLI;
        Target target =
                scene.started(
                        ContainerScene.shell("while :; do :; done")
                                .setLimits(ResourceLimits.newBuilder().setCpuQuota(50_000)));
        Cgroups cgroups = new Cgroups(target.instanceId());
        await().atMost(ContainerScene.PATIENCE)
                .until(() -> stats(target).getCpuTimeNs() > 3 * period);
        long least = cgroups.cpuNanos();
        long said = stats(target).getCpuTimeNs();
        long most = cgroups.cpuNanos();
        assertThat(said).isBetween(least, most);
        long periods = cgroups.entry("cpu", "cpu.stat", "nr_periods", "nr_periods");
        assertThat(least).isLessThan((periods + 2) * period / 2);
    }

    @Test
    void memoryThatAProcessHolds() {
        Target target =
                scene.started(
                        ContainerScene.shell(
                                "(head -c 20971520 /dev/zero; cat) | tail -c 20971520"));
        await().atMost(ContainerScene.PATIENCE)
                .until(() -> stats(target).getMemoryUsedBytes() >= 20 * MIB);
        assertThat(stats(target).getMemoryUsedBytes()).isLessThan(40 * MIB);
    }

    @Test
    void memoryThatAFileInMemoryTakes() {
        Target target =
                scene.started(
                        ContainerScene.shell(
                                "head -c 20971520 /dev/zero >/dev/shm/a; echo end; cat"));
        scene.awaitOutput(target, "end");
        assertThat(stats(target).getMemoryUsedBytes()).isBetween(20 * MIB, 30 * MIB);
    }

    @Test
    void filesOnDisksAreCacheAndWrittenBytes() throws IOException {
        Target target =
                scene.started(
                        ContainerScene.shell(
                                "dd if=/dev/zero of=/a bs=1M count=16 conv=fsync; echo end; cat"));
        scene.awaitOutput(target, "end");
        InstanceStats stats = stats(target);
        assertThat(stats.getMemoryCacheBytes()).isBetween(16 * MIB, 24 * MIB);
        assertThat(stats.getMemoryUsedBytes()).isLessThan(12 * MIB);
        assertThat(stats.getDiskWriteBytes()).isEqualTo(new Cgroups(target.instanceId()).written());
        if (Host.read(scene.daemon.data()).disk().isPresent()) {
            assertThat(stats.getDiskWriteBytes()).isBetween(16 * MIB, 24 * MIB);
        }
    }

    @Test
    void whatIsSentAndReceived() throws IOException {
        Nic nic =
                Nic.newBuilder()
                        .setPortId(UUID.randomUUID().toString())
                        .setMacAddress("02:68:76:00:00:01")
                        .addAddresses("10.98.1.5/24")
                        .build();
        Target plain =
                ContainerScene.target(
                        ContainerScene.shell("arping -c 5 -w 9 -I eth0 10.98.1.9; echo end; cat"));
        Target target =
                new Target(
                        plain.instanceId(),
                        1,
                        1,
                        "box",
                        false,
                        plain.spec(),
                        plain.metadata(),
                        List.of(nic));
        scene.driver.create(target);
        scene.driver.start(target);
        scene.awaitOutput(target, "end");
        // Each asked for in between, for the kernel's own questions come and go.
        long least = other(nic, "rx_bytes");
        InstanceStats stats = stats(target);
        long most = other(nic, "rx_bytes");
        assertThat(stats.getNetworkTxBytes()).isBetween(least, most).isGreaterThan(5 * 42);
        assertThat(stats.getNetworkRxBytes()).isBetween(0L, other(nic, "tx_bytes"));
    }

    // What one end sends, the other receives.
    private static long other(Nic nic, String counter) throws IOException {
        Path file = Path.of("/sys/class/net", Nics.device(nic), "statistics", counter);
        return Long.parseLong(Files.readString(file).strip());
    }
}
