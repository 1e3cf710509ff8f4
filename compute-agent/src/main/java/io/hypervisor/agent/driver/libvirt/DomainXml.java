package io.hypervisor.agent.driver.libvirt;

import io.hypervisor.agent.driver.guest.Blueprint;
import io.hypervisor.agent.driver.guest.Blueprint.Disk;
import io.hypervisor.agent.driver.guest.ImageFile;
import io.hypervisor.agent.driver.guest.ImageFolders.DirectBoot;
import io.hypervisor.agent.driver.guest.InstanceFolders;
import io.hypervisor.agent.driver.libvirt.LibvirtConfig.MachineType;
import io.hypervisor.api.internal.v1.Nic;
import io.hypervisor.api.v1.CpuTopology;
import io.hypervisor.api.v1.Firmware;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.Watchdog;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Writes a blueprint as a libvirt domain. Pure; one method per subject. */
final class DomainXml {
    // Balloon, random numbers, and what carries the guest agent's channel.
    private static final int OTHER_DEVICES = 3;
    private static final int SPARE_DEVICES = 4;
    private static final String FIRMWARE_VARIABLES = "nvram.fd";
    // By this name guest agents find it. libvirt chooses the socket's path, and removes it.
    private static final Xml AGENT =
            Xml.of(
                    "channel",
                    Map.of("type", "unix"),
                    Xml.of("target", Map.of("type", "virtio", "name", "org.qemu.guest_agent.0")));
    private static final List<Xml> NO_SECURE_BOOT =
            List.of(Xml.of("feature", Map.of("enabled", "no", "name", "secure-boot")));

    private final Blueprint blueprint;
    private final Sizes sizes;
    private final DomainRecord record;
    private final LibvirtConfig config;

    private DomainXml(Blueprint blueprint, DomainRecord record, LibvirtConfig config) {
        this.blueprint = blueprint;
        this.sizes = new Sizes(blueprint.target().spec());
        this.record = record;
        this.config = config;
    }

    static String of(Blueprint blueprint, DomainRecord record, LibvirtConfig config) {
        return new DomainXml(blueprint, record, config).domain().toString();
    }

    private Xml domain() {
        String id = blueprint.target().instanceId();
        return Xml.of(
                        "domain",
                        Map.of("type", blueprint.kvm() ? "kvm" : "qemu"),
                        Xml.text("name", id),
                        Xml.text("uuid", id),
                        Xml.text("title", blueprint.target().name()),
                        Xml.of("metadata", record.namespacedXml()),
                        Xml.text("memory", Map.of("unit", "KiB"), sizes.memoryKib()),
                        Xml.text("currentMemory", Map.of("unit", "KiB"), sizes.guestMemoryKib()),
                        vcpu(),
                        sysinfo(id))
                .with(cputune())
                .with(Optional.of(os()))
                .with(Optional.of(Xml.of("features", Xml.of("acpi"), Xml.of("apic"))))
                .with(Optional.of(cpu()))
                .with(Optional.of(Xml.of("clock", Map.of("offset", "utc"))))
                .with(Optional.of(Xml.text("on_poweroff", "destroy")))
                .with(Optional.of(Xml.text("on_reboot", "restart")))
                .with(Optional.of(Xml.text("on_crash", "destroy")))
                .with(Optional.of(Xml.of("devices", devices())));
    }

    /** Tells the guest who it is, where guests look for it. */
    private Xml sysinfo(String id) {
        return Xml.of(
                "sysinfo",
                Map.of("type", "smbios"),
                Xml.of(
                        "system",
                        Xml.text("entry", Map.of("name", "manufacturer"), "hypervisor"),
                        Xml.text("entry", Map.of("name", "product"), "virtual machine"),
                        Xml.text("entry", Map.of("name", "serial"), id)),
                Xml.of(
                        "chassis",
                        Xml.text("entry", Map.of("name", "asset"), blueprint.target().name())));
    }

    private Xml vcpu() {
        return sizes.maxCpus() == sizes.cpus()
                ? Xml.text("vcpu", sizes.cpus())
                : Xml.text(
                        "vcpu", Map.of("current", Integer.toString(sizes.cpus())), sizes.maxCpus());
    }

    private Optional<Xml> cputune() {
        if (sizes.cpuQuota() == 0) {
            return Optional.empty();
        }
        return Optional.of(
                Xml.of(
                        "cputune",
                        Xml.text("global_period", sizes.cpuPeriod()),
                        Xml.text("global_quota", sizes.cpuQuota())));
    }

    private Xml os() {
        String type = config.machine().name().toLowerCase(Locale.ROOT);
        List<Xml> os = new ArrayList<>();
        os.add(Xml.text("type", Map.of("machine", type), "hvm"));
        blueprint.kernel().ifPresent(kernel -> os.addAll(boot(kernel)));
        if (blueprint.kernel().isEmpty()) {
            os.add(Xml.of("boot", Map.of("dev", "hd")));
        }
        os.add(Xml.of("smbios", Map.of("mode", "sysinfo")));
        if (blueprint.target().spec().getFirmware() != Firmware.FIRMWARE_UEFI) {
            return Xml.of("os", os);
        }
        os.add(Xml.of("firmware", NO_SECURE_BOOT));
        os.add(Xml.text("nvram", blueprint.folder().resolve(FIRMWARE_VARIABLES)));
        return new Xml("os", Map.of("firmware", "efi"), List.copyOf(os), "");
    }

    private static List<Xml> boot(DirectBoot kernel) {
        List<Xml> boot = new ArrayList<>();
        boot.add(Xml.text("kernel", kernel.kernel()));
        kernel.initrd().ifPresent(initrd -> boot.add(Xml.text("initrd", initrd)));
        if (!kernel.arguments().isEmpty()) {
            boot.add(Xml.text("cmdline", kernel.arguments()));
        }
        return boot;
    }

    /** With KVM a model that other nodes can have too; emulated, all that QEMU can do. */
    private Xml cpu() {
        Xml cpu = Xml.of("cpu", Map.of("mode", blueprint.kvm() ? "host-model" : "maximum"));
        return cpu.with(topology(blueprint.target().spec()));
    }

    private static Optional<Xml> topology(InstanceSpec spec) {
        if (!spec.hasCpuTopology()) {
            return Optional.empty();
        }
        CpuTopology topology = spec.getCpuTopology();
        return Optional.of(
                Xml.of(
                        "topology",
                        Map.of(
                                "sockets", Integer.toString(topology.getSockets()),
                                "cores", Integer.toString(topology.getCores()),
                                "threads", Integer.toString(topology.getThreads()))));
    }

    /** A watchdog that halts the guest lets us tell that end from others. */
    private static Optional<Xml> watchdog(Watchdog watchdog) {
        return switch (watchdog) {
            case WATCHDOG_UNSPECIFIED, UNRECOGNIZED -> Optional.empty();
            case WATCHDOG_RESET -> Optional.of(watchdog("reset"));
            case WATCHDOG_FAIL -> Optional.of(watchdog("pause"));
        };
    }

    private static Xml watchdog(String action) {
        return Xml.of("watchdog", Map.of("model", "i6300esb", "action", action));
    }

    private List<Xml> devices() {
        List<Xml> devices = new ArrayList<>();
        devices.add(Xml.of("controller", Map.of("type", "usb", "model", "none")));
        devices.addAll(rootPorts());
        List<Disk> disks = blueprint.disks();
        for (int i = 0; i < disks.size(); i++) {
            devices.add(disk(disks.get(i), "vd" + (char) ('a' + i)));
        }
        // After the disks, whose names in the guest it must not change.
        if (Seed.isWanted(blueprint)) {
            devices.add(seed("vd" + (char) ('a' + disks.size())));
        }
        for (Nic nic : blueprint.target().nics()) {
            devices.add(InterfaceXml.of(nic, config.guestSwitch().orElseThrow()));
        }
        devices.addAll(console());
        devices.add(AGENT);
        devices.add(Xml.of("video", Xml.of("model", Map.of("type", "none"))));
        devices.add(
                Xml.of(
                        "memballoon",
                        Map.of("model", "virtio", "freePageReporting", "on"),
                        Xml.of("stats", Map.of("period", "5"))));
        devices.add(
                Xml.of(
                        "rng",
                        Map.of("model", "virtio"),
                        Xml.text("backend", Map.of("model", "random"), "/dev/urandom")));
        devices.add(Xml.of("panic", Map.of("model", "isa")));
        watchdog(blueprint.target().spec().getWatchdog()).ifPresent(devices::add);
        return devices;
    }

    /** PCI Express has a port for each device; only spare ones take what is plugged later. */
    private List<Xml> rootPorts() {
        int disks = blueprint.disks().size() + (Seed.isWanted(blueprint) ? 1 : 0);
        int interfaces = blueprint.target().nics().size();
        int ports = disks + interfaces + OTHER_DEVICES + SPARE_DEVICES;
        Xml port = Xml.of("controller", Map.of("type", "pci", "model", "pcie-root-port"));
        return config.machine() == MachineType.Q35 ? Collections.nCopies(ports, port) : List.of();
    }

    /** The whole chain of files, so that libvirt looks for none in their headers. */
    private Xml disk(Disk disk, String device) {
        return Xml.of(
                        "disk",
                        Map.of("type", "file", "device", "disk"),
                        Xml.of("driver", Map.of("name", "qemu", "type", "qcow2")),
                        Xml.of("source", Map.of("file", disk.path().toString())),
                        disk.base().map(DomainXml::base).orElse(Xml.of("backingStore")),
                        Xml.of("target", Map.of("dev", device, "bus", "virtio")))
                .with(iotune());
    }

    private Xml seed(String device) {
        return Xml.of(
                "disk",
                Map.of("type", "file", "device", "disk"),
                Xml.of("driver", Map.of("name", "qemu", "type", "raw")),
                Xml.of("source", Map.of("file", Seed.file(blueprint.folder()).toString())),
                Xml.of("backingStore"),
                Xml.of("target", Map.of("dev", device, "bus", "virtio")),
                Xml.of("readonly"));
    }

    private static Xml base(ImageFile image) {
        return Xml.of(
                "backingStore",
                Map.of("type", "file"),
                Xml.of("format", Map.of("type", image.format())),
                Xml.of("source", Map.of("file", image.path().toString())),
                Xml.of("backingStore"));
    }

    private Optional<Xml> iotune() {
        List<Xml> tune = new ArrayList<>();
        if (sizes.readBps() > 0) {
            tune.add(Xml.text("read_bytes_sec", sizes.readBps()));
        }
        if (sizes.writeBps() > 0) {
            tune.add(Xml.text("write_bytes_sec", sizes.writeBps()));
        }
        if (tune.isEmpty()) {
            return Optional.empty();
        }
        tune.add(Xml.text("group_name", Connection.DISK_GROUP));
        return Optional.of(Xml.of("iotune", tune));
    }

    /** QEMU appends the log itself, so that it grows while no agent and no libvirtd is there. */
    private List<Xml> console() {
        Path folder = blueprint.folder();
        return List.of(
                Xml.of(
                        "serial",
                        Map.of("type", "unix"),
                        Xml.of(
                                "source",
                                Map.of(
                                        "mode",
                                        "bind",
                                        "path",
                                        InstanceFolders.consoleSocket(folder).toString())),
                        Xml.of(
                                "log",
                                Map.of(
                                        "file",
                                        InstanceFolders.consoleLog(folder).toString(),
                                        "append",
                                        "on")),
                        Xml.of("target", Map.of("port", "0"))),
                Xml.of(
                        "console",
                        Map.of("type", "unix"),
                        Xml.of("target", Map.of("type", "serial", "port", "0"))));
    }
}
