package io.hypervisor.cluster;

import static org.awaitility.Awaitility.await;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.hypervisor.controller.FreePort;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The cluster of "make run" on free ports, in a data folder of its own. */
public final class OneNodeCluster implements AutoCloseable {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

    final Path data;
    final String grpc = FreePort.address();
    final String http = FreePort.address();
    final String agent = FreePort.address();
    private final Map<String, String> environment;
    private Process process;

    OneNodeCluster(Path data) {
        this(data, Map.of());
    }

    /** Its processes find these variables in their environment. */
    OneNodeCluster(Path data, Map<String, String> environment) {
        this.data = data;
        this.environment = environment;
    }

    /** Builds the demo images, unless they are there. */
    void buildImages() {
        execute("deploy/images/demo-guest/build", data.resolve("images").toString());
        buildContainerImage();
    }

    /** Builds the demo container image, unless it is there. */
    void buildContainerImage() {
        execute(
                "deploy/images/demo-busybox/build",
                Files.exists(data.resolve("cache"))
                        ? data.resolve("cache/demo-busybox.tar").toString()
                        : createCache().resolve("demo-busybox.tar").toString());
    }

    private Path createCache() {
        try {
            return Files.createDirectories(data.resolve("cache"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Starts it and waits until its node is ready. */
    void start() {
        Path ready = data.resolve("ready");
        ProcessBuilder builder = command("deploy/run", data.toString());
        builder.environment().put("GRPC_ADDR", grpc);
        builder.environment().put("HTTP_ADDR", http);
        builder.environment().put("AGENT_ADDR", agent);
        builder.environment().put("READY_FILE", ready.toString());
        builder.environment().put("NETWORK", "false");
        builder.environment().putAll(environment);
        try {
            Files.deleteIfExists(ready);
            process =
                    builder.redirectErrorStream(true)
                            .redirectOutput(data.resolve("run.log").toFile())
                            .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        await().atMost(Duration.ofMinutes(2))
                .until(() -> Files.exists(ready) || !process.isAlive());
        if (!process.isAlive()) {
            throw new IllegalStateException("the cluster did not start: " + log());
        }
    }

    /** Makes the demo container image known to containerd. */
    void importImages() {
        execute(
                "deploy/containerd/import-image",
                data.resolve("containerd/containerd.sock").toString(),
                "hypervisor",
                data.resolve("cache/demo-busybox.tar").toString());
    }

    /** Kills a process ("controller" or "agent") without warning; the cluster starts it again. */
    void kill(String name) {
        killLater(name).run();
    }

    /** Kills a process; the returned step waits until the cluster has started it again. */
    Runnable killLater(String name) {
        Path file = data.resolve(name + ".pid");
        long pid = killNow(file);
        return () ->
                await().atMost(Duration.ofMinutes(1))
                        .ignoreExceptions()
                        .until(() -> pid(file) != pid);
    }

    /** Kills libvirtd and containerd; what they run, runs on. */
    void killDaemons() {
        killNow(data.resolve("libvirt/libvirtd.pid"));
        killNow(data.resolve("containerd/containerd.pid"));
    }

    /** Starts libvirtd and containerd again. */
    void startDaemons() {
        execute("deploy/libvirt/start-libvirtd", data.resolve("libvirt").toString());
        execute("deploy/containerd/start-containerd", data.resolve("containerd").toString());
    }

    /** Kills the process that a file names, without warning, and waits for its end. */
    private static long killNow(Path pidFile) {
        long pid = pid(pidFile);
        ProcessHandle.of(pid).orElseThrow().destroyForcibly();
        // It may stay in the process table for as long as its parent does not look.
        await().pollInterval(Duration.ofMillis(5))
                .until(() -> String.join("", Leftovers.commandLine(pid)).isEmpty());
        return pid;
    }

    private static long pid(Path file) {
        try {
            return Long.parseLong(Files.readString(file).strip());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Stops it as Ctrl-C does, and waits for its end. */
    @Override
    public void close() {
        process.destroy();
        await().atMost(Duration.ofMinutes(2)).until(() -> !process.isAlive());
    }

    String log() {
        try {
            return Files.readString(data.resolve("run.log"));
        } catch (IOException e) {
            return e.toString();
        }
    }

    /** Runs a command of the checkout and returns what it printed; fails if it fails. */
    public static String execute(String... command) {
        try {
            Process process = command(command).redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes(), UTF_8);
            if (!process.waitFor(180, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IllegalStateException(List.of(command) + " failed: " + output);
            }
            return output;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    static ProcessBuilder command(String... command) {
        return new ProcessBuilder(command).directory(ROOT.toFile());
    }
}
