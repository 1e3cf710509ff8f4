package io.hypervisor.agent.driver.microvm;

/** What a QEMU says of its guest, and whether there is a QEMU. */
enum GuestState {
    /** No process. */
    ABSENT,
    /** A process that is not ready yet, or whose guest has not begun. */
    WAITING,
    RUNNING,
    /** Its processors halted from outside. */
    PAUSED,
    /** Its processors halted, because a disk cannot be read or written. */
    BROKEN_DISK,
    /** It has shut down or rebooted, which is a microVM's end; the process waits to be ended. */
    SHUT_DOWN,
    /** It cannot go on; the process waits to be ended. */
    CRASHED,
    /** The process does not answer. */
    SILENT;

    /** From QEMU's own word (RunState of its QMP). */
    static GuestState of(String status) {
        return switch (status) {
            case "running" -> RUNNING;
            case "prelaunch", "preconfig" -> WAITING;
            case "shutdown" -> SHUT_DOWN;
            case "guest-panicked", "internal-error", "watchdog" -> CRASHED;
            case "io-error" -> BROKEN_DISK;
            default -> PAUSED;
        };
    }

    /** Whether its run is over. */
    boolean over() {
        return switch (this) {
            case ABSENT, SHUT_DOWN, CRASHED -> true;
            case WAITING, RUNNING, PAUSED, BROKEN_DISK, SILENT -> false;
        };
    }
}
