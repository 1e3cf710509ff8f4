package io.hypervisor.agent.driver.libvirt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.Found;
import io.hypervisor.agent.driver.Target;
import io.hypervisor.agent.driver.guest.TinyGuest;
import io.hypervisor.api.v1.DiskSpec;
import io.hypervisor.api.v1.Firmware;
import io.hypervisor.api.v1.Metadata;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** What is left of machines when half of what makes one is lost, and what is somebody else's. */
@Tag("real")
class LibvirtOrphansTest {
    @TempDir private static Path images;
    @AutoClose private static LibvirtDaemon daemon;

    @AutoClose private final LibvirtScene scene = new LibvirtScene(daemon, images);

    @BeforeAll
    static void startDaemon() {
        TinyGuest.make(images);
        daemon = LibvirtDaemon.start();
    }

    /** What may be left, and what it is found as. */
    enum Left {
        FOLDER(Found.State.PARTIAL, 0),
        FILES_OF_AN_UNDEFINED_DOMAIN(Found.State.PARTIAL, 3),
        DOMAIN_WITHOUT_FOLDER(Found.State.STOPPED, 3),
        RUNNING_WITHOUT_FOLDER(Found.State.RUNNING, 3),
        RUNNING_AND_UNDEFINED(Found.State.RUNNING, 3),
        RUNNING_AND_LOST(Found.State.RUNNING, 3),
        RUNNING_AND_LOST_WITHOUT_DOMAIN(Found.State.RUNNING, 3),
        PROCESS(Found.State.RUNNING, 0);

        private final Found.State state;
        private final long epoch;

        Left(Found.State state, long epoch) {
            this.state = state;
            this.epoch = epoch;
        }
    }

    /** One with all kinds of files: a disk, a seed, the firmware's variables. */
    private static Target target() {
        return target(UUID.randomUUID().toString(), 1);
    }

    private static Target target(String id, long generation) {
        return new Target(
                id,
                3,
                generation,
                "left",
                false,
                TinyGuest.echo().toBuilder()
                        .setFirmware(Firmware.FIRMWARE_UEFI)
                        .addDisks(DiskSpec.newBuilder().setName("d").setSizeBytes(1 << 20))
                        .build(),
                Metadata.newBuilder().putAnnotations("cloud-init/user-data", "#!/bin/sh\n").build(),
                List.of());
    }

    private String leave(Left left, Target target) throws IOException {
        String id = target.instanceId();
        Path folder = daemon.home().resolve(id);
        if (left == Left.FOLDER) {
            Files.writeString(Files.createDirectories(folder).resolve("console.log"), "said");
            return id;
        }
        scene.driver.create(target);
        if (left != Left.DOMAIN_WITHOUT_FOLDER) {
            scene.driver.start(target);
            assertThat(folder)
                    .isDirectoryContaining("glob:**disk-d.qcow2")
                    .isDirectoryContaining("glob:**seed.iso")
                    .isDirectoryContaining("glob:**nvram.fd")
                    .isDirectoryContaining("glob:**tty")
                    .isDirectoryContaining("glob:**console.log");
        }
        switch (left) {
            case FOLDER -> throw new IllegalStateException();
            case FILES_OF_AN_UNDEFINED_DOMAIN -> {
                daemon.virsh("destroy", id);
                daemon.virsh("undefine", id, "--keep-nvram");
            }
            case DOMAIN_WITHOUT_FOLDER, RUNNING_WITHOUT_FOLDER ->
                    LibvirtDaemon.run("rm", "-r", folder.toString());
            case RUNNING_AND_UNDEFINED -> daemon.virsh("undefine", id, "--keep-nvram");
            case RUNNING_AND_LOST -> daemon.loseWhatRuns();
            case RUNNING_AND_LOST_WITHOUT_DOMAIN -> daemon.loseEverything();
            case PROCESS -> {
                LibvirtDaemon.run("rm", "-r", folder.toString());
                daemon.loseEverything();
            }
        }
        await().atMost(LibvirtScene.PATIENCE).until(() -> scene.driver.health().healthy());
        return id;
    }

    @ParameterizedTest
    @EnumSource
    void whatIsLeftOfOursIsFoundAndRemoved(Left left) throws IOException {
        String id = leave(left, target());
        assertThat(scene.driver.list())
                .singleElement()
                .satisfies(
                        found -> {
                            assertThat(found.instanceId()).isEqualTo(id);
                            assertThat(found.state()).isEqualTo(left.state);
                            assertThat(found.epoch()).isEqualTo(left.epoch);
                            assertThat(found.local()).isFalse();
                        });
        scene.driver.destroy(id);
        assertThat(scene.driver.list()).isEmpty();
        assertThat(daemon.virsh("list", "--all", "--uuid")).isBlank();
        assertThat(LibvirtDaemon.processes(id)).isEmpty();
        assertThat(daemon.home().resolve(id)).doesNotExist();
    }

    @Test
    void aDiskThatIsThereIsNotMadeAgain() throws IOException {
        Target target = target();
        String id = leave(Left.FILES_OF_AN_UNDEFINED_DOMAIN, target);
        String disk = daemon.home().resolve(id).resolve("disk-d.qcow2").toString();
        LibvirtDaemon.run("qemu-io", "-f", "qcow2", "-c", "write -P 0x5a 0 4096", disk);
        scene.driver.create(target);
        assertThat(LibvirtDaemon.run("qemu-io", "-f", "qcow2", "-c", "read -P 0x5a 0 4096", disk))
                .contains("read 4096/4096 bytes")
                .doesNotContain("failed");
        scene.driver.destroy(id);
    }

    @Test
    void aGuestThatLibvirtLostIsNotStartedAgainBesideItself() throws IOException {
        Target target = target();
        String id = leave(Left.RUNNING_AND_LOST, target);
        List<ProcessHandle> runs = LibvirtDaemon.processes(id);
        assertThat(runs).hasSize(1);
        assertThat(daemon.virsh("domstate", id)).contains("shut off");
        assertThat(scene.found(target).reason()).contains("libvirt has lost it");
        // Without us, QEMU's lock of the disk is all that is between them.
        assertThatThrownBy(() -> daemon.virsh("start", id)).hasMessageContaining("\"write\" lock");

        scene.driver.start(target);
        Target again = target(id, 2);
        assertThatThrownBy(() -> scene.driver.start(again))
                .isInstanceOf(DriverException.class)
                .hasMessageContaining("runs under generation 1");
        assertThat(LibvirtDaemon.processes(id)).isEqualTo(runs);
        scene.driver.stop(id, Duration.ofDays(1));
        assertThat(LibvirtDaemon.processes(id)).isEmpty();
        assertThat(scene.found(target).exit()).isEqualTo(Found.Exit.STOPPED);
        scene.driver.start(again);
        assertThat(scene.found(target).reason()).isEmpty();
        assertThat(daemon.virsh("domstate", id)).contains("running");
    }

    @Test
    void aGuestThatLibvirtLostWithItsDomainIsNotMadeAgainBesideItself() throws IOException {
        Target target = target();
        String id = leave(Left.RUNNING_AND_LOST_WITHOUT_DOMAIN, target);
        assertThatThrownBy(() -> scene.driver.create(target))
                .isInstanceOf(DriverException.class)
                .hasMessageContaining("libvirt has lost it (expected: ended)");
        scene.driver.stop(id, Duration.ofDays(1));
        assertThat(LibvirtDaemon.processes(id)).isEmpty();
        assertThat(scene.found(target).state()).isEqualTo(Found.State.PARTIAL);
        scene.driver.create(target);
        scene.driver.start(target);
        assertThat(daemon.virsh("domstate", id)).contains("running");
    }

    /** Its processors wait for a word of libvirt that does not come. */
    @Test
    void aGuestThatLibvirtLostWhileItStartedIsEnded() throws IOException {
        Target target = target();
        String id = leave(Left.RUNNING_AND_LOST, target);
        scene.write(target, DomainRecord.of(target, daemon.home().toString()).starting(target));
        assertThat(scene.found(target).state()).isEqualTo(Found.State.STOPPED);
        assertThat(scene.found(target).exit()).isEqualTo(Found.Exit.UNKNOWN);
        assertThat(LibvirtDaemon.processes(id)).isEmpty();
    }

    @Test
    void whatIsNotOursIsNotTouched() throws IOException {
        String theirs = UUID.randomUUID().toString();
        String others = UUID.randomUUID().toString();
        String file = UUID.randomUUID().toString();
        define(theirs, "");
        define(
                others,
                new DomainRecord(
                                "/other/vm",
                                1,
                                1,
                                false,
                                DomainRecord.Phase.NEW,
                                Optional.empty(),
                                "")
                        .namespacedXml()
                        .toString());
        daemon.virsh("start", theirs);
        Path notes = Files.createDirectories(daemon.home().resolve("notes"));
        Path plain = Files.writeString(daemon.home().resolve(file), "a file");
        try {
            assertThat(scene.driver.list()).isEmpty();
            for (String id : List.of(theirs, others)) {
                assertThatThrownBy(() -> scene.driver.destroy(id))
                        .isInstanceOf(DriverException.class)
                        .hasMessageContaining("is not this agent's");
            }
            scene.driver.destroy(file);
            assertThat(daemon.virsh("list", "--uuid")).contains(theirs);
            assertThat(daemon.virsh("list", "--all", "--uuid")).contains(others);
            assertThat(notes).exists();
            assertThat(plain).exists();
        } finally {
            daemon.virsh("destroy", theirs);
            daemon.virsh("undefine", theirs);
            daemon.virsh("undefine", others);
            Files.deleteIfExists(notes);
            Files.deleteIfExists(plain);
        }
    }

    private static void define(String id, String metadata) throws IOException {
        Path xml = Files.createTempFile(images, "domain", ".xml");
        Files.writeString(
                xml,
                """
                <domain type='qemu'>
                  <name>%s</name>
                  <uuid>%s</uuid>
                  <metadata>%s</metadata>
                  <memory unit='MiB'>16</memory>
                  <os><type machine='pc'>hvm</type></os>
                </domain>
                """
                        .formatted(id, id, metadata));
        daemon.virsh("define", xml.toString());
    }
}
