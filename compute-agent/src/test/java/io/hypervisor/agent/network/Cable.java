package io.hypervisor.agent.network;

import io.hypervisor.core.Command;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A device of the node, with a guest in a namespace at its other end. */
final class Cable implements AutoCloseable {
    private static final Duration LONG = Duration.ofSeconds(30);

    private final String device;
    private final String guest;

    /** The guest has the address 10.7.0.{@code number} and that of {@link Scenes#mac}. */
    Cable(int number) {
        device = "hvt-" + number;
        guest = "hvt-" + ProcessHandle.current().pid() + "-" + number;
        onNode("ip", "netns", "add", guest);
        onNode(
                "ip link add dev %s type veth peer name eth0 address %s netns %s"
                        .formatted(device, Scenes.mac(number), guest)
                        .split(" "));
        inGuest("ethtool", "-K", "eth0", "tx", "off");
        inGuest("ip", "address", "add", "10.7.0." + number + "/16", "dev", "eth0");
        inGuest("ip", "link", "set", "dev", "eth0", "up");
        onNode("ip", "link", "set", "dev", device, "up");
    }

    String device() {
        return device;
    }

    /** Runs a program beside the guest, which must succeed. */
    void onNode(String... command) {
        Command.Ended ended = Command.run(LONG, List.of(command));
        if (!ended.ok()) {
            throw new IllegalStateException(ended.failure());
        }
    }

    /** Runs a program in the guest. */
    Command.Ended inGuest(String... command) {
        List<String> all = new ArrayList<>(List.of("ip", "netns", "exec", guest));
        all.addAll(List.of(command));
        return Command.run(LONG, all);
    }

    /** Whether one of two pings is answered within two seconds. */
    boolean pings(String address) {
        return inGuest("busybox", "ping", "-c", "2", "-W", "1", address).ok();
    }

    @Override
    public void close() {
        // The device first: with its namespace it would go later.
        Command.run(LONG, List.of("ip", "link", "delete", "dev", device));
        Command.run(LONG, List.of("ip", "netns", "delete", guest));
    }
}
