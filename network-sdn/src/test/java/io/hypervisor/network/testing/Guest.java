package io.hypervisor.network.testing;

import io.hypervisor.core.Command;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * A network namespace that stands for a guest: its eth0 is the other end of a device of the switch.
 */
public final class Guest implements AutoCloseable {
    private static final FileAttribute<?> EXECUTABLE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    // What udhcpc calls with what it got, in its environment.
    private static final String CONFIGURE =
            """
            #!/bin/sh
            [ "$1" = bound ] || exit 0
            set -e
            ip address add "$ip/$mask" dev "$interface"
            ip link set "$interface" mtu "$mtu"
            ip route add default via "$router"
            echo "ip=$ip mask=$mask router=$router dns=$dns mtu=$mtu domain=$domain host=$hostname"
            """;

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

    /** Configures eth0 by DHCP with a stock client, and returns what that was told. */
    public String dhcp() {
        try {
            Path script = Files.createTempFile("udhcpc", "", EXECUTABLE);
            Files.writeString(script, CONFIGURE);
            try {
                return run(
                        ("busybox udhcpc -i eth0 -n -q -f -t 10 -T 2"
                                        + " -O mtu -O dns -O hostname -O search -s "
                                        + script)
                                .split(" "));
            } finally {
                Files.delete(script);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
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
