package io.hypervisor.agent.driver.containerd;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;

import io.hypervisor.agent.driver.Nics;
import io.hypervisor.agent.driver.Target;
import io.hypervisor.api.internal.v1.Nic;
import io.hypervisor.core.Command;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Looks at the network namespaces of containers from outside. */
final class NamedSpaces {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private NamedSpaces() {}

    static String name(String instanceId) {
        return "hv-" + instanceId;
    }

    /** MAC addresses inside, by the port that the device at the other end is marked with. */
    static Map<String, String> interfaces(String instanceId) {
        Map<String, String> found = new TreeMap<>();
        if (!Files.exists(Path.of("/run/netns", name(instanceId)))) {
            return found;
        }
        String inside = ip("-n", name(instanceId), "-json", "link", "show", "type", "veth");
        for (JsonElement link : JsonParser.parseString(inside).getAsJsonArray()) {
            JsonObject object = link.getAsJsonObject();
            found.put(
                    port(object.get("link_index").getAsInt()), object.get("address").getAsString());
        }
        return found;
    }

    private static String port(int index) {
        for (JsonElement link :
                JsonParser.parseString(ip("-json", "link", "show")).getAsJsonArray()) {
            JsonObject object = link.getAsJsonObject();
            if (object.get("ifindex").getAsInt() == index) {
                String alias = object.get("ifalias").getAsString();
                return alias.substring(alias.lastIndexOf(' ') + 1);
            }
        }
        throw new IllegalStateException("no device of index " + index);
    }

    static void leaveHalfMade(ContainerdConfig config, Target target) {
        Nic nic = target.nics().getFirst();
        String name = name(target.instanceId());
        try {
            Path folder = config.folder(target.instanceId());
            Files.writeString(folder.resolve("nics.begun"), Nics.write(target.nics()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        ip("netns", "add", name);
        List<String> add = List.of("link", "add", Nics.device(nic), "type", "veth");
        List<String> peer = List.of("peer", "name", "eth0", "netns", name);
        List<String> both = new ArrayList<>(add);
        both.addAll(peer);
        ip(both.toArray(String[]::new));
    }

    static String ip(String... arguments) {
        List<String> command = new ArrayList<>(List.of("ip"));
        command.addAll(List.of(arguments));
        Command.Ended ended = Command.run(PATIENCE, command);
        if (!ended.ok()) {
            throw new IllegalStateException(ended.failure());
        }
        return ended.output();
    }
}
