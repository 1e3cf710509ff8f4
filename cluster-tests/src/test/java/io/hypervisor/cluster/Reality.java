package io.hypervisor.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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
        for (String kind : List.of("vm", "container", "microvm")) {
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

    /** Ids of containers that have a layer of their own. */
    Set<String> layers() {
        Set<String> keys = new TreeSet<>();
        for (String snapshotter : List.of("overlayfs", "native")) {
            Path plugin = Path.of("containerd/root/io.containerd.snapshotter.v1." + snapshotter);
            if (Files.exists(cluster.data.resolve(plugin).resolve("metadata.db"))) {
                ctr("snapshots", "--snapshotter", snapshotter, "ls").stream()
                        .filter(line -> line.endsWith("Active"))
                        .forEach(line -> keys.add(line.split(" ", 2)[0]));
            }
        }
        return keys;
    }

    /** Ids of the processes that run instances, as often as they run. */
    List<String> processes() {
        List<String> ids = new ArrayList<>();
        try (Stream<ProcessHandle> all = ProcessHandle.allProcesses()) {
            for (List<String> line : all.map(p -> Leftovers.commandLine(p.pid())).toList()) {
                if (line.stream().anyMatch(word -> word.contains(cluster.data + "/"))) {
                    Stream.of("-uuid", "-id")
                            .mapToInt(line::indexOf)
                            .filter(at -> at >= 0)
                            .forEach(at -> ids.add(line.get(at + 1)));
                }
            }
        }
        return ids.stream().sorted().toList();
    }

    /** How often QEMU was started for a VM. */
    long machineStarts(String id) {
        try (Stream<Path> logs = Files.list(cluster.data.resolve("libvirt/log/qemu"))) {
            return logs.mapToLong(log -> count(log, "-uuid " + id)).sum();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** How often an instance, whose folder is in that of its kind, has written a word. */
    long written(String kind, String id, String word) {
        return count(
                cluster.data.resolve("agent").resolve(kind).resolve(id + "/console.log"), word);
    }

    private static long count(Path file, String word) {
        try {
            return Files.readString(file).lines().filter(line -> line.contains(word)).count();
        } catch (IOException e) {
            return 0;
        }
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
