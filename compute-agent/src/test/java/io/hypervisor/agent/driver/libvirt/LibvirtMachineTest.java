package io.hypervisor.agent.driver.libvirt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypervisor.agent.driver.Found;
import io.hypervisor.agent.driver.Target;
import io.hypervisor.api.v1.CpuTopology;
import io.hypervisor.api.v1.DiskSpec;
import io.hypervisor.api.v1.Firmware;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.Metadata;
import io.hypervisor.api.v1.ResourceLimits;
import io.hypervisor.api.v1.Watchdog;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** What real guests make of the machine that a spec describes. */
@Tag("real")
class LibvirtMachineTest {
    // The firmware alone takes longer than the guest.
    private static final Duration UEFI_PATIENCE = LibvirtScene.PATIENCE.multipliedBy(4);
    private static final String KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMq me@home";

    @TempDir private static Path images;
    @AutoClose private static LibvirtDaemon daemon;

    @AutoClose private final LibvirtScene scene = new LibvirtScene(daemon, images);

    /** The demo guest, with a disk: an image as users bring it. */
    @BeforeAll
    static void startDaemon() throws IOException {
        Path image = Files.createDirectory(images.resolve("demo-guest"));
        Path demo = DemoGuest.images().resolve("demo-guest");
        for (String file : List.of("kernel", "initrd", "cmdline")) {
            Files.copy(demo.resolve(file), image.resolve(file));
        }
        LibvirtDaemon.run(
                "qemu-img",
                "create",
                "-q",
                "-f",
                "qcow2",
                image.resolve("disk.qcow2").toString(),
                "4M");
        daemon = LibvirtDaemon.start();
    }

    private Target started(InstanceSpec spec, Metadata metadata) {
        Target plain = LibvirtScene.target(spec);
        Target target =
                new Target(plain.instanceId(), 1, 1, "web", false, spec, metadata, List.of());
        scene.driver.create(target);
        scene.driver.start(target);
        boolean uefi = spec.getFirmware() == Firmware.FIRMWARE_UEFI;
        scene.awaitLog(target, "demo-guest ready", uefi ? UEFI_PATIENCE : LibvirtScene.PATIENCE);
        return target;
    }

    private Target with(Target target, InstanceSpec spec, long generation) {
        return new Target(
                target.instanceId(),
                1,
                generation,
                target.name(),
                false,
                spec,
                target.metadata(),
                target.nics());
    }

    private List<String> reshape(Target target) {
        return scene.driver.reshape().orElseThrow().reshape(target);
    }

    @Test
    void aGuestReadsWhoItIsFromItsSeedAndEndsAsFailedByItsWatchdog() {
        Target target =
                started(
                        DemoGuest.shell().toBuilder().setWatchdog(Watchdog.WATCHDOG_FAIL).build(),
                        Metadata.newBuilder()
                                .putAnnotations("cloud-init/user-data", "#cloud-config\nid: $PWD\n")
                                .putAnnotations("cloud-init/network-config", "version: 2\n")
                                .putAnnotations("cloud-init/ssh-authorized-keys", KEY)
                                .build());
        scene.type(target, "modprobe isofs; mount -o ro /dev/vdb /mnt; cd /mnt; head -n 9 *");
        scene.awaitLog(target, "==> user-data <==");
        scene.awaitLog(target, "id: $PWD");
        assertThat(scene.log(target).replace("\r", ""))
                .contains(
                        "\"instance-id\":\"" + target.instanceId() + "\"",
                        "\"local-hostname\":\"web\"",
                        "\"public-keys\":[\"" + KEY + "\"]",
                        "==> network-config <==\nversion: 2\n");
        scene.type(target, "echo x >/dev/vdb || echo read'-'only");
        scene.awaitLog(target, "read-only");
        hang(target);
        await().atMost(LibvirtScene.PATIENCE)
                .until(() -> scene.found(target).exit() == Found.Exit.FAILED);
        assertThat(scene.found(target).state()).isEqualTo(Found.State.STOPPED);
        assertThat(daemon.qemu(target.instanceId())).isEmpty();
    }

    /**
     * Opens the watchdog and never feeds it, as its driver would, which this kernel does not have:
     * two timers of 50 ms, and go.
     */
    private void hang(Target target) {
        for (String line :
                List.of(
                        "d=$(dirname $(grep -l 0x25ab /sys/bus/pci/devices/*/device))",
                        "echo 1 >$d/enable; a=$(head -n 1 $d/resource | cut -d ' ' -f 1)",
                        "unlock() { devmem $((a+12)) 16 0x80; devmem $((a+12)) 16 0x86; }",
                        "unlock; devmem $a 32 50; unlock; devmem $((a+4)) 32 50",
                        "printf '\\002' | dd of=$d/config bs=1 seek=104 conv=notrunc")) {
            scene.type(target, line);
        }
    }

    @Test
    void aGuestThatRunsGetsWhatQemuCanGiveAndTheRestWhenItStarts() {
        DiskSpec disk =
                DiskSpec.newBuilder().setName("root").setBoot(true).setSizeBytes(8 << 20).build();
        InstanceSpec spec = DemoGuest.shell().toBuilder().setMaxCpuCores(2).addDisks(disk).build();
        Target target = started(spec, Metadata.getDefaultInstance());
        assertThat(reshape(target)).isEmpty();

        InstanceSpec larger =
                spec.toBuilder()
                        .setCpuCores(2)
                        .setDisks(0, disk.toBuilder().setSizeBytes(16 << 20))
                        .setLimits(
                                ResourceLimits.newBuilder()
                                        .setMemoryLimit(96L << 20)
                                        .setIoReadBps(7_000_000))
                        .build();
        assertThat(reshape(with(target, larger, 1))).isEmpty();
        // A second time there is nothing left to do.
        assertThat(reshape(with(target, larger, 1))).isEmpty();
        String id = target.instanceId();
        assertThat(daemon.virsh("blkdeviotune", id, "vda"))
                .containsPattern("read_bytes_sec *: 7000000");
        scene.type(
                target,
                "until [ $(cat /sys/block/vda/size)$(cat /sys/devices/system/cpu/present) ="
                        + " 327680-1 ]; do sleep 1; done; echo gr'own'");
        scene.awaitLog(target, "grown");
        scene.type(target, "modprobe virtio_balloon");
        await().atMost(LibvirtScene.PATIENCE)
                .until(() -> daemon.virsh("dominfo", id).contains("Used memory:    98304 KiB"));

        InstanceSpec largest =
                larger.toBuilder()
                        .setCpuCores(3)
                        .setMaxCpuCores(4)
                        .setMemoryBytes(144 << 20)
                        .build();
        assertThat(reshape(with(target, largest, 1)))
                .containsExactly("spec.cpu_cores", "spec.max_cpu_cores", "spec.memory_bytes");
        assertThat(scene.found(target).state()).isEqualTo(Found.State.RUNNING);
        scene.driver.stop(id, Duration.ZERO);
        Target again = with(target, largest, 2);
        assertThat(reshape(again)).isEmpty();
        scene.driver.start(again);
        assertThat(reshape(again)).isEmpty();
        assertThat(daemon.virsh("vcpucount", id, "--live")).contains("3");
        assertThat(daemon.virsh("dominfo", id)).contains("Max memory:     147456 KiB");
        assertThat(daemon.virsh("blkdeviotune", id, "vda"))
                .containsPattern("read_bytes_sec *: 7000000");
    }

    @Test
    void aGuestBootsByUefiAndSeesItsProcessorsAsAsked() throws IOException {
        Target target =
                started(
                        DemoGuest.shell().toBuilder()
                                .setCpuCores(2)
                                .setMemoryBytes(160 << 20)
                                .setCpuTopology(
                                        CpuTopology.newBuilder()
                                                .setSockets(1)
                                                .setCores(2)
                                                .setThreads(1))
                                .setFirmware(Firmware.FIRMWARE_UEFI)
                                .build(),
                        Metadata.getDefaultInstance());
        scene.type(
                target,
                "ls -d /sys/firmware/efi; cat /sys/devices/system/cpu/cpu1/topology/core_cpus_list"
                        + " /sys/devices/system/cpu/cpu1/topology/package_cpus_list | tr '\\n' -");
        scene.awaitLog(target, "1-0-1-");
        assertThat(scene.log(target).replace("\r", "")).contains("\n/sys/firmware/efi\n");
        assertThat(daemon.home().resolve(target.instanceId()).resolve("nvram.fd")).exists();
    }
}
