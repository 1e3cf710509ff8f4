package io.hypervisor.agent.driver.containerd;

import com.google.gson.JsonObject;

import io.hypervisor.api.v1.InstanceSpec;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What of an instance's spec the process of its container was made of: kept as annotations of the
 * OCI runtime specification, which has more from the image. Pure.
 */
final class Origin {
    private static final String PREFIX = "io.hypervisor/";

    private Origin() {}

    /** The annotations of a specification. */
    static Map<String, Object> annotations(InstanceSpec spec) {
        Map<String, Object> annotations = new TreeMap<>();
        paths(spec).forEach((path, value) -> annotations.put(PREFIX + path, value));
        return annotations;
    }

    private static Map<String, String> paths(InstanceSpec spec) {
        return new TreeMap<>(
                Map.of(
                        "spec.command", Json.text(spec.getCommandList()),
                        "spec.args", Json.text(spec.getArgsList()),
                        "spec.env", Json.text(new TreeMap<>(spec.getEnvMap())),
                        "spec.user", spec.getUser(),
                        "spec.working_dir", spec.getWorkingDir()));
    }

    /** Paths of a spec whose values a process of this specification was not made of. */
    static List<String> differences(JsonObject specification, InstanceSpec wanted) {
        JsonObject made = specification.getAsJsonObject("annotations");
        if (made == null) {
            // Of a version that did not keep them.
            return List.of();
        }
        return paths(wanted).entrySet().stream()
                .filter(path -> !path.getValue().equals(text(made, path.getKey())))
                .map(Map.Entry::getKey)
                .toList();
    }

    private static String text(JsonObject annotations, String path) {
        return annotations.has(PREFIX + path) ? annotations.get(PREFIX + path).getAsString() : "";
    }
}
