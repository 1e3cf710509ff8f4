package io.hypervisor.network.testing;

import io.hypervisor.core.Command;

import java.nio.file.Path;

/**
 * A network namespace that stands for a guest: its eth0 is the other end of a device of the switch.
 */
public final class Guest implements AutoCloseable {
    private final Namespace namespace;
    private final String device;

    private Guest(Namespace namespace, String device) {
        this.namespace = namespace;
        this.device = device;
    }

    /** A new guest with an eth0 of that address; its other end appears in the host's namespace. */
    static Guest create(Namespace host, String mac) {
        var guest = new Guest(Namespace.create(), "hvg" + Namespace.unique());
        guest.plugCable(host, mac);
        return guest;
    }

    private void plugCable(Namespace host, String mac) {
        host.run("ip", "link", "add", device, "type", "veth", "peer", "name", "hvtmp");
        host.run("ip", "link", "set", "hvtmp", "netns", namespace.name());
        namespace.run("ip", "link", "set", "hvtmp", "name", "eth0", "address", mac);
        // The userspace switch passes packets on as they are: a checksum left to the card stays
        // wrong.
        host.run("ethtool", "-K", device, "tx", "off");
        namespace.run("ethtool", "-K", "eth0", "tx", "off");
        host.run("ip", "link", "set", device, "up");
        namespace.run("ip", "link", "set", "eth0", "up");
    }

    /** The host's end. */
    public String device() {
        return device;
    }

    public Namespace namespace() {
        return namespace;
    }

    /** Gives eth0 an address by hand, "10.0.0.5/24". */
    public Guest address(String prefix) {
        namespace.run("ip", "address", "add", prefix, "dev", "eth0", "nodad");
        return this;
    }

    /** Whether some of three pings are answered. */
    public boolean pings(String address) {
        return attempt("busybox", "ping", "-c", "3", "-W", "1", address).ok();
    }

    /** Runs a program in it, which must succeed. */
    public String run(String... command) {
        return namespace.run(command);
    }

    /** Runs a program in it. */
    public Command.Ended attempt(String... command) {
        return namespace.attempt(command);
    }

    /** Starts a program in it. */
    public Process start(Path output, String... command) {
        return namespace.start(output, command);
    }

    @Override
    public void close() {
        namespace.close();
    }
}
