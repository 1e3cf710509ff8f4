package io.hypervisor.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.hypervisor.agent.driver.libvirt.DemoGuest;
import io.hypervisor.agent.driver.libvirt.LibvirtDaemon;
import io.hypervisor.agent.image.TestSource;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.ListInstancesRequest;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The guides to VMs, their images and microVMs, command by command: controller, agent, libvirtd and
 * hvctl are processes, and the image is a small one on a server here.
 */
@Tag("real")
class VmGuidesTest {
    private static final Duration PATIENCE = Duration.ofMinutes(1);
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final String VMWARE = "https://images.example.org/appliance-disk1.vmdk";
    private static final String DEBIAN =
            "https://cloud.debian.org/images/cloud/bookworm/latest/debian-12-genericcloud-amd64.qcow2";

    private static LibvirtDaemon daemon;
    private static NodeProcesses cluster;
    private static byte[] disk;
    private static TestSource source;
    private static byte[] vmdk;
    private static TestSource vmware;

    @BeforeAll
    static void start() throws IOException {
        cluster = new NodeProcesses();
        disk = disk("qcow2", "compat=1.1");
        source = new TestSource(disk);
        vmdk = disk("vmdk", "subformat=streamOptimized");
        vmware = new TestSource(vmdk);
        daemon = LibvirtDaemon.start();
        cluster.start(
                "--drivers.vm.enabled=true",
                "--drivers.vm.accelerator=tcg",
                "--drivers.vm.uri=" + daemon.uri(),
                "--drivers.microvm.enabled=true",
                "--drivers.microvm.accelerator=tcg",
                "--drivers.microvm.image-dirs=[" + DemoGuest.images() + "]");
    }

    private static byte[] disk(String format, String option) throws IOException {
        Path file = cluster.data.resolve("small.raw");
        byte[] raw = new byte[4 << 20];
        raw[0] = 1;
        Files.write(file, raw);
        Path made = cluster.data.resolve("small." + format);
        OneNodeCluster.execute(
                "qemu-img",
                "convert",
                "-f",
                "raw",
                "-O",
                format,
                "-o",
                option,
                file.toString(),
                made.toString());
        return Files.readAllBytes(made);
    }

    @AfterAll
    static void stop() throws IOException {
        source.close();
        vmware.close();
        daemon.close();
        cluster.close();
    }

    private static Optional<Instance> instance(String name) {
        return cluster
                .compute()
                .listInstances(ListInstancesRequest.newBuilder().setName(name).build())
                .getInstancesList()
                .stream()
                .findFirst();
    }

    private static void awaitState(String name, InstanceState state) {
        await().atMost(PATIENCE)
                .until(() -> instance(name).map(Instance::getState).equals(Optional.of(state)));
    }

    private static String hvctl(String arguments) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(ROOT.resolve("console/bin/hvctl").toString());
        command.addAll(List.of(arguments.split(" ")));
        Path output = Files.createTempFile(cluster.data, "hvctl", ".out");
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("HVCTL_SERVER", cluster.grpc);
        Process process = builder.redirectOutput(output.toFile()).start();
        try {
            assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
        String text = Files.readString(output, UTF_8);
        assertThat(process.exitValue()).as("%s: %s", arguments, text).isZero();
        return text;
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A guide's commands, with the small image instead of Debian's, and files that are here. */
    private static List<String> commands(String guide) throws IOException {
        String text = Files.readString(ROOT.resolve("docs/guides/" + guide + ".md"));
        return text.replaceAll("\\\\\n *", "")
                .lines()
                .filter(line -> line.startsWith("hvctl "))
                .map(line -> line.substring("hvctl ".length()))
                .map(line -> booting(booting(line, "vmlinuz", "kernel"), "initrd", "initrd"))
                .map(
                        line ->
                                line.replace(DEBIAN, source.url())
                                        .replace(VMWARE, vmware.url())
                                        .replace(
                                                "DIGEST",
                                                sha256(line.contains(VMWARE) ? vmdk : disk)))
                .map(
                        line ->
                                line.replaceAll(
                                        "~/.ssh/\\S+",
                                        file(
                                                "ssh-ed25519"
                                                    + " AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                                                    + " me@here")))
                .map(line -> line.replaceAll("user-data.yaml", file("#cloud-config\n{}\n")))
                .toList();
    }

    /** The demo guest's file instead of one on a server. */
    private static String booting(String line, String served, String file) {
        Path here = DemoGuest.images().resolve("demo-guest").resolve(file);
        return line.replace("https://images.example/" + served, here.toUri().toString())
                .replace(file.toUpperCase(Locale.ROOT) + "_DIGEST", sha256(bytes(here)));
    }

    private static byte[] bytes(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String file(String content) {
        try {
            Path file = Files.createTempFile(cluster.data, "file", "");
            return Files.writeString(file, content).toString();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<String> cached() throws IOException {
        try (Stream<Path> files = Files.list(cluster.data.resolve("agent/images"))) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }

    @Test
    void imagesAreWhatTheirGuideSays() throws IOException {
        List<String> said = new ArrayList<>();
        List<String> commands = commands("vm-images");
        assertThat(commands).hasSize(10);
        for (String command : commands) {
            said.add(hvctl(command));
            if (command.contains("image pull debian-12")) {
                assertThat(cached()).contains(sha256(disk) + ".qcow2");
            }
            if (command.contains("image pull appliance")) {
                assertThat(cached()).contains(sha256(vmdk) + ".vmdk.qcow2");
            }
        }
        assertThat(said.get(0)).isEqualTo("debian-12 created\n");
        assertThat(said.get(1)).containsPattern("debian-12 +vm +0B +0");
        assertThat(said.get(2)).endsWith("debian-12 pulled\n");
        assertThat(said.get(4)).contains("sha256: " + sha256(disk));
        assertThat(instance("web")).isEmpty();
    }

    @Test
    void machinesAreWhatTheirGuideSays() throws IOException {
        hvctl("image create debian-12 --url %s --sha256 %s".formatted(source.url(), sha256(disk)));
        List<String> commands = commands("vms");
        assertThat(commands).hasSize(6);
        String updated = "";
        for (String command : commands) {
            String said = hvctl(command);
            if (command.startsWith("instance update")) {
                updated = said;
                InstanceSpec spec = instance("web").orElseThrow().getSpec();
                assertThat(spec.getCpuCores()).isEqualTo(4);
                assertThat(spec.getMemoryBytes()).isEqualTo(3L << 30);
            }
            if (command.startsWith("instance start")) {
                await().atMost(PATIENCE)
                        .until(() -> instance("web").orElseThrow().getNeedsRestartCount() == 0);
            }
        }
        assertThat(updated).contains("memory_bytes").doesNotContain("cpu_cores", "disks");
        await().atMost(PATIENCE).until(() -> instance("web").isEmpty());
        hvctl("image delete debian-12");
    }

    @Test
    void microVmsAreWhatTheirGuideSays() throws IOException {
        List<String> commands = commands("microvms");
        assertThat(commands).hasSize(11);
        for (String command : commands) {
            String said = hvctl(command);
            if (command.startsWith("instance create")) {
                String name = command.split(" ", -1)[2];
                awaitState(name, InstanceState.INSTANCE_STATE_RUNNING);
                await().atMost(PATIENCE).until(() -> !hvctl("instance logs " + name).isEmpty());
            }
            if (command.startsWith("instance update")) {
                assertThat(instance("small").orElseThrow().getSpec().getMemoryBytes())
                        .isEqualTo(96L << 20);
                assertThat(said).doesNotContain("memory_bytes");
            }
            if (command.startsWith("instance delete")) {
                String name = command.split(" ", -1)[2];
                await().atMost(PATIENCE).until(() -> instance(name).isEmpty());
            }
        }
        assertThat(cached()).anyMatch(name -> name.endsWith(".kernel"));
        assertThat(cached()).anyMatch(name -> name.endsWith(".initrd"));
    }

    @Test
    void aVmWaitsForItsImageAndAKilledAgentGoesOnWhereItWas() throws IOException {
        byte[] longer = Arrays.copyOf(disk, disk.length + (2 << 20));
        try (TestSource slow = new TestSource(longer)) {
            slow.pauseAt(1 << 20);
            hvctl("image create slow --url %s --sha256 %s".formatted(slow.url(), sha256(longer)));
            hvctl("instance create late --type vm --image slow --memory 64MiB --no-wait");
            await().atMost(PATIENCE)
                    .until(
                            () ->
                                    instance("late")
                                            .orElseThrow()
                                            .getStateReason()
                                            .equals("fetches image slow"));
            Path part = cluster.data.resolve("agent/images").resolve(sha256(longer) + ".part");
            await().atMost(PATIENCE).until(() -> Files.exists(part) && Files.size(part) == 1 << 20);
            cluster.killAgent();
            hvctl("image delete slow");
            slow.release();
            cluster.startAgent();
            awaitState("late", InstanceState.INSTANCE_STATE_RUNNING);
            assertThat(slow.ranges()).containsExactly("", "bytes=" + (1 << 20) + "-");
            assertThat(cached()).contains(sha256(longer) + ".qcow2").doesNotContain("" + part);
            hvctl("instance delete late --force --yes");
        }
    }
}
