package io.hypervisor.agent.driver.containerd;

import java.nio.file.Path;

/**
 * Where the driver works.
 *
 * @param socket containerd's unix socket, at most 107 bytes
 * @param namespace containerd namespace that belongs to this agent alone
 * @param data folder for logs, input FIFOs and named volumes; absolute
 * @param mark what network devices are marked with; no other agent of the machine has it
 * @param offload whether the switch completes checksums, which its userspace datapath does not
 */
public record ContainerdConfig(
        Path socket, String namespace, Path data, String mark, boolean offload) {
    private static final int MAX_SOCKET = 107;

    /** Checks what would otherwise fail late and without a clear word. */
    public ContainerdConfig {
        if (socket.toString().length() > MAX_SOCKET) {
            throw new IllegalArgumentException(
                    "socket: value: %s (expected: at most %d bytes)".formatted(socket, MAX_SOCKET));
        }
        if (!data.isAbsolute()) {
            throw new IllegalArgumentException(
                    "data: value: %s (expected: an absolute path)".formatted(data));
        }
    }

    Path folder(String instanceId) {
        return data.resolve("container").resolve(instanceId);
    }

    Path log(String instanceId) {
        return folder(instanceId).resolve("console.log");
    }

    Path input(String instanceId) {
        return folder(instanceId).resolve("input");
    }

    Path volume(String name) {
        return data.resolve("volumes").resolve(name);
    }
}
