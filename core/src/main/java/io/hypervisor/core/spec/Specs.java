package io.hypervisor.core.spec;

import io.hypervisor.api.v1.CpuTopology;
import io.hypervisor.api.v1.DiskSpec;
import io.hypervisor.api.v1.Firmware;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.Metadata;
import io.hypervisor.api.v1.NetworkSpec;
import io.hypervisor.api.v1.ResourceLimits;
import io.hypervisor.api.v1.RestartPolicy;
import io.hypervisor.api.v1.VolumeMount;
import io.hypervisor.core.Violations;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/** Checks instance specs and writes their defaults out. Field names begin with "spec.". */
public final class Specs {
    /** Written out when a spec asks for no memory. */
    public static final long DEFAULT_MEMORY_BYTES = 512L << 20;

    /** What instances can be. */
    public static final Set<InstanceType> TYPES =
            Set.of(
                    InstanceType.INSTANCE_TYPE_VM,
                    InstanceType.INSTANCE_TYPE_CONTAINER,
                    InstanceType.INSTANCE_TYPE_MICROVM);

    private static final String EXPECTED_TYPE =
            "INSTANCE_TYPE_VM, INSTANCE_TYPE_CONTAINER or INSTANCE_TYPE_MICROVM";
    private static final long MIB = 1L << 20;
    private static final long TIB = 1L << 40;
    private static final long DEFAULT_CPU_PERIOD = 100_000;
    private static final int MAX_CPUS = 512;
    // All processors for the longest period.
    private static final long MAX_CPU_QUOTA = MAX_CPUS * 1_000_000L;
    private static final long MAX_SWAP = 32 * TIB;
    private static final int MAX_DISKS = 16;
    private static final int MAX_GROUPS = 16;
    private static final int MAX_MOUNTS = 32;
    private static final int MAX_ENTRIES = 256;
    private static final int MAX_TEXT = 64 * 1024;
    private static final int MAX_KERNEL_ARGS = 2048;
    private static final int MAX_PATH = 255;
    private static final long MAX_PIDS = 4_194_304;
    private static final String ACCOUNT = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}";
    private static final Pattern USER = Pattern.compile(ACCOUNT + "(:" + ACCOUNT + ")?");
    private static final Pattern ENV_KEY = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

    private Specs() {}

    /** Adds everything that is wrong with an instance's type and spec, before or after defaults. */
    public static Violations check(Violations v, InstanceType type, InstanceSpec spec) {
        v.range("spec.cpu_cores", spec.getCpuCores(), 0, MAX_CPUS);
        v.known("spec.restart_policy", spec.getRestartPolicy(), spec.getRestartPolicyValue());
        checkLimits(v, spec);
        checkNetwork(v, spec.hasNetwork() ? spec.getNetwork() : NetworkSpec.getDefaultInstance());
        switch (type) {
            case INSTANCE_TYPE_VM -> {
                checkVm(v, spec);
                checkMachine(v, spec);
            }
            case INSTANCE_TYPE_MICROVM -> {
                checkVm(v, spec);
                checkNoMachine(v, spec);
                long quota = spec.getLimits().getCpuQuota();
                v.check(quota == 0, "spec.limits.cpu_quota", quota, "0 for a microVM");
            }
            case INSTANCE_TYPE_CONTAINER -> {
                checkContainer(v, spec);
                checkNoMachine(v, spec);
            }
            case INSTANCE_TYPE_UNSPECIFIED, UNRECOGNIZED -> v.add("type", type, EXPECTED_TYPE);
        }
        return v;
    }

    /** Adds a violation for a type that no instance has. */
    public static void checkType(Violations v, InstanceType type, int number) {
        v.check(TYPES.contains(type), "type", number, EXPECTED_TYPE);
    }

    /** Adds everything that is wrong with labels and annotations; fields begin with "metadata.". */
    public static Violations check(Violations v, Metadata metadata) {
        return checkMetadata(v, "metadata.", metadata.getLabelsMap(), metadata.getAnnotationsMap());
    }

    /** The same for requests that carry labels and annotations under another prefix, maybe "". */
    public static Violations checkMetadata(
            Violations v,
            String prefix,
            Map<String, String> labels,
            Map<String, String> annotations) {
        String field = prefix + "annotations";
        v.labels(prefix + "labels", labels).annotations(field, annotations);
        return CloudInit.check(v, field, annotations);
    }

    /** A checked spec with its defaults written out. */
    public static InstanceSpec withDefaults(InstanceType type, InstanceSpec spec) {
        InstanceSpec.Builder full = spec.toBuilder();
        if (spec.getCpuCores() == 0) {
            full.setCpuCores(1);
        }
        if (spec.getMemoryBytes() == 0) {
            full.setMemoryBytes(DEFAULT_MEMORY_BYTES);
        }
        if (spec.getRestartPolicy() == RestartPolicy.RESTART_POLICY_UNSPECIFIED) {
            full.setRestartPolicy(RestartPolicy.RESTART_POLICY_ON_FAILURE);
        }
        if (spec.getLimits().getCpuQuota() > 0 && spec.getLimits().getCpuPeriod() == 0) {
            full.getLimitsBuilder().setCpuPeriod(DEFAULT_CPU_PERIOD);
        }
        if (type == InstanceType.INSTANCE_TYPE_VM
                && spec.getFirmware() == Firmware.FIRMWARE_UNSPECIFIED) {
            full.setFirmware(Firmware.FIRMWARE_BIOS);
        }
        return full.build();
    }

    private static void checkVm(Violations v, InstanceSpec spec) {
        checkMemory(v, spec, 16 * MIB, 16 * TIB);
        if (!spec.getImage().isEmpty() || spec.getKernel().isEmpty()) {
            v.check(
                    ImageRefs.isFile(spec.getImage()),
                    "spec.image",
                    spec.getImage(),
                    ImageRefs.EXPECTED_FILE);
        }
        checkDisks(v, spec);
        checkBoot(v, spec);
        none(v, "spec.command", spec.getCommandCount(), "containers only");
        none(v, "spec.args", spec.getArgsCount(), "containers only");
        none(v, "spec.env", spec.getEnvCount(), "containers only");
        none(v, "spec.volume_mounts", spec.getVolumeMountsCount(), "containers only");
        v.check(!spec.getTty(), "spec.tty", true, "false: containers only");
        empty(v, "spec.user", spec.getUser(), "containers only");
        empty(v, "spec.working_dir", spec.getWorkingDir(), "containers only");
        long pids = spec.getLimits().getPidsLimit();
        v.check(pids == 0, "spec.limits.pids_limit", pids, "0: containers only");
    }

    private static void checkMachine(Violations v, InstanceSpec spec) {
        v.known("spec.firmware", spec.getFirmware(), spec.getFirmwareValue());
        v.known("spec.watchdog", spec.getWatchdog(), spec.getWatchdogValue());
        int cpus = Math.max(1, spec.getCpuCores());
        if (spec.getMaxCpuCores() != 0) {
            v.range("spec.max_cpu_cores", spec.getMaxCpuCores(), cpus, MAX_CPUS);
        }
        if (spec.hasCpuTopology()) {
            String field = "spec.cpu_topology";
            CpuTopology topology = spec.getCpuTopology();
            v.range(field + ".sockets", topology.getSockets(), 1, MAX_CPUS);
            v.range(field + ".cores", topology.getCores(), 1, MAX_CPUS);
            v.range(field + ".threads", topology.getThreads(), 1, MAX_CPUS);
            long product =
                    (long) topology.getSockets() * topology.getCores() * topology.getThreads();
            long all = Math.max(cpus, spec.getMaxCpuCores());
            v.check(
                    product == all,
                    field,
                    product + " processors",
                    "sockets * cores * threads = max_cpu_cores, or cpu_cores if that is 0: " + all);
        }
    }

    private static void checkNoMachine(Violations v, InstanceSpec spec) {
        v.check(
                spec.getFirmwareValue() == 0,
                "spec.firmware",
                spec.getFirmwareValue(),
                "none: VMs only");
        v.check(
                spec.getWatchdogValue() == 0,
                "spec.watchdog",
                spec.getWatchdogValue(),
                "none: VMs only");
        v.check(
                spec.getMaxCpuCores() == 0,
                "spec.max_cpu_cores",
                spec.getMaxCpuCores(),
                "0: VMs only");
        v.check(!spec.hasCpuTopology(), "spec.cpu_topology", "given", "absent: VMs only");
    }

    private static void checkContainer(Violations v, InstanceSpec spec) {
        checkMemory(v, spec, 4 * MIB, 16 * TIB);
        v.check(
                ImageRefs.isReference(spec.getImage()),
                "spec.image",
                spec.getImage(),
                ImageRefs.EXPECTED_REFERENCE);
        v.check(
                spec.getDisksCount() == 0,
                "spec.disks",
                spec.getDisksCount() + " disks",
                "none: VMs only");
        empty(v, "spec.kernel", spec.getKernel(), "VMs only");
        empty(v, "spec.initrd", spec.getInitrd(), "VMs only");
        empty(v, "spec.kernel_args", spec.getKernelArgs(), "VMs only");
        checkArguments(v, "spec.command", spec.getCommandList());
        checkArguments(v, "spec.args", spec.getArgsList());
        checkEnv(v, spec.getEnvMap());
        checkMounts(v, spec.getVolumeMountsList());
        String user = spec.getUser();
        v.check(
                user.isEmpty() || USER.matcher(user).matches(),
                "spec.user",
                user,
                "USER or USER:GROUP, each 1-63 letters, digits and _.-");
        String dir = spec.getWorkingDir();
        v.check(
                dir.isEmpty()
                        || dir.equals("/")
                        || (dir.length() <= MAX_PATH && Texts.isSafePath(dir)),
                "spec.working_dir",
                dir,
                "an absolute path without '.' or '..', at most 255 characters");
        v.range("spec.limits.pids_limit", spec.getLimits().getPidsLimit(), 0, MAX_PIDS);
    }

    private static void none(Violations v, String field, int entries, String why) {
        v.check(entries == 0, field, entries + " entries", "none: " + why);
    }

    private static void empty(Violations v, String field, String value, String why) {
        v.check(value.isEmpty(), field, value, "empty: " + why);
    }

    private static void checkMemory(Violations v, InstanceSpec spec, long least, long most) {
        if (spec.getMemoryBytes() != 0) {
            v.range("spec.memory_bytes", spec.getMemoryBytes(), least, most);
        }
    }

    private static void checkDisks(Violations v, InstanceSpec spec) {
        v.check(
                spec.getDisksCount() <= MAX_DISKS,
                "spec.disks",
                spec.getDisksCount() + " disks",
                "at most 16");
        Set<String> names = new HashSet<>();
        int boots = 0;
        for (int i = 0; i < spec.getDisksCount(); i++) {
            DiskSpec disk = spec.getDisks(i);
            String field = "spec.disks[" + i + "].";
            v.name(field + "name", disk.getName());
            v.check(
                    names.add(disk.getName()),
                    field + "name",
                    disk.getName(),
                    "unique within the instance");
            if (!disk.getBoot() || disk.getSizeBytes() != 0) {
                v.range(field + "size_bytes", disk.getSizeBytes(), MIB, 64 * TIB);
            }
            v.check(
                    disk.getType().isEmpty() || disk.getType().equals("local"),
                    field + "type",
                    disk.getType(),
                    "\"\" or \"local\"");
            boots += disk.getBoot() ? 1 : 0;
            v.check(
                    !disk.getBoot() || !spec.getImage().isEmpty(),
                    field + "boot",
                    true,
                    "false without an image");
        }
        v.check(boots <= 1, "spec.disks", boots + " boot disks", "at most one");
    }

    private static void checkBoot(Violations v, InstanceSpec spec) {
        boolean direct = !spec.getKernel().isEmpty();
        v.check(
                !direct || ImageRefs.isFile(spec.getKernel()),
                "spec.kernel",
                spec.getKernel(),
                ImageRefs.EXPECTED_FILE);
        v.check(
                spec.getInitrd().isEmpty() || direct,
                "spec.initrd",
                spec.getInitrd(),
                "empty without a kernel");
        v.check(
                spec.getInitrd().isEmpty() || ImageRefs.isFile(spec.getInitrd()),
                "spec.initrd",
                spec.getInitrd(),
                ImageRefs.EXPECTED_FILE);
        String args = spec.getKernelArgs();
        v.check(args.isEmpty() || direct, "spec.kernel_args", args, "empty without a kernel");
        v.check(
                args.length() <= MAX_KERNEL_ARGS && Texts.isPrintableAscii(args),
                "spec.kernel_args",
                args,
                "at most 2048 printable ASCII characters");
    }

    private static void checkArguments(Violations v, String field, List<String> values) {
        v.check(values.size() <= MAX_ENTRIES, field, values.size() + " entries", "at most 256");
        long bytes = Texts.bytes(values);
        v.check(bytes <= MAX_TEXT, field, bytes + " bytes", "at most 65536 in all");
        for (int i = 0; i < values.size(); i++) {
            // Scripts have lines and tabs; only NUL cannot be passed to a process.
            v.text(field + "[" + i + "]", values.get(i));
        }
    }

    private static void checkEnv(Violations v, Map<String, String> env) {
        v.check(env.size() <= MAX_ENTRIES, "spec.env", env.size() + " entries", "at most 256");
        long bytes = Texts.bytes(env.keySet()) + Texts.bytes(env.values());
        v.check(bytes <= MAX_TEXT, "spec.env", bytes + " bytes", "at most 65536 in all");
        env.forEach(
                (key, value) -> {
                    v.check(
                            ENV_KEY.matcher(key).matches(),
                            "spec.env",
                            key,
                            "keys matching [A-Za-z_][A-Za-z0-9_]*");
                    v.secret("spec.env[" + key + "]", value);
                });
    }

    private static void checkMounts(Violations v, List<VolumeMount> mounts) {
        v.check(
                mounts.size() <= MAX_MOUNTS,
                "spec.volume_mounts",
                mounts.size() + " entries",
                "at most 32");
        Set<String> paths = new HashSet<>();
        for (int i = 0; i < mounts.size(); i++) {
            String field = "spec.volume_mounts[" + i + "].";
            String path = mounts.get(i).getMountPath();
            v.name(field + "name", mounts.get(i).getName());
            v.check(
                    path.length() <= MAX_PATH && Texts.isSafePath(path),
                    field + "mount_path",
                    path,
                    "an absolute path below '/' without '.' or '..', at most 255 characters");
            v.check(paths.add(path), field + "mount_path", path, "unique within the instance");
        }
    }

    private static void checkNetwork(Violations v, NetworkSpec network) {
        v.optionalId("spec.network.network_id", network.getNetworkId());
        v.optionalId("spec.network.subnet_id", network.getSubnetId());
        int groups = network.getSecurityGroupsCount();
        v.check(
                groups <= MAX_GROUPS,
                "spec.network.security_groups",
                groups + " groups",
                "at most 16");
        Set<String> distinct = new HashSet<>();
        for (int i = 0; i < groups; i++) {
            String group = network.getSecurityGroups(i);
            String field = "spec.network.security_groups[" + i + "]";
            v.id(field, group);
            v.check(distinct.add(group), field, group, "each group at most once");
        }
    }

    private static void checkLimits(Violations v, InstanceSpec spec) {
        ResourceLimits limits = spec.getLimits();
        long memory = spec.getMemoryBytes() == 0 ? DEFAULT_MEMORY_BYTES : spec.getMemoryBytes();
        if (limits.getCpuQuota() != 0) {
            v.check(
                    limits.getCpuQuota() >= 1000 && limits.getCpuQuota() <= MAX_CPU_QUOTA,
                    "spec.limits.cpu_quota",
                    limits.getCpuQuota(),
                    "0 or >= 1000, and at most " + MAX_CPU_QUOTA);
        }
        if (limits.getCpuPeriod() != 0) {
            v.range("spec.limits.cpu_period", limits.getCpuPeriod(), 1000, 1_000_000);
        }
        long limit = limits.getMemoryLimit();
        v.check(
                limit >= 0 && limit <= memory,
                "spec.limits.memory_limit",
                limit,
                "between 0 and memory_bytes, " + memory);
        long swap = limits.getMemorySwap();
        v.check(
                swap == 0 || (swap >= (limit == 0 ? memory : limit) && swap <= MAX_SWAP),
                "spec.limits.memory_swap",
                swap,
                "0, or at least memory_limit (memory_bytes if that is 0) and at most " + MAX_SWAP);
        v.check(
                limits.getIoReadBps() >= 0,
                "spec.limits.io_read_bps",
                limits.getIoReadBps(),
                ">= 0");
        v.check(
                limits.getIoWriteBps() >= 0,
                "spec.limits.io_write_bps",
                limits.getIoWriteBps(),
                ">= 0");
    }
}
