package io.hypervisor.agent.driver.containerd;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.Nics;
import io.hypervisor.agent.driver.Target;
import io.hypervisor.api.internal.v1.Nic;
import io.hypervisor.core.Command;
import io.hypervisor.core.Ids;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * The network namespaces of containers that have interfaces: "hv-" and the instance's id, from
 * before a run begins until it has ended. What is to be there is written into the instance's folder
 * first, and that it is there last, so that nothing half-made is taken for whole or forgotten.
 */
final class Netns {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final Path NAMED = Path.of("/run/netns");
    private static final Path DEVICES = Path.of("/sys/class/net");

    private static final String MADE = "nics";
    private static final String BEGUN = "nics.begun";
    private static final String INSIDE = "nics.batch";
    private static final String RESOLV_CONF = "resolv.conf";
    private static final String HOSTS = "hosts";

    /** Files of the instance's folder that its containers see in /etc. */
    static final List<String> FILES = List.of(RESOLV_CONF, HOSTS);

    private final ContainerdConfig config;

    Netns(ContainerdConfig config) {
        this.config = config;
    }

    /** Ids that namespaces of this machine have in their names, whoever made them. */
    static Set<String> all() {
        try (Stream<Path> files = Files.list(NAMED)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.startsWith(Nics.DEVICE_PREFIX))
                    .map(name -> name.substring(Nics.DEVICE_PREFIX.length()))
                    .filter(Ids::isId)
                    .collect(Collectors.toSet());
        } catch (NoSuchFileException noneEver) {
            return Set.of();
        } catch (IOException e) {
            throw DriverException.passing("cannot list " + NAMED + ": " + e, e);
        }
    }

    /** Whether there is a namespace of an instance, made by this agent. */
    boolean isMarked(String id) {
        if (!Files.exists(path(id))) {
            return false;
        }
        try {
            String json = ip(id, "", "-n", name(id), "-json", "link", "show", "dev", "lo");
            return elements(JsonParser.parseString(json))
                    .map(link -> link.get("ifalias"))
                    .anyMatch(alias -> alias != null && alias.getAsString().equals(alias(id)));
        } catch (DriverException goneOrNoNamespace) {
            return false;
        }
    }

    private static String name(String id) {
        return Nics.DEVICE_PREFIX + id;
    }

    /** Where the runtime finds an instance's namespace. */
    static Path path(String id) {
        return NAMED.resolve(name(id));
    }

    /**
     * Makes it for an instance that does not run; none if that has no interfaces. Returns those
     * that are new.
     */
    List<Nic> make(Target target) {
        String id = target.instanceId();
        boolean wanted = !target.nics().isEmpty();
        if (isMade(target) && Files.exists(path(id)) == wanted) {
            return List.of();
        }
        var _ = remove(id);
        if (wanted) {
            change(target, List.of(), target.nics());
        }
        return target.nics();
    }

    /**
     * Changes it under an instance that runs, and may have had no interfaces until now. Returns
     * those that are new.
     */
    List<Nic> change(Target target, int pid) {
        String id = target.instanceId();
        if (!Files.exists(path(id))) {
            ip(id, "", "netns", "attach", name(id), Integer.toString(pid));
        }
        List<Nic> devices = new ArrayList<>(devices(id));
        devices.addAll(target.nics());
        List<NicPlan.Link> present = links(id);
        change(target, present, devices);
        return target.nics().stream()
                .filter(n -> present.stream().noneMatch(l -> l.mac().equals(n.getMacAddress())))
                .toList();
    }

    /** Whether it was made for just these interfaces, and nothing has been begun since. */
    boolean isMade(Target target) {
        Path folder = config.folder(target.instanceId());
        return !Files.exists(folder.resolve(BEGUN))
                && read(folder.resolve(MADE)).equals(Nics.write(target.nics()));
    }

    private void change(Target target, List<NicPlan.Link> present, List<Nic> devices) {
        String id = target.instanceId();
        Path folder = config.folder(id);
        write(folder.resolve(BEGUN), Nics.write(devices));
        write(folder.resolve(RESOLV_CONF), HostFiles.resolvConf(target));
        write(folder.resolve(HOSTS), HostFiles.hosts(target));
        NicPlan.Place place =
                new NicPlan.Place(
                        name(id), !Files.exists(path(id)), alias(id), INSIDE, config.offload());
        NicPlan plan = NicPlan.of(place, present, target.nics());
        write(folder.resolve(INSIDE), String.join("\n", plan.inside()) + "\n");
        batch(id, plan.outside());
        write(folder.resolve(BEGUN), Nics.write(target.nics()));
        try {
            Files.move(folder.resolve(BEGUN), folder.resolve(MADE), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw DriverException.passing("cannot write " + folder.resolve(MADE) + ": " + e, e);
        }
    }

    /** Removes it and its devices, and says whether there were any. */
    boolean remove(String id) {
        Path folder = config.folder(id);
        List<Nic> devices = devices(id);
        boolean exists = Files.exists(path(id));
        if (devices.isEmpty() && !exists) {
            return false;
        }
        List<String> lines = new ArrayList<>();
        if (exists && Files.exists(folder.resolve(BEGUN))) {
            // Devices may not be marked yet. They go with their other ends.
            links(id).stream()
                    .map(link -> "netns exec " + name(id) + " ip link delete dev " + link.name())
                    .forEach(lines::add);
        } else {
            // At once; with the namespace they would go later.
            devices.stream()
                    .map(Nics::device)
                    .filter(device -> isOurs(id, device))
                    .map(device -> "link delete dev " + device)
                    .forEach(lines::add);
        }
        if (exists) {
            lines.add("netns delete " + name(id));
        }
        batch(id, lines);
        try {
            Files.deleteIfExists(folder.resolve(MADE));
            Files.deleteIfExists(folder.resolve(BEGUN));
        } catch (IOException e) {
            throw DriverException.passing("cannot remove files of " + folder + ": " + e, e);
        }
        return true;
    }

    private List<Nic> devices(String id) {
        Path folder = config.folder(id);
        try {
            return Stream.of(MADE, BEGUN)
                    .flatMap(name -> Nics.read(read(folder.resolve(name))).stream())
                    .distinct()
                    .toList();
        } catch (IllegalArgumentException lostPower) {
            // Then no device is left either.
            return List.of();
        }
    }

    private String alias(String id) {
        return config.mark() + " " + id;
    }

    // Somebody may have asked for a name that a device of the node has already.
    private boolean isOurs(String id, String device) {
        return read(DEVICES.resolve(device).resolve("ifalias")).startsWith(alias(id) + " ");
    }

    private List<NicPlan.Link> links(String id) {
        String json = ip(id, "", "-n", name(id), "-json", "address", "show");
        return elements(JsonParser.parseString(json))
                .filter(link -> link.get("link_type").getAsString().equals("ether"))
                .map(
                        link ->
                                new NicPlan.Link(
                                        link.get("ifname").getAsString(),
                                        link.get("address").getAsString(),
                                        addresses(link)))
                .toList();
    }

    private static List<String> addresses(JsonObject link) {
        return elements(link.get("addr_info"))
                .filter(address -> !address.get("scope").getAsString().equals("link"))
                .map(a -> a.get("local").getAsString() + "/" + a.get("prefixlen").getAsInt())
                .toList();
    }

    private static Stream<JsonObject> elements(JsonElement array) {
        return StreamSupport.stream(array.getAsJsonArray().spliterator(), false)
                .map(JsonElement::getAsJsonObject)
                // Where a filter leaves one out, an empty one stays.
                .filter(object -> !object.isEmpty());
    }

    private void batch(String id, List<String> lines) {
        if (!lines.isEmpty()) {
            ip(id, String.join("\n", lines) + "\n", "-batch", "-");
        }
    }

    private String ip(String id, String input, String... arguments) {
        List<String> command = new ArrayList<>(List.of("ip"));
        command.addAll(List.of(arguments));
        Path folder = config.folder(id);
        Command.Ended ended =
                Command.run(
                        PATIENCE,
                        Files.isDirectory(folder) ? folder : config.data(),
                        input,
                        command);
        if (!ended.ok()) {
            throw DriverException.passing(ended.failure(), null);
        }
        return ended.output();
    }

    /** The content; empty if there is no such file. */
    private static String read(Path file) {
        try {
            return Files.readString(file, StandardCharsets.UTF_8);
        } catch (NoSuchFileException e) {
            return "";
        } catch (IOException e) {
            throw DriverException.passing("cannot read " + file + ": " + e, e);
        }
    }

    // In place: the container may see it.
    private static void write(Path file, String content) {
        try {
            Files.writeString(file, content);
        } catch (IOException e) {
            throw DriverException.passing("cannot write " + file + ": " + e, e);
        }
    }
}
