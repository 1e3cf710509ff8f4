package io.hypervisor.agent.driver.libvirt;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** A private libvirtd of a test class, in a folder that is gone afterwards. */
public final class LibvirtDaemon implements AutoCloseable {
    private static final Path DEPLOY = Path.of("../deploy").toAbsolutePath().normalize();

    private final Path folder;
    private final Path openvswitch;
    private final String uri;

    private LibvirtDaemon(Path folder, Path openvswitch) {
        this.folder = folder;
        this.openvswitch = openvswitch;
        this.uri = startIn();
    }

    public static LibvirtDaemon start() {
        return start(Path.of("/nonexistent"));
    }

    /** One whose guests' interfaces go to the Open vSwitch with that folder. */
    static LibvirtDaemon start(Path openvswitch) {
        try {
            return new LibvirtDaemon(Files.createTempDirectory("libvirt"), openvswitch);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String startIn() {
        return run(
                        "env",
                        "OVS_RUNDIR=" + openvswitch,
                        DEPLOY.resolve("libvirt/start-libvirtd").toString(),
                        folder.toString())
                .strip();
    }

    /** The folder of images, with demo-guest in it. */
    static Path images() {
        return DemoGuest.images();
    }

    public String uri() {
        return uri;
    }

    /** A folder for a driver, below the daemon's. */
    Path home() {
        return folder.resolve("vm");
    }

    /** Kills libvirtd; its guests run on. */
    void kill() {
        ProcessHandle daemon = process(folder.resolve("libvirtd.pid")).orElseThrow();
        daemon.destroyForcibly();
        daemon.onExit().join();
    }

    /**
     * Kills libvirtd, and leaves what it leaves when it has not learned yet which QEMU it starts.
     */
    void killAsIfItWereStarting(String domain) throws IOException {
        ProcessHandle qemu = qemu(domain).orElseThrow();
        kill();
        qemu.destroyForcibly();
        qemu.onExit().join();
        Path status = folder.resolve("run/qemu/" + domain + ".xml");
        Files.writeString(
                status,
                Files.readString(status)
                        .replaceFirst(
                                "<domstatus .*>",
                                "<domstatus state='paused' reason='starting up' pid='0'>"));
        Files.delete(folder.resolve("run/qemu/" + domain + ".pid"));
    }

    /** Kills it, and starts it again without its notes of what runs. */
    void loseWhatRuns() {
        kill();
        run("rm", "-r", folder.resolve("run/qemu").toString());
        restart();
    }

    /** The same, and without its definitions. */
    void loseEverything() {
        run("rm", "-r", folder.resolve("etc/qemu").toString());
        loseWhatRuns();
    }

    /** Starts it again after {@link #kill}. */
    void restart() {
        assertThat(startIn()).isEqualTo(uri);
    }

    /** The QEMU that runs a domain. */
    Optional<ProcessHandle> qemu(String id) {
        return process(folder.resolve("run/qemu/" + id + ".pid"));
    }

    /** All QEMUs of a domain, whether libvirt knows them or not. */
    static List<ProcessHandle> processes(String id) {
        return ProcessHandle.allProcesses()
                .filter(
                        process ->
                                process.info()
                                        .arguments()
                                        .filter(all -> List.of(all).contains(id))
                                        .isPresent())
                .toList();
    }

    /** What virsh answers. */
    String virsh(String... arguments) {
        return run(
                Stream.concat(Stream.of("virsh", "-q", "-c", uri), Arrays.stream(arguments))
                        .toArray(String[]::new));
    }

    private static Optional<ProcessHandle> process(Path pidFile) {
        try {
            return Files.exists(pidFile)
                    ? ProcessHandle.of(Long.parseLong(Files.readString(pidFile).strip()))
                    : Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String run(String... command) {
        try {
            Path output = Files.createTempFile("output", ".txt");
            Process process =
                    new ProcessBuilder(command)
                            .redirectErrorStream(true)
                            .redirectOutput(output.toFile())
                            .start();
            int code = process.waitFor();
            String text = Files.readString(output);
            Files.delete(output);
            assertThat(code).as(List.of(command) + ": " + text).isZero();
            return text;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        run(DEPLOY.resolve("libvirt/stop-libvirtd").toString(), folder.toString(), "--destroy");
        run("rm", "-r", folder.toString());
    }
}
