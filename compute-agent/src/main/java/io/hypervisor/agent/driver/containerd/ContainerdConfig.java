package io.hypervisor.agent.driver.containerd;

import java.nio.file.Path;
import java.util.Map;

/**
 * Where the driver works.
 *
 * @param socket containerd's unix socket, at most 107 bytes
 * @param namespace containerd namespace that belongs to this agent alone
 * @param data folder for logs, input FIFOs and named volumes; absolute
 * @param mark what network devices are marked with; no other agent of the machine has it
 * @param logBytes how much of what a container writes is kept
 * @param volumes what of the machine some volumes are, by name; all others are folders of their own
 * @param offload whether the switch completes checksums, which its userspace datapath does not
 */
public record ContainerdConfig(
        Path socket,
        String namespace,
        Path data,
        String mark,
        boolean offload,
        long logBytes,
        Map<String, HostPath> volumes) {
    private static final int MAX_SOCKET = 107;
    private static final String READ_ONLY = ":ro";

    /** A file or folder of the machine that containers may see. */
    public record HostPath(Path path, boolean readOnly) {
        /** From "PATH" or "PATH:ro". */
        public static HostPath parse(String text) {
            boolean readOnly = text.endsWith(READ_ONLY);
            String path = readOnly ? text.substring(0, text.length() - READ_ONLY.length()) : text;
            return new HostPath(Path.of(path), readOnly);
        }
    }

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

    HostPath volume(String name) {
        Path own = data.resolve("volumes").resolve(name);
        return volumes.getOrDefault(name, new HostPath(own, false));
    }
}
