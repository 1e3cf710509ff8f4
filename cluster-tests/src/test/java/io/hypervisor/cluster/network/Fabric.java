package io.hypervisor.cluster.network;

import io.hypervisor.network.testing.Namespace;
import io.hypervisor.network.testing.TestSwitch;

import java.util.ArrayList;
import java.util.List;

/**
 * The wires between hosts: an underlay that carries tunnels and the controller's traffic, and a
 * physical network with a tagged one beside it; and a machine outside of the cluster on each of
 * these two.
 */
final class Fabric implements AutoCloseable {
    static final String OUTSIDE_CIDR = "203.0.113.0/24";
    static final String OUTSIDE = "203.0.113.1";
    static final String OUTSIDE6_CIDR = "2001:db8:113::/64";
    static final String OUTSIDE6 = "2001:db8:113::1";
    static final int VLAN = 113;
    static final String VLAN_CIDR = "198.51.100.0/24";
    static final String VLAN_OUTSIDE = "198.51.100.1";
    static final String VLAN6_CIDR = "2001:db8:51::/64";
    static final String VLAN_OUTSIDE6 = "2001:db8:51::1";

    // Room for a guest's 9,000 bytes in a tunnel.
    private static final String MTU = "9200";
    private static final String UNDERLAY = "underlay";
    private static final String PHYSICAL = "physical";

    // The physical network's switch; its namespace is that of the wires.
    private final TestSwitch physical = TestSwitch.start();
    private final Namespace wires = physical.namespace();
    private final Namespace outside = Namespace.create();
    private final Namespace tagged = Namespace.create();
    private final String uplink = "hvu" + ProcessHandle.current().pid();
    // Two test runs on one machine should not share addresses.
    private final String prefix = "10.77." + ProcessHandle.current().pid() % 250 + ".";
    private int cables;

    Fabric() {
        wires.run("ip", "link", "add", UNDERLAY, "type", "bridge");
        wires.run("ip", "link", "set", UNDERLAY, "mtu", MTU, "up");
        physical.vsctl("add-br", PHYSICAL, "--", "set", "Bridge", PHYSICAL, "datapath_type=netdev");
        Namespace.host("ip", "link", "add", uplink, "type", "veth", "peer", "name", "hvroot");
        Namespace.host("ip", "link", "set", "hvroot", "netns", wires.name());
        join("hvroot");
        Namespace.host("ip", "address", "add", controllerIp() + "/24", "dev", uplink);
        Namespace.host("ethtool", "-K", uplink, "tx", "off");
        Namespace.host("ip", "link", "set", uplink, "mtu", MTU, "up");
        machine(outside, List.of(), OUTSIDE + "/24", OUTSIDE6 + "/64");
        machine(tagged, List.of("tag=" + VLAN), VLAN_OUTSIDE + "/24", VLAN_OUTSIDE6 + "/64");
    }

    private void machine(Namespace machine, List<String> columns, String... addresses) {
        String end = cable(machine, "eth0");
        plug(end, columns);
        for (String address : addresses) {
            machine.run("ip", "address", "add", address, "dev", "eth0", "nodad");
        }
    }

    /** Where the controller listens, outside of all namespaces. */
    String controllerIp() {
        return prefix + "254";
    }

    /** The underlay address of a host, by its number from 1. */
    String hostIp(int number) {
        return prefix + number;
    }

    /** The machine on the physical network that is no part of the cluster. */
    Namespace outside() {
        return outside;
    }

    /** The machine on the tagged network. */
    Namespace tagged() {
        return tagged;
    }

    /** Plugs a host into the underlay by a device of that name. */
    void connectUnderlay(Namespace host, String device) {
        join(cable(host, device));
    }

    /** Plugs a host into the physical network by a device of that name. */
    void connectPhysical(Namespace host, String device) {
        plug(cable(host, device), List.of());
    }

    /** Begins to write down what the underlay carries. */
    Capture captureUnderlay(String... filter) {
        return new Capture(wires, UNDERLAY, filter);
    }

    /** A device in a machine; returns its other end, here. */
    private String cable(Namespace machine, String device) {
        String end = "cable" + ++cables;
        wires.run("ip", "link", "add", end, "type", "veth", "peer", "name", "hvend");
        wires.run("ip", "link", "set", "hvend", "netns", machine.name());
        machine.run("ip", "link", "set", "hvend", "name", device);
        for (Namespace side : List.of(wires, machine)) {
            String name = side == wires ? end : device;
            side.run("ip", "link", "set", name, "mtu", MTU, "up");
            side.run("ethtool", "-K", name, "tx", "off");
        }
        return end;
    }

    private void join(String end) {
        wires.run("ip", "link", "set", end, "mtu", MTU, "master", UNDERLAY, "up");
        wires.run("ethtool", "-K", end, "tx", "off");
    }

    private void plug(String end, List<String> columns) {
        List<String> command = new ArrayList<>(List.of("add-port", PHYSICAL, end));
        command.addAll(columns);
        physical.vsctl(command.toArray(String[]::new));
    }

    @Override
    public void close() {
        tagged.close();
        outside.close();
        physical.close();
    }
}
