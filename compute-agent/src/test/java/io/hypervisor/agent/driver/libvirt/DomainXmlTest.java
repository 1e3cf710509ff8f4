package io.hypervisor.agent.driver.libvirt;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypervisor.agent.driver.Target;
import io.hypervisor.agent.driver.guest.Acceleration;
import io.hypervisor.agent.driver.guest.Blueprint;
import io.hypervisor.agent.driver.guest.Blueprint.Disk;
import io.hypervisor.agent.driver.guest.GuestSwitch;
import io.hypervisor.agent.driver.guest.ImageFile;
import io.hypervisor.agent.driver.guest.ImageFolders.DirectBoot;
import io.hypervisor.agent.driver.libvirt.LibvirtConfig.MachineType;
import io.hypervisor.api.internal.v1.Nic;
import io.hypervisor.api.v1.CpuTopology;
import io.hypervisor.api.v1.Firmware;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.Metadata;
import io.hypervisor.api.v1.ResourceLimits;
import io.hypervisor.api.v1.Watchdog;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

import org.junit.jupiter.api.Test;
import org.w3c.dom.Element;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** Compares with golden files: {@code NAME.xml} beside this test's resources. */
class DomainXmlTest {
    private static final String ID = "0190b6d4-8c1e-7a51-9f3e-0242ac120002";
    private static final Path FOLDER = Path.of("/data/vm", ID);

    private static Target target(String name, InstanceSpec spec) {
        return new Target(ID, 3, 7, name, true, spec, Metadata.getDefaultInstance(), List.of());
    }

    private static String xml(Blueprint blueprint, MachineType machine) {
        DomainRecord record = DomainRecord.of(blueprint.target(), "/data/vm");
        LibvirtConfig config =
                new LibvirtConfig(
                        "qemu:///system",
                        List.of(),
                        Acceleration.AUTO,
                        machine,
                        Optional.of(new GuestSwitch("br-int", false)));
        return DomainXml.of(blueprint, record, config);
    }

    /** With -Dgolden.accept the file becomes what was written; look at the difference then. */
    private static void assertGolden(String name, String actual) throws IOException {
        Path file =
                Path.of("src/test/resources")
                        .resolve(DomainXmlTest.class.getPackageName().replace('.', '/'))
                        .resolve(name);
        if (System.getProperty("golden.accept") != null) {
            Files.writeString(file, actual);
        }
        assertThat(actual).isEqualTo(Files.readString(file));
    }

    @Test
    void kernelAlone() throws IOException {
        InstanceSpec spec =
                InstanceSpec.newBuilder().setCpuCores(2).setMemoryBytes(128 << 20).build();
        DirectBoot boot =
                new DirectBoot(
                        Path.of("/images/demo/kernel"),
                        Optional.of(Path.of("/images/demo/initrd")),
                        "console=ttyS0 quiet");
        Blueprint blueprint =
                new Blueprint(target("web", spec), FOLDER, Optional.of(boot), List.of(), false);
        assertGolden("kernel-alone.xml", xml(blueprint, MachineType.PC));
    }

    @Test
    void disksAndLimits() throws IOException {
        InstanceSpec spec =
                InstanceSpec.newBuilder()
                        .setMemoryBytes(1L << 30)
                        .setLimits(
                                ResourceLimits.newBuilder()
                                        .setCpuQuota(50_000)
                                        .setMemoryLimit(768L << 20)
                                        .setIoReadBps(1_000_000)
                                        .setIoWriteBps(500_000))
                        .build();
        List<Disk> disks =
                List.of(
                        new Disk(
                                FOLDER.resolve("boot.qcow2"),
                                2L << 30,
                                Optional.of(
                                        new ImageFile(
                                                Path.of("/images/debian.raw"), "raw", 2L << 30))),
                        new Disk(FOLDER.resolve("disk-data.qcow2"), 1L << 30, Optional.empty()));
        Blueprint blueprint =
                new Blueprint(target("db", spec), FOLDER, Optional.empty(), disks, true);
        assertGolden("disks-and-limits.xml", xml(blueprint, MachineType.Q35));
    }

    @Test
    void firmwareProcessorsAndWatchdog() throws IOException {
        InstanceSpec spec =
                InstanceSpec.newBuilder()
                        .setCpuCores(2)
                        .setMaxCpuCores(8)
                        .setCpuTopology(
                                CpuTopology.newBuilder().setSockets(2).setCores(2).setThreads(2))
                        .setMemoryBytes(256 << 20)
                        .setFirmware(Firmware.FIRMWARE_UEFI)
                        .setWatchdog(Watchdog.WATCHDOG_FAIL)
                        .build();
        Target target =
                new Target(
                        ID,
                        1,
                        1,
                        "web",
                        false,
                        spec,
                        Metadata.newBuilder()
                                .putAnnotations("cloud-init/user-data", "#cloud-config\n")
                                .build(),
                        List.of());
        List<Disk> disks = List.of(new Disk(FOLDER.resolve("a.qcow2"), 1, Optional.empty()));
        Blueprint blueprint = new Blueprint(target, FOLDER, Optional.empty(), disks, false);
        assertGolden("firmware-processors-watchdog.xml", xml(blueprint, MachineType.PC));
        Element reset =
                Xml.parse(
                        xml(
                                new Blueprint(
                                        target(
                                                "web",
                                                spec.toBuilder()
                                                        .setWatchdog(Watchdog.WATCHDOG_RESET)
                                                        .build()),
                                        FOLDER,
                                        Optional.empty(),
                                        disks,
                                        false),
                                MachineType.PC));
        assertThat(
                        ((Element) reset.getElementsByTagName("watchdog").item(0))
                                .getAttribute("action"))
                .isEqualTo("reset");
    }

    @Test
    void interfacesOfTheUserspaceSwitch() throws IOException {
        Nic plain =
                Nic.newBuilder()
                        .setPortId("0190b6d4-8c1e-7a51-9f3e-0242ac130001")
                        .setMacAddress("02:68:76:00:00:01")
                        .setMtu(1450)
                        .addAddresses("10.0.0.5/24")
                        .build();
        Nic named =
                plain.toBuilder()
                        .setPortId("0190b6d4-8c1e-7a51-9f3e-0242ac130002")
                        .setMacAddress("02:68:76:00:00:02")
                        .setDeviceName("tap-web")
                        .setMtu(0)
                        .build();
        Target target =
                new Target(
                        ID,
                        3,
                        7,
                        "web",
                        false,
                        InstanceSpec.getDefaultInstance(),
                        Metadata.getDefaultInstance(),
                        List.of(plain, named));
        Blueprint blueprint =
                new Blueprint(
                        target,
                        FOLDER,
                        Optional.of(new DirectBoot(Path.of("/k"), Optional.empty(), "")),
                        List.of(),
                        false);
        assertGolden("interfaces.xml", xml(blueprint, MachineType.PC));
        assertThat(InterfaceXml.parse(xml(blueprint, MachineType.PC)))
                .containsExactly(InterfaceXml.known(plain), InterfaceXml.known(named));
        assertThat(InterfaceXml.of(plain, new GuestSwitch("br-int", true)).toString())
                .doesNotContain("csum");
    }

    @Property
    void everyValueComesBackAsItWasOrHarmless(@ForAll String name, @ForAll String arguments) {
        DirectBoot boot = new DirectBoot(Path.of("/k"), Optional.empty(), arguments + "x");
        Blueprint blueprint =
                new Blueprint(
                        target(name, InstanceSpec.getDefaultInstance()),
                        FOLDER,
                        Optional.of(boot),
                        List.of(),
                        false);
        Element domain = Xml.parse(xml(blueprint, MachineType.PC));
        assertThat(domain.getElementsByTagName("devices").getLength()).isEqualTo(1);
        assertThat(domain.getElementsByTagName("title").getLength()).isEqualTo(1);
        if (name.chars().allMatch(c -> c >= 0x20 && c < 0xD800)) {
            assertThat(domain.getElementsByTagName("title").item(0).getTextContent())
                    .isEqualTo(name);
        }
    }

    @Test
    void aRecordIsReadBack() {
        DomainRecord record =
                DomainRecord.of(target("a", InstanceSpec.getDefaultInstance()), "/a&b'\"<c>")
                        .running(Instant.ofEpochSecond(1_700_000_000, 5));
        assertThat(DomainRecord.parse(record.xml().toString())).isEqualTo(record);
        assertThat(DomainRecord.parse(record.namespacedXml().toString())).isEqualTo(record);
    }
}
