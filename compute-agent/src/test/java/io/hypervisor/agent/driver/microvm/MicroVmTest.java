package io.hypervisor.agent.driver.microvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.Found;
import io.hypervisor.agent.driver.Target;
import io.hypervisor.agent.driver.guest.Acceleration;
import io.hypervisor.agent.driver.guest.Blueprint;
import io.hypervisor.agent.driver.guest.Blueprint.Disk;
import io.hypervisor.agent.driver.guest.ImageFolders.DirectBoot;
import io.hypervisor.agent.driver.microvm.RunRecord.Phase;
import io.hypervisor.api.internal.v1.Nic;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.Metadata;
import io.hypervisor.api.v1.ResourceLimits;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.file.Path;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/** What is made of record and QEMU's word, and a blueprint's arguments. */
class MicroVmTest {
    private static final String ID = "0195a1b2-0000-7000-8000-000000000001";
    private static final Path FOLDER = Path.of("/data/micro,vm", ID);
    private static final Nic NIC =
            Nic.newBuilder()
                    .setPortId("0195a1b2-0000-7000-8000-00000000beef")
                    .setMacAddress("02:00:00:00:00:01")
                    .setMtu(1400)
                    .build();

    private static RunRecord record(Phase phase) {
        return new RunRecord(
                3, 2, true, phase, Optional.of(Instant.ofEpochSecond(5)), List.of(NIC));
    }

    @ParameterizedTest
    @CsvSource({
        "MAKING, ABSENT, PARTIAL, NONE",
        "NEW, ABSENT, STOPPED, NONE",
        "STARTING, ABSENT, STOPPED, NONE",
        "STARTING, WAITING, STOPPED, NONE",
        "RUNNING, WAITING, STOPPED, NONE",
        "RUNNING, RUNNING, RUNNING, NONE",
        "RUNNING, PAUSED, PAUSED, NONE",
        "RUNNING, BROKEN_DISK, PAUSED, NONE",
        "RUNNING, SILENT, RUNNING, NONE",
        "RUNNING, SHUT_DOWN, STOPPED, CLEAN",
        "RUNNING, CRASHED, STOPPED, FAILED",
        "RUNNING, ABSENT, STOPPED, UNKNOWN",
        "STOPPING, RUNNING, RUNNING, NONE",
        "STOPPING, SHUT_DOWN, STOPPED, STOPPED",
        "STOPPING, ABSENT, STOPPED, STOPPED",
        "ENDED_CLEAN, ABSENT, STOPPED, CLEAN",
        "ENDED_FAILED, ABSENT, STOPPED, FAILED",
        "ENDED_STOPPED, ABSENT, STOPPED, STOPPED",
        "ENDED_UNKNOWN, ABSENT, STOPPED, UNKNOWN",
    })
    void isWhatRecordAndQemuSay(Phase phase, GuestState guest, Found.State state, Found.Exit exit) {
        MicroVm vm = new MicroVm(record(phase), guest);
        MicroVm settled = vm.isNews() ? new MicroVm(vm.ended(), GuestState.ABSENT) : vm;
        Found found = settled.found(ID);
        assertThat(found.state()).isEqualTo(state);
        assertThat(found.exit()).isEqualTo(exit);
        assertThat(found.epoch()).isEqualTo(3);
        assertThat(found.runGeneration()).isEqualTo(2);
        assertThat(found.local()).isTrue();
        assertThat(settled.isNews()).isFalse();
    }

    @Test
    void aRecordIsReadAsItWasWritten() {
        for (Phase phase : Phase.values()) {
            assertThat(RunRecord.parse(record(phase).write())).isEqualTo(record(phase));
        }
        assertThatThrownBy(() -> RunRecord.parse("{}"))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private static Blueprint blueprint(InstanceSpec spec, int disks, boolean kvm) {
        Target target =
                new Target(
                        ID, 1, 1, "web", false, spec, Metadata.getDefaultInstance(), List.of(NIC));
        Disk disk = new Disk(FOLDER.resolve("disk-a.qcow2"), 1 << 20, Optional.empty());
        DirectBoot boot =
                new DirectBoot(
                        Path.of("/images/k"), Optional.of(Path.of("/images/i")), "console=ttyS0");
        return new Blueprint(
                target, FOLDER, Optional.of(boot), Collections.nCopies(disks, disk), kvm);
    }

    private static List<String> arguments(Blueprint blueprint, String user, boolean offload) {
        return QemuArguments.of(
                blueprint, new MicroVmConfig(List.of(), Acceleration.AUTO, user, offload), true);
    }

    @Test
    void argumentsOfEverything() {
        InstanceSpec spec =
                InstanceSpec.newBuilder()
                        .setCpuCores(2)
                        .setMemoryBytes(64 << 20)
                        .setLimits(ResourceLimits.newBuilder().setIoReadBps(100).setIoWriteBps(200))
                        .build();
        String folder = "/data/micro,vm/" + ID;
        String option = "/data/micro,,vm/" + ID;
        assertThat(arguments(blueprint(spec, 1, false), "nobody", false))
                .containsExactly(
                        "-name",
                        ID,
                        "-uuid",
                        ID,
                        "-pidfile",
                        folder + "/pid",
                        "-nodefaults",
                        "-no-user-config",
                        "-display",
                        "none",
                        "-msg",
                        "timestamp=on",
                        "-sandbox",
                        "on,obsolete=deny,spawn=deny,resourcecontrol=deny,elevateprivileges=allow",
                        "-runas",
                        "nobody",
                        "-qmp",
                        "unix:" + option + "/qmp,server=on,wait=off",
                        "-qmp",
                        "unix:" + option + "/evt,server=on,wait=off",
                        "-S",
                        "-action",
                        "shutdown=pause,panic=pause,reboot=shutdown",
                        "-machine",
                        "microvm,accel=tcg",
                        "-cpu",
                        "max",
                        "-icount",
                        "shift=auto",
                        "-smp",
                        "2",
                        "-m",
                        "size=64M",
                        "-device",
                        "virtio-rng-device",
                        "-device",
                        "pvpanic",
                        "-kernel",
                        "/images/k",
                        "-initrd",
                        "/images/i",
                        "-append",
                        "8250.nr_uarts=1 cryptomgr.notests console=ttyS0",
                        "-chardev",
                        "socket,id=tty,server=on,wait=off,path="
                                + option
                                + "/tty,logappend=on,logfile="
                                + option
                                + "/console.log",
                        "-serial",
                        "chardev:tty",
                        "-drive",
                        "if=none,id=disk0,format=qcow2,file="
                                + option
                                + "/disk-a.qcow2,throttling.bps-read=100,throttling.bps-write=200,"
                                + "throttling.group=all",
                        "-device",
                        "virtio-blk-device,drive=disk0",
                        "-netdev",
                        "tap,id=nic0,ifname=hv-00000000beef,script=no,downscript=no",
                        "-device",
                        "virtio-net-device,netdev=nic0,mac=02:00:00:00:00:01,host_mtu=1400,"
                                + "csum=off,host_tso4=off,host_tso6=off,guest_csum=off,"
                                + "guest_tso4=off,guest_tso6=off",
                        "-device",
                        "virtio-balloon-device");
    }

    @Test
    void argumentsWithKvmAndTheKernelsDatapath() {
        InstanceSpec spec = InstanceSpec.getDefaultInstance();
        List<String> arguments = arguments(blueprint(spec, 0, true), "", true);
        assertThat(arguments)
                .contains("microvm,accel=kvm")
                .contains("on,obsolete=deny,spawn=deny,resourcecontrol=deny,elevateprivileges=deny")
                .contains("virtio-net-device,netdev=nic0,mac=02:00:00:00:00:01,host_mtu=1400")
                .doesNotContain("-icount", "-runas");
    }

    @Test
    void whatIsNotKnownToBeLinuxIsToldOnlyWhatItsOwnerSays() {
        Blueprint blueprint = blueprint(InstanceSpec.getDefaultInstance(), 0, false);
        MicroVmConfig config = new MicroVmConfig(List.of(), Acceleration.AUTO, "", false);
        assertThat(QemuArguments.of(blueprint, config, false))
                .containsSequence("-append", "console=ttyS0");
    }

    @Test
    void whatAMicroVmCannotBeIsRefused() {
        InstanceSpec spec = InstanceSpec.getDefaultInstance();
        assertRefused(blueprint(spec, 7, false), "spec.disks: value: 8 disks and interfaces");
        assertThat(arguments(blueprint(spec, 6, false), "", false))
                .doesNotContain("virtio-balloon-device");
        Blueprint plain = blueprint(spec, 0, false);
        assertRefused(
                new Blueprint(plain.target(), FOLDER, Optional.empty(), List.of(), false),
                "spec.kernel: missing");
        InstanceSpec quota =
                InstanceSpec.newBuilder()
                        .setLimits(ResourceLimits.newBuilder().setCpuQuota(20_000))
                        .build();
        assertRefused(blueprint(quota, 0, false), "spec.limits.cpu_quota: value: 20000");
    }

    private static void assertRefused(Blueprint blueprint, String message) {
        assertThatThrownBy(() -> QemuArguments.check(blueprint))
                .isInstanceOf(DriverException.class)
                .hasMessageContaining(message)
                .matches(e -> ((DriverException) e).isPermanent());
    }
}
