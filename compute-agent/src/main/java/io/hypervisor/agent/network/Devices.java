package io.hypervisor.agent.network;

import io.hypervisor.agent.driver.Nics;
import io.hypervisor.core.Command;
import io.hypervisor.core.Ids;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** The network devices of this machine, as far as they concern the switch. */
final class Devices {
    private static final Logger log = LoggerFactory.getLogger(Devices.class);
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final Path ALL = Path.of("/sys/class/net");
    private static final int PROMISCUOUS = 0x100;
    private static final Path SETTINGS = Path.of("/proc/sys/net");
    private static final Path NAMESPACES = Path.of("/run/netns");

    private final String mark;

    /** Devices with this mark are those of the agent's own containers. */
    Devices(String mark) {
        this.mark = mark;
    }

    /** The names of all that there are. */
    static Set<String> all() {
        String[] names = ALL.toFile().list();
        if (names == null) {
            throw new UncheckedIOException(new IOException("cannot list " + ALL));
        }
        return Set.of(names);
    }

    /**
     * Keeps the machine's own network stack off a device. With the userspace datapath every frame
     * of a guest reaches it too; nothing but the switch may answer or forward one.
     */
    void silence(String name) {
        // Without an address of the machine on the device, a strict reverse path drops all of IPv4.
        set("ipv4", name, "rp_filter", "1");
        set("ipv4", name, "arp_ignore", "8");
        set("ipv6", name, "disable_ipv6", "1");
    }

    /**
     * Has a device take every frame, as the switch is about to do. The switch looks at all of its
     * devices after each change of one; this is part of the change that plugs it, if it comes soon.
     */
    void open(String name) {
        Path file = ALL.resolve(name).resolve("flags");
        try {
            int flags = Integer.decode(Files.readString(file).strip());
            if ((flags & PROMISCUOUS) == 0) {
                Files.writeString(file, "0x" + Integer.toHexString(flags | PROMISCUOUS));
            }
        } catch (IOException e) {
            log.debug("device={}: gone, or the switch will do it: {}", name, e.toString());
        }
    }

    private static void set(String family, String device, String key, String value) {
        Path file = SETTINGS.resolve(family).resolve("conf").resolve(device).resolve(key);
        try {
            Files.writeString(file, value);
        } catch (NoSuchFileException e) {
            log.debug("device={} {}: not there: gone, or a kernel without it", device, key);
        } catch (IOException e) {
            log.warn(
                    "device={} {}: the node's own stack sees its frames: {}",
                    device,
                    key,
                    e.toString());
        }
    }

    /** The device that has an address; empty: none. */
    static String holding(String address) {
        try {
            NetworkInterface found =
                    NetworkInterface.getByInetAddress(InetAddress.ofLiteral(address));
            return found == null ? "" : found.getName();
        } catch (IOException | IllegalArgumentException e) {
            return "";
        }
    }

    /** The devices of containers that are ours, with their instances. */
    Map<String, String> ofInstances() {
        Map<String, String> found = new TreeMap<>();
        try (DirectoryStream<Path> devices = Files.newDirectoryStream(ALL)) {
            for (Path device : devices) {
                String alias = alias(device);
                if (alias.startsWith(mark + " ")) {
                    String instance = alias.substring(mark.length() + 1).split(" ", 2)[0];
                    if (Ids.isId(instance)) {
                        found.put(device.getFileName().toString(), instance);
                    }
                }
            }
            return found;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot list " + ALL, e);
        }
    }

    private static String alias(Path device) {
        try {
            return Files.readString(device.resolve("ifalias")).strip();
        } catch (IOException goneOrNoDevice) {
            return "";
        }
    }

    /** Removes the device and the network namespace of an instance that is gone. */
    void remove(String device, String instanceId) {
        String netns = Nics.DEVICE_PREFIX + instanceId;
        String lines = "link delete dev " + device + "\n";
        if (Files.exists(NAMESPACES.resolve(netns))) {
            lines += "netns delete " + netns + "\n";
        }
        Command.Ended ended =
                Command.run(PATIENCE, ALL, lines, List.of("ip", "-force", "-batch", "-"));
        log.warn(
                "instance={} device={} ok={}: left behind, removed",
                instanceId,
                device,
                ended.ok());
    }
}
