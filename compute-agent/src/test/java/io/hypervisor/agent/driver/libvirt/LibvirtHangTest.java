package io.hypervisor.agent.driver.libvirt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.Found;
import io.hypervisor.agent.driver.Target;
import io.hypervisor.core.Clock;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

/**
 * A libvirtd that came back waits for a guest that does not answer, for 30 seconds of its own that
 * nothing shortens: the tests wait side by side, each with a libvirtd of its own.
 */
@Tag("real")
class LibvirtHangTest {
    private static Path images;

    private LibvirtDaemon daemon;
    private LibvirtScene scene;

    @BeforeAll
    static void buildImages() {
        images = DemoGuest.images();
    }

    @BeforeEach
    void open() {
        daemon = LibvirtDaemon.start();
        scene = new LibvirtScene(daemon, images);
    }

    @AfterEach
    void nothingIsLeftBehind() throws IOException {
        scene.close();
        daemon.close();
    }

    /** A guest that does not answer libvirtd, which comes back and waits for it. */
    private Target stuck(boolean acknowledged) {
        Target target = LibvirtScene.target(DemoGuest.shell());
        scene.driver.create(target);
        DomainRecord starting = DomainRecord.of(target, daemon.home().toString()).starting(target);
        DomainRecord record = acknowledged ? starting.running(Clock.system().now()) : starting;
        scene.write(target, record);
        daemon.virsh("start", target.instanceId());
        long qemu = daemon.qemu(target.instanceId()).orElseThrow().pid();
        LibvirtDaemon.run("kill", "-STOP", Long.toString(qemu));
        daemon.kill();
        daemon.restart();
        await().atMost(LibvirtScene.PATIENCE).until(() -> scene.driver.health().healthy());
        return target;
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void aStartThatLibvirtdHangsInIsEndedAndMadeAgain() {
        Target target = stuck(false);
        ProcessHandle qemu = daemon.qemu(target.instanceId()).orElseThrow();
        assertThatThrownBy(() -> scene.driver.start(target))
                .isInstanceOfSatisfying(
                        DriverException.class, e -> assertThat(e.isPermanent()).isFalse());
        assertThat(qemu.isAlive()).isFalse();
        assertThat(scene.found(target).exit()).isEqualTo(Found.Exit.UNKNOWN);
        scene.driver.start(target);
        assertThat(scene.found(target).state()).isEqualTo(Found.State.RUNNING);
        scene.awaitLog(target, "demo-guest ready");
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void aListWithAStartThatHangsShowsAllAndEndsIt() {
        Target other = scene.started(DemoGuest.shell());
        Target target = stuck(false);
        assertThat(scene.found(other).state()).isEqualTo(Found.State.RUNNING);
        assertThat(scene.found(target).exit()).isEqualTo(Found.Exit.UNKNOWN);
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void aGuestThatIsKnownToRunIsNotEndedBecauseLibvirtdHangs() {
        Target target = stuck(true);
        ProcessHandle qemu = daemon.qemu(target.instanceId()).orElseThrow();
        assertThat(scene.found(target).state()).isNotEqualTo(Found.State.STOPPED);
        assertThatThrownBy(() -> scene.driver.stop(target.instanceId(), Duration.ZERO))
                .isInstanceOf(DriverException.class);
        assertThat(qemu.isAlive()).isTrue();
        LibvirtDaemon.run("kill", "-CONT", Long.toString(qemu.pid()));
        scene.awaitLog(target, "demo-guest ready");
    }
}
