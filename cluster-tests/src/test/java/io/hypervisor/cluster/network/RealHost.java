package io.hypervisor.cluster.network;

import static org.awaitility.Awaitility.await;

import io.hypervisor.cluster.OneNodeCluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A host with mounts of its own too, so that it runs a libvirtd or a containerd for real: virtual
 * machines, or containers.
 */
final class RealHost implements AutoCloseable {
    // The machine's control groups, and devices and network namespaces of its own.
    private static final String MOUNTS =
            """
            set -e
            mount --rbind /sys/fs/cgroup "$0"
            mount -t sysfs sysfs /sys
            mount --rbind "$0" /sys/fs/cgroup
            mount -t tmpfs tmpfs /run/netns
            exec sleep infinity
            """;

    final NetworkHost host;
    private final Path folder;
    private final Process anchor;
    private final List<String> stop;

    private RealHost(NetworkCluster cluster, int number, String daemon) {
        host = cluster.host(number);
        folder = cluster.data().resolve(daemon);
        try {
            Path groups = Files.createDirectories(folder.resolve("cgroup"));
            anchor =
                    new ProcessBuilder(
                                    "nsenter",
                                    "--net=/run/netns/" + host.vswitch.namespace().name(),
                                    "unshare",
                                    "--mount",
                                    "--propagation",
                                    "slave",
                                    "sh",
                                    "-c",
                                    MOUNTS,
                                    groups.toString())
                            .inheritIO()
                            .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        await().atMost(Duration.ofSeconds(10)).until(this::mounted);
        stop =
                List.of(
                        "deploy/" + daemon + "/stop-" + daemonName(daemon),
                        folder.toString(),
                        "--destroy");
        inside(
                "env",
                "OVS_RUNDIR=" + host.vswitch.folder(),
                "deploy/" + daemon + "/start-" + daemonName(daemon),
                folder.toString());
    }

    private static String daemonName(String daemon) {
        return daemon.equals("libvirt") ? "libvirtd" : daemon;
    }

    /** One that runs virtual machines from the images of that folder. */
    static RealHost ofMachines(NetworkCluster cluster, int number, Path images) {
        RealHost made = new RealHost(cluster, number, "libvirt");
        made.startAgent(
                cluster,
                "--drivers.vm.enabled=true",
                "--drivers.vm.uri=qemu+unix:///system?socket=" + made.folder + "/libvirt-sock",
                "--drivers.vm.image-dirs=[" + images + "]",
                "--drivers.vm.accelerator=tcg",
                "--drivers.container.enabled=false");
        return made;
    }

    /** One that runs containers from an image. */
    static RealHost ofContainers(NetworkCluster cluster, int number, Path image) {
        RealHost made = new RealHost(cluster, number, "containerd");
        String socket = made.folder + "/containerd.sock";
        made.inside("deploy/containerd/import-image", socket, "hypervisor", image.toString());
        made.startAgent(
                cluster,
                "--drivers.container.enabled=true",
                "--drivers.container.address=" + socket,
                "--drivers.vm.enabled=false");
        return made;
    }

    private void startAgent(NetworkCluster cluster, String... drivers) {
        host.startAgent(enter(), List.of(drivers));
        cluster.awaitReady(host);
    }

    private List<String> enter() {
        return List.of("nsenter", "--net", "--mount", "--wd=.", "--target=" + anchor.pid());
    }

    private void inside(String... command) {
        List<String> all = new ArrayList<>(enter());
        all.addAll(List.of(command));
        OneNodeCluster.execute(all.toArray(String[]::new));
    }

    private boolean mounted() throws IOException {
        return Files.readString(Path.of("/proc/" + anchor.pid() + "/comm")).equals("sleep\n");
    }

    @Override
    public void close() {
        host.killAgent();
        inside(stop.toArray(String[]::new));
        anchor.destroyForcibly().onExit().join();
        host.close();
    }
}
