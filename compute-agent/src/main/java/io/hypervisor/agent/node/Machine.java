package io.hypervisor.agent.node;

import io.hypervisor.api.v1.Resources;

import java.nio.file.Path;

/** The machine: processors, memory and the disk under the data folder. */
public interface Machine {
    /** Bytes in all, and bytes free. */
    record Amount(long total, long free) {
        long percentFree() {
            return total == 0 ? 100 : free * 100 / total;
        }
    }

    /** Everything that there is. */
    Resources capacity();

    /** Memory; free is what can be had without swapping. */
    Amount memory();

    /** The disk that instances are kept on. */
    Amount disk();

    /** The kernel's version. */
    String kernel();

    /** The host's name in lower case. */
    String hostname();

    /**
     * This machine as seen through these folders.
     *
     * @param proc usually /proc
     * @param disk a folder on the disk that instances are kept on
     */
    static Machine at(Path proc, Path disk) {
        return new ProcMachine(proc, disk);
    }
}
