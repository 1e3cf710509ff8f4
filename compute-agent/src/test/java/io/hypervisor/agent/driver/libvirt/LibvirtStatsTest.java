package io.hypervisor.agent.driver.libvirt;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypervisor.agent.driver.Nics;
import io.hypervisor.agent.driver.OpenGate;
import io.hypervisor.agent.driver.PrivateSwitch;
import io.hypervisor.agent.driver.Target;
import io.hypervisor.agent.driver.guest.GuestSwitch;
import io.hypervisor.api.internal.v1.Nic;
import io.hypervisor.api.v1.DiskSpec;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceStats;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;

/** What is said of a guest's use, beside what it uses and what the kernel says of its process. */
@Tag("real")
class LibvirtStatsTest {
    private static final long MIB = 1 << 20;
    private static final Duration PATIENCE = Duration.ofSeconds(90);

    private static PrivateSwitch openvswitch;
    private static LibvirtDaemon daemon;
    private static LibvirtScene scene;
    private static Target target;
    private static int commands;

    @BeforeAll
    static void boot() {
        openvswitch = new PrivateSwitch();
        String bridge = openvswitch.bridge();
        openvswitch.vsctl("add-br", bridge, "--", "set", "bridge", bridge, "datapath_type=netdev");
        daemon = LibvirtDaemon.start(openvswitch.folder());
        scene =
                new LibvirtScene(
                        daemon, DemoGuest.images(), Optional.of(new GuestSwitch(bridge, false)));
        scene.driver.ports(new OpenGate());
        InstanceSpec spec =
                DemoGuest.shell().toBuilder()
                        .addDisks(DiskSpec.newBuilder().setName("data").setSizeBytes(32 * MIB))
                        .build();
        Nic nic =
                Nic.newBuilder()
                        .setPortId(UUID.randomUUID().toString())
                        .setMacAddress("02:68:76:00:01:01")
                        .build();
        target = scene.started(spec, nic);
        scene.awaitLog(target, "demo-guest ready", PATIENCE);
    }

    @AfterAll
    static void stop() throws IOException {
        scene.close();
        daemon.close();
        openvswitch.close();
    }

    private static InstanceStats stats() {
        return scene.driver.stats(target.instanceId());
    }

    /** Runs a command in the guest to its end. What is typed is shown too, so that it asks. */
    private static void inGuest(String command) {
        commands++;
        scene.type(target, command + "; echo end-$((0+" + commands + "))");
        scene.awaitLog(target, "end-" + commands, PATIENCE);
    }

    private static Path process() {
        long pid =
                ProcessHandle.allProcesses()
                        .map(ProcessHandle::pid)
                        .filter(p -> commandLine(p).contains(target.instanceId()))
                        .findFirst()
                        .orElseThrow();
        return Path.of("/proc", Long.toString(pid));
    }

    private static String commandLine(long pid) {
        try {
            String line =
                    Files.readString(
                            Path.of("/proc", Long.toString(pid), "cmdline"),
                            StandardCharsets.ISO_8859_1);
            return line.startsWith("/usr/bin/qemu-system") ? line : "";
        } catch (IOException ended) {
            return "";
        }
    }

    /** In hundredths of a second, as the kernel counts. */
    private static long ticks() throws IOException {
        String stat = Files.readString(process().resolve("stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        return Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
    }

    private static long resident() throws IOException {
        return Files.readString(process().resolve("status"))
                .lines()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024)
                .findFirst()
                .orElseThrow();
    }

    @Test
    void processorTimeIsThatOfItsProcess() throws IOException {
        long before = stats().getCpuTimeNs();
        inGuest("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done");
        long least = ticks();
        long said = stats().getCpuTimeNs() / 10_000_000;
        long most = ticks();
        assertThat(said).isBetween(least - 2, most + 2);
        assertThat(stats().getCpuTimeNs()).isGreaterThan(before);
    }

    @Test
    void memoryIsWhatItHolds() throws IOException {
        inGuest("dd if=/dev/zero of=/tmp/a bs=1M count=24");
        long least = resident();
        long said = stats().getMemoryUsedBytes();
        long most = resident();
        assertThat(said).isBetween(least - 4 * MIB, most + 4 * MIB).isGreaterThan(24 * MIB);
    }

    @Test
    void writtenBytesAreThoseOfItsDisks() throws IOException {
        long before = stats().getDiskWriteBytes();
        inGuest(
                "for d in /dev/vd?; do last=$d; done; dd if=/dev/zero of=$last bs=1M count=8;"
                        + " sync");
        assertThat(stats().getDiskWriteBytes() - before)
                .as(scene.log(target))
                .isBetween(8 * MIB, 9 * MIB);
    }

    @Test
    void whatItSendsIsWhatItsInterfaceHasTaken() throws IOException {
        long before = stats().getNetworkTxBytes();
        inGuest("ip link set dev eth0 up; arping -c 3 -w 9 -I eth0 10.99.1.9");
        Path counters =
                Path.of("/sys/class/net", Nics.device(target.nics().getFirst()), "statistics");
        // The guest's own questions come and go.
        long least = number(counters.resolve("rx_bytes"));
        long said = stats().getNetworkTxBytes();
        long most = number(counters.resolve("rx_bytes"));
        assertThat(said).isBetween(least, most);
        assertThat(said - before).isGreaterThanOrEqualTo(3 * 42);
        assertThat(stats().getNetworkRxBytes())
                .isLessThanOrEqualTo(number(counters.resolve("tx_bytes")));
    }

    private static long number(Path file) throws IOException {
        return Long.parseLong(Files.readString(file).strip());
    }
}
