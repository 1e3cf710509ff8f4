package io.hypervisor.cluster.network;

import io.hypervisor.cluster.Deployed;
import io.hypervisor.network.testing.Guest;
import io.hypervisor.network.testing.TestSwitch;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A host of the cluster: a namespace with an Open vSwitch of its own and an agent. */
final class NetworkHost implements AutoCloseable {
    private static final String UNDERLAY = "br-phy";
    private static final String PHYSICAL = "br-ex";

    final String name;
    final String ip;
    final TestSwitch vswitch;
    private final Path data;
    private final String controller;
    private Process agent;

    /** Its switch is up and wired; its agent is not started. */
    NetworkHost(Fabric fabric, int number, Path data, String controller) {
        this.name = "host" + number;
        this.ip = fabric.hostIp(number);
        this.data = data;
        this.controller = controller;
        this.vswitch = TestSwitch.start();
        fabric.connectUnderlay(vswitch.namespace(), "up0");
        fabric.connectPhysical(vswitch.namespace(), "ex0");
        // In user space a tunnel leaves through a bridge of the switch, not by the kernel's routes.
        bridge(UNDERLAY, "up0");
        bridge(PHYSICAL, "ex0");
        vswitch.vsctl("set", "Interface", UNDERLAY, "mtu_request=9200");
        addressUnderlay();
    }

    private void bridge(String bridge, String device) {
        vswitch.vsctl("add-br", bridge, "--", "set", "Bridge", bridge, "datapath_type=netdev");
        vswitch.vsctl("add-port", bridge, device);
        vswitch.namespace().run("ip", "link", "set", bridge, "up");
    }

    /** The switch's own devices lose their addresses with the switch. */
    private void addressUnderlay() {
        vswitch.namespace().run("ip", "address", "replace", ip + "/24", "dev", UNDERLAY);
        vswitch.namespace().run("ip", "link", "set", UNDERLAY, "up");
    }

    /** Starts its agent, which goes on where it was and plays instances. */
    void startAgent() {
        startAgent(
                List.of("ip", "netns", "exec", vswitch.namespace().name()),
                List.of("--drivers.fake.enabled=true", "--drivers.fake.types=[container]"));
    }

    /** Starts its agent by a command that enters the host, with these drivers. */
    void startAgent(List<String> enter, List<String> drivers) {
        List<String> flags = new ArrayList<>(drivers);
        flags.addAll(
                List.of(
                        "--grpc-addr=" + ip + ":50052",
                        "--hostname=" + name,
                        "--controllers=[" + controller + "]",
                        "--network.enabled=true",
                        "--network.ovsdb=" + vswitch.socket(),
                        "--network.vtep-ip=" + ip,
                        "--network.bridge-mappings={default: " + PHYSICAL + "}"));
        agent = Deployed.start(enter, "compute-agent", data, name, flags);
    }

    /** Kills the agent as a power cut would; what it has programmed stays. */
    void killAgent() {
        agent.destroyForcibly().onExit().join();
    }

    /** Stops its agent in the middle of whatever it does; what is sent to it waits. */
    void pauseAgent() {
        vswitch.namespace().run("kill", "-STOP", "" + agent.pid());
    }

    /** Lets its agent go on. */
    void resumeAgent() {
        vswitch.namespace().run("kill", "-CONT", "" + agent.pid());
    }

    /** How often its agents, each in its turn, have made the switch what it should be. */
    long flowsLive() {
        try {
            return Files.readString(Deployed.log(data, name))
                    .lines()
                    .filter(line -> line.endsWith("flows live"))
                    .count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Writes down what its switch does now. */
    void describe() {
        try {
            Files.writeString(
                    Deployed.log(data, name + "-switch"),
                    String.join(
                            "\n",
                            vswitch.vsctl("show"),
                            vswitch.ofctl("dump-ports-desc", "br-int"),
                            vswitch.ofctl("dump-flows", "br-int"),
                            vswitch.appctl("dpctl/dump-conntrack")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Kills ovs-vswitchd, which forgets all flows and connections, and starts it again. */
    void restartSwitch() {
        vswitch.killVswitchd();
        startSwitch();
    }

    private void startSwitch() {
        vswitch.startVswitchd();
        addressUnderlay();
    }

    /** Nothing is heard of it any more, nor forwarded by it. */
    void die() {
        killAgent();
        vswitch.killVswitchd();
    }

    /** It is back after {@link #die}. */
    void boot() {
        startSwitch();
        startAgent();
    }

    /** A guest whose device is there and plugged into nothing. */
    Guest guest(String mac) {
        Guest guest = vswitch.guest(mac);
        // As wide as any network's: the guest keeps to its own.
        vswitch.namespace().run("ip", "link", "set", guest.device(), "mtu", "9000");
        return guest;
    }

    @Override
    public void close() {
        if (agent != null) {
            killAgent();
        }
        vswitch.close();
    }
}
