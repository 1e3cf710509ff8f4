package io.hypervisor.agent.driver.containerd;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A private containerd with the demo image, made by the scripts that people use. Closing it ends
 * everything that runs there and removes its folder.
 */
public final class ContainerdDaemon implements AutoCloseable {
    public static final String IMAGE = "demo/busybox:latest";
    public static final String NAMESPACE = "hypervisor";

    static final long LOG_BYTES = 1 << 20;

    private static final Path DEPLOY = Path.of("..", "deploy").toAbsolutePath().normalize();

    private final Path folder;
    private final Path daemon;

    /** Starts one. */
    public ContainerdDaemon() {
        try {
            folder = Files.createTempDirectory("hv-ctd");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        daemon = folder.resolve("d");
        start();
        Path image = folder.resolve("image.tar");
        run(DEPLOY.resolve("images/demo-busybox/build"), image);
        importImage(image);
    }

    /** Starts it again, or says that it runs. */
    public void start() {
        run(DEPLOY.resolve("containerd/start-containerd"), daemon);
    }

    /** Puts an image file into its store. */
    public void importImage(Path file) {
        run(DEPLOY.resolve("containerd/import-image"), socket(), NAMESPACE, file);
    }

    /** Ends it as a power cut would. */
    public void kill() {
        ProcessHandle process = process();
        process.destroyForcibly();
        process.onExit().join();
    }

    /** Where containers' own layers are. */
    Path layers() {
        return daemon.resolve("root/io.containerd.snapshotter.v1.overlayfs/snapshots");
    }

    /** Leaves what a containerd leaves that ends before it starts a shim. */
    Path makeBundle(String id) throws IOException {
        Path place = Path.of("io.containerd.runtime.v2.task", NAMESPACE, id);
        Path work = Files.createDirectories(daemon.resolve("root").resolve(place));
        Path bundle = Files.createDirectories(daemon.resolve("state").resolve(place));
        Files.createSymbolicLink(bundle.resolve("work"), work);
        Files.createDirectory(bundle.resolve("rootfs"));
        Files.writeString(bundle.resolve("config.json"), "{}");
        return bundle;
    }

    /** Leaves what a containerd leaves that ends between a shim's start and its first order. */
    void startShimWithoutTask(String id) throws IOException {
        Path bundle = makeBundle(id);
        run("mkfifo", bundle.resolve("log"));
        List<Object> shim = List.of("containerd-shim-runc-v2", "-id", id, "-address", socket());
        List<Object> start = List.of("-namespace", NAMESPACE, "-publish-binary", "containerd");
        // It makes its files where it is.
        List<Object> command = new ArrayList<>(List.of("env", "-C", bundle));
        command.add("TTRPC_ADDRESS=" + socket() + ".ttrpc");
        command.addAll(shim);
        command.addAll(start);
        command.add("start");
        run(command.toArray());
    }

    private ProcessHandle process() {
        try {
            String pid = Files.readString(daemon.resolve("containerd.pid")).strip();
            return ProcessHandle.of(Long.parseLong(pid)).orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public Path socket() {
        return daemon.resolve("containerd.sock");
    }

    /** A driver's own folder. */
    public Path data() {
        return folder.resolve("data");
    }

    /** What of this machine containers see as the volume "machine", for reading only. */
    Path machine() {
        return folder.resolve("machine");
    }

    public ContainerdConfig config() {
        return new ContainerdConfig(
                socket(),
                NAMESPACE,
                data(),
                "hypervisor " + folder.getFileName(),
                false,
                LOG_BYTES,
                Map.of("machine", new ContainerdConfig.HostPath(machine(), true)));
    }

    /** Runs its command-line client and returns what that prints. */
    public String ctr(String... arguments) {
        List<Object> command = new ArrayList<>(List.of("ctr", "--address", socket()));
        command.addAll(List.of("--namespace", NAMESPACE));
        command.addAll(List.of(arguments));
        return run(command.toArray());
    }

    /** The command lines of living processes that name its folder. */
    public List<String> processes() {
        return ProcessHandle.allProcesses()
                .map(process -> commandLine(process.pid()))
                .filter(line -> line.contains(folder.toString()))
                .toList();
    }

    private static String commandLine(long pid) {
        try {
            // Empty for processes that have ended and that nobody has waited for.
            return Files.readString(
                            Path.of("/proc/" + pid + "/cmdline"), StandardCharsets.ISO_8859_1)
                    .replace('\0', ' ');
        } catch (IOException ended) {
            return "";
        }
    }

    /** The mounts below its folder. */
    public List<String> mounts() {
        try (Stream<String> mounts = Files.lines(Path.of("/proc/self/mountinfo"))) {
            return mounts.filter(line -> line.contains(folder.toString())).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        run(DEPLOY.resolve("containerd/stop-containerd"), daemon, "--destroy");
        run("rm", "-rf", "--one-file-system", folder);
    }

    static String run(Object... command) {
        List<String> arguments = Stream.of(command).map(Object::toString).toList();
        try {
            Path output = Files.createTempFile("hv-ctd", ".out");
            Process process =
                    new ProcessBuilder(arguments)
                            .redirectInput(Path.of("/dev/null").toFile())
                            .redirectErrorStream(true)
                            .redirectOutput(output.toFile())
                            .start();
            int status = process.waitFor();
            String text = Files.readString(output);
            Files.delete(output);
            if (status != 0) {
                throw new IllegalStateException(arguments + " ended with " + status + ": " + text);
            }
            return text;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
