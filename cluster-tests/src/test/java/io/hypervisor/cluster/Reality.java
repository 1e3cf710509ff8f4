package io.hypervisor.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What exists on the node, asked from the daemons and the file system themselves. */
record Reality(OneNodeCluster cluster) {
    /** UUIDs of all domains, running or not. */
    Set<String> domains() {
        return lines(
                "virsh",
                "-c",
                "qemu+unix:///system?socket=" + cluster.data.resolve("libvirt/libvirt-sock"),
                "list",
                "--all",
                "--uuid");
    }

    /** UUIDs of running domains. */
    Set<String> runningDomains() {
        return lines(
                "virsh",
                "-c",
                "qemu+unix:///system?socket=" + cluster.data.resolve("libvirt/libvirt-sock"),
                "list",
                "--uuid");
    }

    /** Ids of all tasks. */
    Set<String> tasks() {
        return ctr("tasks", "ls", "-q");
    }

    /** Ids of all containers. */
    Set<String> containers() {
        return ctr("containers", "ls", "-q");
    }

    /** Instances that have a folder. */
    Set<String> folders() {
        Set<String> names = new TreeSet<>();
        for (String kind : List.of("vm", "container")) {
            Path folder = cluster.data.resolve("agent").resolve(kind);
            if (Files.isDirectory(folder)) {
                try (Stream<Path> entries = Files.list(folder)) {
                    entries.filter(Files::isDirectory)
                            .forEach(e -> names.add(e.getFileName().toString()));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }
        return names;
    }

    private Set<String> ctr(String... arguments) {
        return lines(
                Stream.concat(
                                Stream.of(
                                        "ctr",
                                        "--address",
                                        cluster.data
                                                .resolve("containerd/containerd.sock")
                                                .toString(),
                                        "--namespace",
                                        "hypervisor"),
                                Stream.of(arguments))
                        .toArray(String[]::new));
    }

    private static Set<String> lines(String... command) {
        return OneNodeCluster.execute(command)
                .lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty())
                .collect(Collectors.toCollection(TreeSet::new));
    }
}
