package io.hypervisor.agent.driver;

import io.hypervisor.core.Command;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** A private Open vSwitch and the name of a bridge for it, in a folder that is gone afterwards. */
public final class PrivateSwitch implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofMinutes(1);
    private static final Path DEPLOY =
            Path.of("../deploy/openvswitch").toAbsolutePath().normalize();

    private final Path folder;
    private final String bridge = "hvt" + UUID.randomUUID().toString().substring(0, 6);

    /** Starts one. */
    public PrivateSwitch() {
        try {
            folder = Files.createTempDirectory("hv-ovs");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        start();
    }

    /** Starts what does not run. */
    public void start() {
        run(DEPLOY.resolve("start-openvswitch").toString(), folder.toString());
    }

    /** Kills the switch or, "ovsdb-server", its database. */
    public void kill(String daemon) {
        try {
            String pid = Files.readString(folder.resolve(daemon + ".pid")).strip();
            ProcessHandle process = ProcessHandle.of(Long.parseLong(pid)).orElseThrow();
            process.destroyForcibly();
            process.onExit().join();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The flows of the bridge, each with how long it has been there. */
    public List<String> flows() {
        String target = "unix:" + folder.resolve(bridge + ".mgmt");
        return run("ovs-ofctl", "-O", "OpenFlow15", "dump-flows", target)
                .lines()
                .filter(line -> line.contains("actions="))
                .map(String::strip)
                .toList();
    }

    /** The folder of its sockets. */
    public Path folder() {
        return folder;
    }

    /** Not made yet. */
    public String bridge() {
        return bridge;
    }

    /** What ovs-vsctl answers. */
    public String vsctl(String... arguments) {
        List<String> command = new ArrayList<>();
        command.addAll(List.of("ovs-vsctl", "--db=unix:" + folder.resolve("db.sock")));
        command.addAll(List.of(arguments));
        return run(command.toArray(String[]::new)).strip();
    }

    private static String run(String... command) {
        Command.Ended ended = Command.run(PATIENCE, List.of(command));
        if (!ended.ok()) {
            throw new IllegalStateException(ended.failure());
        }
        return ended.output();
    }

    @Override
    public void close() {
        run(DEPLOY.resolve("stop-openvswitch").toString(), folder.toString(), "--destroy");
        run("rm", "-r", folder.toString());
    }
}
