package io.hypervisor.agent.driver.containerd;

import static io.hypervisor.agent.driver.containerd.Json.object;

import java.util.List;
import java.util.Map;

/**
 * System calls that no container may make: those that act on the machine as a whole, or that have
 * been ways out of containers. Most of them need privileges that containers do not have anyway.
 */
final class Seccomp {
    private static final int EPERM = 1;
    private static final int ENOSYS = 38;
    private static final long CLONE_NEWUSER = 0x1000_0000;

    private static final List<String> DENIED =
            List.of(
                    // The machine's time, power, modules and memory.
                    "acct",
                    "clock_adjtime",
                    "clock_adjtime64",
                    "clock_settime",
                    "clock_settime64",
                    "create_module",
                    "delete_module",
                    "finit_module",
                    "get_kernel_syms",
                    "init_module",
                    "ioperm",
                    "iopl",
                    "kexec_file_load",
                    "kexec_load",
                    "query_module",
                    "reboot",
                    "settimeofday",
                    "stime",
                    "swapoff",
                    "swapon",
                    "syslog",
                    "vhangup",
                    "vm86",
                    "vm86old",
                    // File systems.
                    "fanotify_init",
                    "fsconfig",
                    "fsmount",
                    "fsopen",
                    "fspick",
                    "lookup_dcookie",
                    "mount",
                    "mount_setattr",
                    "move_mount",
                    "name_to_handle_at",
                    "nfsservctl",
                    "open_by_handle_at",
                    "open_tree",
                    "pivot_root",
                    "quotactl",
                    "quotactl_fd",
                    "setns",
                    "sysfs",
                    "umount",
                    "umount2",
                    "uselib",
                    "ustat",
                    // Large or shared parts of the kernel.
                    "_sysctl",
                    "add_key",
                    "bpf",
                    "io_uring_enter",
                    "io_uring_register",
                    "io_uring_setup",
                    "kcmp",
                    "keyctl",
                    "perf_event_open",
                    "request_key",
                    "userfaultfd");

    private Seccomp() {}

    /** The "seccomp" object of an OCI runtime specification. */
    static Map<String, Object> profile() {
        return object(
                "defaultAction",
                "SCMP_ACT_ALLOW",
                "architectures",
                List.of("SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"),
                "syscalls",
                List.of(
                        refused(DENIED, EPERM),
                        // Its flags are behind a pointer, where no filter sees them; C libraries
                        // fall back to clone.
                        refused(List.of("clone3"), ENOSYS),
                        refusedFor(List.of("clone", "unshare"), CLONE_NEWUSER)));
    }

    private static Map<String, Object> refused(List<String> names, int errno) {
        return object("names", names, "action", "SCMP_ACT_ERRNO", "errnoRet", errno);
    }

    private static Map<String, Object> refusedFor(List<String> names, long flag) {
        Map<String, Object> rule = refused(names, EPERM);
        rule.put(
                "args",
                List.of(
                        object(
                                "index",
                                0,
                                "value",
                                flag,
                                "valueTwo",
                                flag,
                                "op",
                                "SCMP_CMP_MASKED_EQ")));
        return rule;
    }
}
