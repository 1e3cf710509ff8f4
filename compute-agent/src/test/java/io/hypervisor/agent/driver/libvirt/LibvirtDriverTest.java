package io.hypervisor.agent.driver.libvirt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.Found;
import io.hypervisor.agent.driver.Target;
import io.hypervisor.api.v1.DiskSpec;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.ResourceLimits;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** What a real libvirtd and real guests do, beyond the contract. */
@Tag("real")
class LibvirtDriverTest {
    private static Path images;
    @AutoClose private static LibvirtDaemon daemon;

    @AutoClose private final LibvirtScene scene = new LibvirtScene(daemon, images);

    @BeforeAll
    static void startDaemon() {
        images = DemoGuest.images();
        daemon = LibvirtDaemon.start();
    }

    @Test
    void aGuestBootsSeesItsDisksAndShutsDownWhenAsked() {
        Target target =
                scene.started(
                        DemoGuest.shell().toBuilder()
                                .addDisks(DiskSpec.newBuilder().setName("a").setSizeBytes(3 << 20))
                                .addDisks(DiskSpec.newBuilder().setName("b").setSizeBytes(5 << 20))
                                .build());
        scene.awaitLog(target, "demo-guest ready");
        // Split, so that the echo of the command is not taken for its output.
        scene.type(target, "cat /sys/block/vd?/size | tr '\\n' -; hostname | sed s/^/host'='/");
        scene.awaitLog(target, "6144-10240-");
        scene.awaitLog(target, "host=guest");
        scene.driver.stop(target.instanceId(), LibvirtScene.PATIENCE);
        assertThat(scene.log(target)).contains("Power down");
        assertThat(scene.found(target).exit()).isEqualTo(Found.Exit.STOPPED);
        assertThat(daemon.virsh("domstate", "--reason", target.instanceId()))
                .contains("shut off (shutdown)");
    }

    @Test
    void libvirtdMayDieAndComeBack() {
        Target target = scene.started(DemoGuest.shell());
        Found before = scene.found(target);
        ProcessHandle qemu = daemon.qemu(target.instanceId()).orElseThrow();
        scene.awaitLog(target, "demo-guest ready");
        daemon.kill();
        assertThatThrownBy(() -> scene.driver.list())
                .isInstanceOfSatisfying(
                        DriverException.class, e -> assertThat(e.isPermanent()).isFalse());
        assertThat(scene.driver.health().healthy()).isFalse();
        // Input and output need no libvirtd.
        scene.type(target, "echo with'out' libvirtd");
        scene.awaitLog(target, "without libvirtd");
        scene.events.clear();
        daemon.restart();
        await().atMost(LibvirtScene.PATIENCE).until(() -> !scene.events.isEmpty());
        assertThat(qemu.isAlive()).isTrue();
        assertThat(scene.found(target)).isEqualTo(before);
        assertThat(scene.driver.health().healthy()).isTrue();
        // Events come again without any call.
        scene.events.clear();
        qemu.destroyForcibly();
        await().atMost(LibvirtScene.PATIENCE)
                .until(() -> scene.events.contains(target.instanceId()));
        await().atMost(LibvirtScene.PATIENCE)
                .until(() -> scene.found(target).exit() == Found.Exit.FAILED);
    }

    @Test
    void anEndThatWasSeenOutlivesLibvirtd() {
        Target target = scene.started(DemoGuest.shell());
        daemon.qemu(target.instanceId()).orElseThrow().destroyForcibly();
        await().atMost(LibvirtScene.PATIENCE)
                .until(() -> scene.found(target).exit() == Found.Exit.FAILED);
        daemon.kill();
        daemon.restart();
        await().atMost(LibvirtScene.PATIENCE).until(() -> scene.driver.health().healthy());
        assertThat(scene.found(target).exit()).isEqualTo(Found.Exit.FAILED);
    }

    @Test
    void aStartThatWasCutShortIsNotRepeatedAsNews() {
        Target target = LibvirtScene.target(DemoGuest.shell());
        scene.driver.create(target);
        DomainRecord record = DomainRecord.of(target, daemon.home().toString());
        Target second =
                new Target(
                        target.instanceId(),
                        1,
                        2,
                        "guest",
                        false,
                        target.spec(),
                        target.metadata(),
                        target.nics());
        scene.write(target, record.starting(second));
        assertThat(scene.found(target).runGeneration()).isEqualTo(2);
        assertThat(scene.found(target).exit()).isEqualTo(Found.Exit.UNKNOWN);
    }

    @Test
    void aStartWhoseAgentDiedIsARun() {
        Target target = LibvirtScene.target(DemoGuest.shell());
        scene.driver.create(target);
        DomainRecord record = DomainRecord.of(target, daemon.home().toString());
        scene.write(target, record.starting(target));
        daemon.virsh("start", target.instanceId());
        assertThat(scene.found(target).state()).isEqualTo(Found.State.RUNNING);
        assertThat(scene.found(target).startedAt()).isPresent();
        scene.awaitLog(target, "demo-guest ready");
        scene.type(target, "power-button");
        await().atMost(LibvirtScene.PATIENCE)
                .until(() -> scene.found(target).exit() == Found.Exit.CLEAN);
    }

    @Test
    void aFailedStartIsNoRun() throws IOException {
        Target target =
                LibvirtScene.target(
                        DemoGuest.shell().toBuilder()
                                .addDisks(DiskSpec.newBuilder().setName("a").setSizeBytes(1 << 20))
                                .build());
        scene.driver.create(target);
        Files.delete(daemon.home().resolve(target.instanceId()).resolve("disk-a.qcow2"));
        Target next =
                new Target(
                        target.instanceId(),
                        1,
                        2,
                        "guest",
                        false,
                        target.spec(),
                        target.metadata(),
                        target.nics());
        assertThatThrownBy(() -> scene.driver.start(next)).isInstanceOf(DriverException.class);
        assertThat(scene.found(target).runGeneration()).isEqualTo(1);
        assertThat(scene.found(target).exit()).isEqualTo(Found.Exit.NONE);
    }

    @Test
    void overlaysGoAndTheImageStays() throws IOException {
        Path image = images.resolve("blank.raw");
        Files.write(image, new byte[2 << 20]);
        try {
            Target target =
                    scene.started(
                            InstanceSpec.newBuilder()
                                    .setImage("blank")
                                    .setMemoryBytes(32 << 20)
                                    .setLimits(
                                            ResourceLimits.newBuilder()
                                                    .setCpuQuota(20_000)
                                                    .setIoReadBps(1 << 20))
                                    .build());
            Path overlay = daemon.home().resolve(target.instanceId()).resolve("boot.qcow2");
            assertThat(overlay).exists();
            assertThat(daemon.virsh("dumpxml", target.instanceId()))
                    .contains(image.toString(), "<global_quota>20000</global_quota>");
            assertThat(scene.driver.stats(target.instanceId()).getMemoryUsedBytes()).isPositive();
            scene.driver.destroy(target.instanceId());
            assertThat(overlay.getParent()).doesNotExist();
            assertThat(image).hasSize(2 << 20);
        } finally {
            Files.delete(image);
        }
    }

    @Test
    void whatOthersMadeIsNeitherListedNorTouched() {
        Target target = scene.started(DemoGuest.shell());
        try (LibvirtDriver other = scene.connect(daemon.home().resolveSibling("other"))) {
            other.events(id -> {});
            assertThat(other.list()).isEmpty();
            assertThatThrownBy(() -> other.destroy(target.instanceId()))
                    .isInstanceOf(DriverException.class);
            assertThatThrownBy(() -> other.stop(target.instanceId(), Duration.ZERO))
                    .isInstanceOf(DriverException.class);
        }
        assertThat(scene.found(target).state()).isEqualTo(Found.State.RUNNING);
    }

    @Test
    void twoDriversSeeTheSame() {
        Target target = scene.started(DemoGuest.shell());
        try (LibvirtDriver other = scene.connect(daemon.home())) {
            other.events(id -> {});
            assertThat(scene.found(other, target)).isEqualTo(scene.found(target));
            other.stop(target.instanceId(), Duration.ZERO);
            assertThat(scene.found(target).exit()).isEqualTo(Found.Exit.STOPPED);
        }
    }

    @Test
    void aLongConsoleLogLosesItsBeginning() throws IOException {
        Target target = LibvirtScene.target(DemoGuest.shell());
        scene.driver.create(target);
        Path log = scene.driver.console(target.instanceId()).log();
        Files.write(log, new byte[17 << 20]);
        scene.driver.list();
        assertThat(log.resolveSibling("console.log.start")).content().isNotEqualTo("0");
        scene.driver.start(target);
        scene.awaitLog(target, "demo-guest ready");
    }

    @Test
    void whatIsNoIdIsRefused() {
        for (String id : List.of("", "..", "../../etc", "x".repeat(36))) {
            assertThatThrownBy(() -> scene.driver.destroy(id)).isInstanceOf(DriverException.class);
            assertThatThrownBy(() -> scene.driver.console(id)).isInstanceOf(DriverException.class);
        }
    }
}
