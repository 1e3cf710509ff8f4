package io.hypervisor.network.testing;

import static org.awaitility.Awaitility.await;

import io.hypervisor.core.Command;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * A private Open vSwitch, ovsdb-server and ovs-vswitchd with the userspace datapath, in a network
 * namespace and a folder of its own, and guests beside it. Leaves nothing behind when closed.
 */
public final class TestSwitch implements AutoCloseable {
    private static final Duration LONG = Duration.ofSeconds(60);

    private final Path folder;
    private final Namespace namespace;
    private final List<Guest> guests = new ArrayList<>();
    private Process ovsdb;
    private Process vswitchd;

    private TestSwitch(Path folder, Namespace namespace) {
        this.folder = folder;
        this.namespace = namespace;
    }

    /** Starts both daemons and waits until they serve. */
    public static TestSwitch start() {
        try {
            var made = new TestSwitch(Files.createTempDirectory("ovs"), Namespace.create());
            Namespace.host(
                    "ovsdb-tool",
                    "create",
                    made.folder.resolve("conf.db").toString(),
                    "/usr/share/openvswitch/vswitch.ovsschema");
            made.startOvsdb();
            made.vsctl("--no-wait", "init");
            made.startVswitchd();
            return made;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Starts ovsdb-server, with what its file holds. */
    public void startOvsdb() {
        ovsdb =
                daemon(
                        "ovsdb-server",
                        folder.resolve("conf.db").toString(),
                        "--remote=punix:" + socket());
        await().atMost(LONG).until(() -> answers("ovsdb-server"));
    }

    /** Starts ovs-vswitchd and waits until it has read the database. */
    public void startVswitchd() {
        vswitchd = daemon("ovs-vswitchd", "unix:" + socket(), "--disable-system");
        await().atMost(LONG).until(() -> answers("ovs-vswitchd"));
        vsctl("set", "Open_vSwitch", ".", "other_config:started=" + vswitchd.pid());
    }

    private Process daemon(String program, String... arguments) {
        List<String> command = new ArrayList<>(List.of("env", "OVS_RUNDIR=" + folder, program));
        command.addAll(Arrays.asList(arguments));
        command.addAll(List.of("--pidfile", "-vconsole:warn", "-vsyslog:off", "-vfile:off"));
        return namespace.start(folder.resolve(program + ".log"), command.toArray(String[]::new));
    }

    private boolean answers(String daemon) {
        return Command.run(
                        LONG,
                        List.of(
                                "env",
                                "OVS_RUNDIR=" + folder,
                                "ovs-appctl",
                                "-t",
                                daemon,
                                "version"))
                .ok();
    }

    /** Kills ovsdb-server. */
    public void killOvsdb() {
        kill(ovsdb);
    }

    /** Kills ovs-vswitchd: flows and connections that it tracked are gone. */
    public void killVswitchd() {
        kill(vswitchd);
    }

    private static void kill(Process process) {
        process.destroyForcibly();
        process.onExit().join();
    }

    /** Where ovsdb-server listens; sockets of bridges are in the same folder. */
    public Path socket() {
        return folder.resolve("db.sock");
    }

    /** For files of the test. */
    public Path folder() {
        return folder;
    }

    /** Where the switch's devices are. */
    public Namespace namespace() {
        return namespace;
    }

    /** A new guest, not plugged. */
    public Guest guest(String mac) {
        Guest guest = Guest.create(namespace, mac);
        guests.add(guest);
        return guest;
    }

    /** Runs ovs-vsctl, which must succeed. */
    public String vsctl(String... arguments) {
        return tool("ovs-vsctl", List.of("--db=unix:" + socket(), "--timeout=30"), arguments);
    }

    /** Runs ovs-ofctl, which must succeed. */
    public String ofctl(String... arguments) {
        return tool("ovs-ofctl", List.of("-O", "OpenFlow15"), arguments);
    }

    /** Runs ovs-appctl on ovs-vswitchd, which must succeed. */
    public String appctl(String... arguments) {
        return tool("ovs-appctl", List.of(), arguments);
    }

    private String tool(String program, List<String> flags, String... arguments) {
        List<String> command = new ArrayList<>(List.of("env", "OVS_RUNDIR=" + folder, program));
        command.addAll(flags);
        command.addAll(List.of(arguments));
        return Namespace.host(command.toArray(String[]::new));
    }

    /** The flows of a bridge without counters, in order. */
    public List<String> flows(String bridge) {
        return ofctl("--no-stats", "--sort=priority", "dump-flows", bridge)
                .lines()
                .filter(line -> line.contains("actions="))
                .map(String::strip)
                .toList();
    }

    @Override
    public void close() {
        guests.forEach(Guest::close);
        namespace.close();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
