package io.hypervisor.agent.driver.containerd;

import static io.hypervisor.agent.driver.containerd.Json.object;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;

import io.hypervisor.agent.driver.Target;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.ResourceLimits;
import io.hypervisor.api.v1.VolumeMount;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Turns an instance's spec and its image's configuration into an OCI runtime specification: pure,
 * and trusting nobody, for the runtime acts on it as root.
 */
final class OciSpec {
    private static final String PATH =
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    private static final long DEFAULT_PERIOD = 100_000;
    private static final long MAX_SHARES = 262_144;
    // Stops a fork bomb before it takes the machine's process ids; the largest servers use less.
    private static final long DEFAULT_PIDS = 16_384;

    private static final Pattern VOLUME = Pattern.compile("[a-z]([a-z0-9-]{0,61}[a-z0-9])?");
    private static final Pattern ENV_KEY = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");
    // Where the runtime itself mounts, and what would hide the whole image.
    private static final Pattern TAKEN = Pattern.compile("/|/dev|/(proc|sys|dev/pts)(/.*)?");

    private static final List<String> CAPABILITIES =
            List.of(
                    "CAP_CHOWN",
                    "CAP_DAC_OVERRIDE",
                    "CAP_FSETID",
                    "CAP_FOWNER",
                    "CAP_MKNOD",
                    "CAP_NET_RAW",
                    "CAP_SETGID",
                    "CAP_SETUID",
                    "CAP_SETFCAP",
                    "CAP_SETPCAP",
                    "CAP_NET_BIND_SERVICE",
                    "CAP_SYS_CHROOT",
                    "CAP_KILL",
                    "CAP_AUDIT_WRITE");
    private static final List<String> MASKED =
            List.of(
                    "/proc/acpi",
                    "/proc/asound",
                    "/proc/kcore",
                    "/proc/keys",
                    "/proc/latency_stats",
                    "/proc/sched_debug",
                    "/proc/scsi",
                    "/proc/timer_list",
                    "/proc/timer_stats",
                    "/sys/devices/virtual/powercap",
                    "/sys/firmware");
    private static final List<String> READ_ONLY =
            List.of("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger");

    private OciSpec() {}

    /**
     * The specification as JSON.
     *
     * @param config says where named volumes are
     * @throws io.hypervisor.agent.driver.DriverException permanent, when the spec is impossible
     */
    static String json(
            Target target, ImageConfig image, Account account, Host host, ContainerdConfig config) {
        InstanceSpec spec = target.spec();
        return Json.text(
                object(
                        "ociVersion",
                        "1.0.2",
                        "process",
                        process(target, image, account),
                        "root",
                        object("path", "rootfs"),
                        "hostname",
                        checked("name", target.name()),
                        "mounts",
                        mounts(target, config),
                        "annotations",
                        Origin.annotations(spec),
                        "linux",
                        object(
                                "resources",
                                resources(spec, host),
                                "cgroupsPath",
                                "/hypervisor/" + target.instanceId(),
                                "namespaces",
                                namespaces(target),
                                "seccomp",
                                Seccomp.profile(),
                                "maskedPaths",
                                MASKED,
                                "readonlyPaths",
                                READ_ONLY)));
    }

    private static Map<String, Object> process(Target target, ImageConfig image, Account account) {
        InstanceSpec spec = target.spec();
        return object(
                "terminal",
                spec.getTty(),
                "user",
                object(
                        "uid",
                        account.uid(),
                        "gid",
                        account.gid(),
                        "additionalGids",
                        account.groups()),
                "args",
                arguments(spec, image),
                "env",
                environment(target, image),
                "cwd",
                workingDir(spec, image),
                "capabilities",
                object(
                        "bounding", CAPABILITIES,
                        "effective", CAPABILITIES,
                        "permitted", CAPABILITIES),
                "noNewPrivileges",
                true);
    }

    private static List<String> arguments(InstanceSpec spec, ImageConfig image) {
        boolean ownCommand = spec.getCommandCount() > 0;
        List<String> arguments = new ArrayList<>();
        arguments.addAll(ownCommand ? spec.getCommandList() : entrypoint(image));
        // Arguments that an image has are for its own entry point.
        boolean imageArguments = spec.getArgsCount() == 0 && !ownCommand;
        arguments.addAll(imageArguments ? image.command() : spec.getArgsList());
        if (arguments.isEmpty() || arguments.getFirst().isEmpty()) {
            throw Wording.wrong(
                    "spec.command", arguments, "a command, for the image has none of its own");
        }
        arguments.forEach(argument -> checked("spec.command", argument));
        return arguments;
    }

    // One empty text is how a build file takes an inherited entry point away.
    private static List<String> entrypoint(ImageConfig image) {
        return image.entrypoint().equals(List.of("")) ? List.of() : image.entrypoint();
    }

    private static List<String> environment(Target target, ImageConfig image) {
        Map<String, String> env = new LinkedHashMap<>();
        env.put("PATH", PATH);
        env.put("HOSTNAME", "HOSTNAME=" + target.name());
        if (target.spec().getTty()) {
            env.put("TERM", "TERM=xterm");
        }
        for (String entry : image.env()) {
            int equals = entry.indexOf('=');
            env.put(equals < 0 ? entry : entry.substring(0, equals), checked("image", entry));
        }
        target.spec().getEnvMap().keySet().stream()
                .sorted()
                .forEach(key -> env.put(key, entry(key, target.spec().getEnvOrThrow(key))));
        return List.copyOf(env.values());
    }

    private static String entry(String key, String value) {
        if (!ENV_KEY.matcher(key).matches()) {
            throw Wording.wrong("spec.env", key, "keys that match [A-Za-z_][A-Za-z0-9_]*");
        }
        return checked("spec.env[" + key + "]", key + "=" + value);
    }

    private static String workingDir(InstanceSpec spec, ImageConfig image) {
        String own = spec.getWorkingDir();
        if (!own.isEmpty() && !own.startsWith("/")) {
            throw Wording.wrong("spec.working_dir", own, "an absolute path");
        }
        String dir = own.isEmpty() ? image.workingDir() : own;
        return checked("image working directory", dir.startsWith("/") ? dir : "/" + dir);
    }

    private static List<Object> mounts(Target target, ContainerdConfig config) {
        InstanceSpec spec = target.spec();
        List<Object> mounts = new ArrayList<>();
        mounts.add(mount("/proc", "proc", "proc", "nosuid", "noexec", "nodev"));
        mounts.add(
                mount(
                        "/dev",
                        "tmpfs",
                        "tmpfs",
                        "nosuid",
                        "strictatime",
                        "mode=755",
                        "size=65536k"));
        mounts.add(
                mount(
                        "/dev/pts",
                        "devpts",
                        "devpts",
                        "nosuid",
                        "noexec",
                        "newinstance",
                        "ptmxmode=0666",
                        "mode=0620",
                        "gid=5"));
        mounts.add(
                mount(
                        "/dev/shm",
                        "tmpfs",
                        "shm",
                        "nosuid",
                        "noexec",
                        "nodev",
                        "mode=1777",
                        "size=65536k"));
        mounts.add(mount("/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev"));
        mounts.add(mount("/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", "ro"));
        mounts.add(mount("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "noexec", "nodev", "ro"));
        if (isWired(target)) {
            for (String file : Netns.FILES) {
                Path source = config.folder(target.instanceId()).resolve(file);
                mounts.add(mount("/etc/" + file, "bind", source.toString(), "bind", "ro"));
            }
        }
        for (int i = 0; i < spec.getVolumeMountsCount(); i++) {
            mounts.add(volume("spec.volume_mounts[" + i + "]", spec.getVolumeMounts(i), config));
        }
        return mounts;
    }

    private static Map<String, Object> volume(
            String field, VolumeMount volume, ContainerdConfig config) {
        String path = checked(field + ".mount_path", volume.getMountPath());
        Path normal = Path.of(path).normalize();
        boolean plain = path.startsWith("/") && !List.of(path.split("/", -1)).contains("..");
        if (!plain || TAKEN.matcher(normal.toString()).matches()) {
            throw Wording.wrong(
                    field + ".mount_path",
                    path,
                    "an absolute path without \"..\" that is not /, /dev, or in /proc or /sys");
        }
        ContainerdConfig.HostPath source = config.volume(volumeName(field, volume));
        return mount(
                normal.toString(),
                "bind",
                source.path().toString(),
                "rbind",
                "rprivate",
                volume.getReadOnly() || source.readOnly() ? "ro" : "rw");
    }

    /** The name of a volume, if it is one that may become a folder's name. */
    static String volumeName(String field, VolumeMount volume) {
        if (!VOLUME.matcher(volume.getName()).matches()) {
            throw Wording.wrong(
                    field + ".name",
                    volume.getName(),
                    "1-63 lower-case letters, digits and hyphens, beginning with a letter");
        }
        return volume.getName();
    }

    private static Map<String, Object> mount(
            String destination, String type, String source, String... options) {
        return object(
                "destination",
                destination,
                "type",
                type,
                "source",
                source,
                "options",
                List.of(options));
    }

    private static Map<String, Object> resources(InstanceSpec spec, Host host) {
        ResourceLimits limits = spec.getLimits();
        Map<String, Object> resources =
                object(
                        "devices",
                        List.of(object("allow", false, "access", "rwm")),
                        "cpu",
                        cpu(spec, limits),
                        "memory",
                        memory(spec, limits, host),
                        "pids",
                        object("limit", pids(limits)));
        if (limits.getIoReadBps() > 0 || limits.getIoWriteBps() > 0) {
            resources.put("blockIO", speed(limits, host));
        }
        return resources;
    }

    private static long pids(ResourceLimits limits) {
        return limits.getPidsLimit() > 0 ? limits.getPidsLimit() : DEFAULT_PIDS;
    }

    private static Map<String, Object> cpu(InstanceSpec spec, ResourceLimits limits) {
        long cores = Math.max(1, spec.getCpuCores());
        long period = limits.getCpuPeriod() > 0 ? limits.getCpuPeriod() : DEFAULT_PERIOD;
        long most = cores * period;
        long quota = limits.getCpuQuota() > 0 ? Math.min(limits.getCpuQuota(), most) : most;
        return object(
                "shares", Math.min(cores * 1024, MAX_SHARES), "quota", quota, "period", period);
    }

    private static Map<String, Object> memory(InstanceSpec spec, ResourceLimits limits, Host host) {
        long most = spec.getMemoryBytes() > 0 ? spec.getMemoryBytes() : Long.MAX_VALUE;
        long own = limits.getMemoryLimit() > 0 ? limits.getMemoryLimit() : Long.MAX_VALUE;
        if (Math.min(own, most) == Long.MAX_VALUE) {
            return object();
        }
        long limit = Math.min(own, most);
        Map<String, Object> memory = object("limit", limit);
        if (host.limitsSwap()) {
            memory.put("swap", Math.max(limits.getMemorySwap(), limit));
        }
        return memory;
    }

    private static Map<String, Object> speed(ResourceLimits limits, Host host) {
        Host.Disk disk =
                host.disk()
                        .orElseThrow(
                                () ->
                                        Wording.wrong(
                                                "spec.limits.io_read_bps and io_write_bps",
                                                limits.getIoReadBps()
                                                        + " and "
                                                        + limits.getIoWriteBps(),
                                                "0, for this node's disk cannot be limited"));
        Map<String, Object> speed = object();
        if (limits.getIoReadBps() > 0) {
            speed.put("throttleReadBpsDevice", List.of(rate(disk, limits.getIoReadBps())));
        }
        if (limits.getIoWriteBps() > 0) {
            speed.put("throttleWriteBpsDevice", List.of(rate(disk, limits.getIoWriteBps())));
        }
        return speed;
    }

    private static Map<String, Object> rate(Host.Disk disk, long bytesPerSecond) {
        return object("major", disk.major(), "minor", disk.minor(), "rate", bytesPerSecond);
    }

    /** Without interfaces the container is alone in a network namespace of the runtime's. */
    private static List<Object> namespaces(Target target) {
        List<Object> namespaces = new ArrayList<>();
        for (String type : List.of("pid", "ipc", "uts", "mount", "network", "cgroup")) {
            Map<String, Object> namespace = object("type", type);
            if (type.equals("network") && isWired(target)) {
                namespace.put("path", Netns.path(target.instanceId()).toString());
            }
            namespaces.add(namespace);
        }
        return namespaces;
    }

    private static boolean isWired(Target target) {
        return !target.nics().isEmpty();
    }

    /**
     * Whether a specification fits what the instance has now: interfaces, or none; limits; what its
     * process is made of.
     */
    static boolean fits(String json, Target target, Host host) {
        return json.contains(part("path", Netns.path(target.instanceId()).toString()))
                        == isWired(target)
                && json.contains(part("resources", resources(target.spec(), host)))
                && json.contains(part("annotations", Origin.annotations(target.spec())));
    }

    private static String part(String name, Object value) {
        return Json.text(object(name, value)).replaceAll("^\\{|}$", "");
    }

    /** The "resources" of a target's specification. */
    static JsonObject limits(Target target, Host host) {
        String json = Json.text(resources(target.spec(), host));
        return JsonParser.parseString(json).getAsJsonObject();
    }

    // A zero ends a text for the kernel, wherever the rest would have gone.
    private static String checked(String field, String text) {
        if (text.indexOf('\0') >= 0) {
            throw Wording.wrong(field, text, "text without zero characters");
        }
        return text;
    }
}
