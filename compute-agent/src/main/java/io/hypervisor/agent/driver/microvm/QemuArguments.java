package io.hypervisor.agent.driver.microvm;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.Nics;
import io.hypervisor.agent.driver.guest.Blueprint;
import io.hypervisor.agent.driver.guest.Blueprint.Disk;
import io.hypervisor.agent.driver.guest.ImageFolders.DirectBoot;
import io.hypervisor.agent.driver.guest.InstanceFolders;
import io.hypervisor.api.internal.v1.Nic;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.ResourceLimits;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A blueprint as QEMU's arguments. Pure; one method per subject. */
final class QemuArguments {
    static final String COMMANDS = "qmp";
    static final String EVENTS = "evt";
    static final String PID = "pid";
    static final String PID_FLAG = "-pidfile";

    /** Whom disks share a limit with. */
    static final String THROTTLE_GROUP = "all";

    // What Linux would look for in vain, and what makes up most of its boot's instructions: tests
    // of
    // its own ciphers. What an instance or image says comes after it and has the last word.
    private static final String LINUX = "8250.nr_uarts=1 cryptomgr.notests ";

    // A microvm has eight places for devices, and one is the random numbers'.
    private static final int MAX_DEVICES = 7;
    private static final String NO_OFFLOAD =
            ",csum=off,host_tso4=off,host_tso6=off,guest_csum=off,guest_tso4=off,guest_tso6=off";

    private final Blueprint blueprint;
    private final MicroVmConfig config;
    private final List<String> arguments = new ArrayList<>();

    private QemuArguments(Blueprint blueprint, MicroVmConfig config) {
        this.blueprint = blueprint;
        this.config = config;
    }

    /** Refuses what a microVM cannot be. */
    static void check(Blueprint blueprint) {
        if (blueprint.kernel().isEmpty()) {
            throw DriverException.permanent(
                    "spec.kernel: missing (expected: a kernel, or an image that has one: a microVM"
                            + " has no firmware that boots a disk)");
        }
        int devices = devices(blueprint);
        if (devices > MAX_DEVICES) {
            throw DriverException.permanent(
                    "spec.disks: value: "
                            + devices
                            + " disks and interfaces (expected: at most "
                            + MAX_DEVICES
                            + " in a microVM)");
        }
        ResourceLimits limits = blueprint.target().spec().getLimits();
        if (limits.getCpuQuota() != 0) {
            throw DriverException.permanent(
                    "spec.limits.cpu_quota: value: "
                            + limits.getCpuQuota()
                            + " (expected: 0, a microVM has whole processors)");
        }
    }

    private static int devices(Blueprint blueprint) {
        return blueprint.disks().size() + blueprint.target().nics().size();
    }

    /**
     * The arguments.
     *
     * @param linux whether the kernel is known to be one
     */
    static List<String> of(Blueprint blueprint, MicroVmConfig config, boolean linux) {
        check(blueprint);
        QemuArguments made = new QemuArguments(blueprint, config);
        made.process();
        made.machine();
        made.boot(blueprint.kernel().orElseThrow(), linux);
        made.console();
        made.disks();
        made.interfaces();
        made.balloon();
        return List.copyOf(made.arguments);
    }

    private void add(String... more) {
        arguments.addAll(List.of(more));
    }

    private Path file(String name) {
        return blueprint.folder().resolve(name);
    }

    /** Within an option a comma is written twice. */
    private static String escaped(Path path) {
        return path.toString().replace(",", ",,");
    }

    private void process() {
        String id = blueprint.target().instanceId();
        add("-name", id, "-uuid", id, PID_FLAG, file(PID).toString());
        add("-nodefaults", "-no-user-config", "-display", "none", "-msg", "timestamp=on");
        String sandbox = "on,obsolete=deny,spawn=deny,resourcecontrol=deny,elevateprivileges=";
        if (config.user().isEmpty()) {
            add("-sandbox", sandbox + "deny");
        } else {
            // It gives up what it has, which the sandbox takes for the same.
            add("-sandbox", sandbox + "allow", "-runas", config.user());
        }
        // Commands and events apart: QEMU serves one client of each at a time.
        for (String socket : List.of(COMMANDS, EVENTS)) {
            add("-qmp", "unix:" + escaped(file(socket)) + ",server=on,wait=off");
        }
        // The guest waits for its network, and its end for somebody who sees it.
        add("-S", "-action", "shutdown=pause,panic=pause,reboot=shutdown");
    }

    private void machine() {
        add("-machine", "microvm,accel=" + (blueprint.kvm() ? "kvm" : "tcg"), "-cpu", "max");
        if (!blueprint.kvm()) {
            // Emulated, it has no clock but one that it measures against instructions. Were that
            // not their number, a busy host would make the kernel give up on it, and hang.
            add("-icount", "shift=auto");
        }
        add("-smp", Integer.toString(blueprint.cpus()));
        add("-m", "size=" + (memoryBytes(blueprint.target().spec()) >> 20) + "M");
        add("-device", "virtio-rng-device");
        // Linux that panics tells it, and is not taken for one that runs.
        add("-device", "pvpanic");
    }

    /** What its machine gets: whole MiB. */
    static long memoryBytes(InstanceSpec spec) {
        return Blueprint.memoryBytes(spec) >> 20 << 20;
    }

    private void boot(DirectBoot boot, boolean linux) {
        add("-kernel", boot.kernel().toString());
        boot.initrd().ifPresent(initrd -> add("-initrd", initrd.toString()));
        String arguments = (linux ? LINUX : "") + boot.arguments();
        if (!arguments.isEmpty()) {
            add("-append", arguments);
        }
    }

    private void console() {
        Path socket = InstanceFolders.consoleSocket(blueprint.folder());
        Path log = InstanceFolders.consoleLog(blueprint.folder());
        add(
                "-chardev",
                "socket,id=tty,server=on,wait=off,path="
                        + escaped(socket)
                        + ",logappend=on,logfile="
                        + escaped(log));
        add("-serial", "chardev:tty");
    }

    private void disks() {
        ResourceLimits limits = blueprint.target().spec().getLimits();
        StringBuilder throttle = new StringBuilder();
        if (limits.getIoReadBps() > 0) {
            throttle.append(",throttling.bps-read=").append(limits.getIoReadBps());
        }
        if (limits.getIoWriteBps() > 0) {
            throttle.append(",throttling.bps-write=").append(limits.getIoWriteBps());
        }
        if (!throttle.isEmpty()) {
            // The limit is of all disks together.
            throttle.append(",throttling.group=").append(THROTTLE_GROUP);
        }
        List<Disk> disks = blueprint.disks();
        for (int i = 0; i < disks.size(); i++) {
            add(
                    "-drive",
                    "if=none,id=disk%d,format=qcow2,file=%s%s"
                            .formatted(i, escaped(disks.get(i).path()), throttle));
            add("-device", "virtio-blk-device,drive=disk" + i);
        }
    }

    /** QEMU makes their devices, which go with it. */
    private void interfaces() {
        List<Nic> nics = blueprint.target().nics();
        for (int i = 0; i < nics.size(); i++) {
            Nic nic = nics.get(i);
            String tap = "tap,id=nic" + i + ",ifname=" + Nics.device(nic);
            add("-netdev", tap + ",script=no,downscript=no");
            String card = "virtio-net-device,netdev=nic" + i + ",mac=" + nic.getMacAddress();
            String mtu = nic.getMtu() == 0 ? "" : ",host_mtu=" + nic.getMtu();
            add("-device", card + mtu + (config.offload() ? "" : NO_OFFLOAD));
        }
    }

    /** What takes memory from the guest while it runs, if a place is left for it. */
    private void balloon() {
        if (devices(blueprint) < MAX_DEVICES) {
            add("-device", "virtio-balloon-device");
        }
    }
}
