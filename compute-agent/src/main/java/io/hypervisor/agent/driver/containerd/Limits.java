package io.hypervisor.agent.driver.containerd;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;

/** The "resources" of an OCI runtime specification: what a container may use. Pure. */
record Limits(JsonObject resources) {
    private static final String MEMORY = "memory";
    private static final String SPEED = "blockIO";

    // Where an instance's spec says what these do.
    private static final Map<String, Function<Limits, Object>> PATHS =
            new TreeMap<>(
                    Map.of(
                            "spec.cpu_cores", limits -> limits.part("cpu"),
                            "spec.memory_bytes", limits -> limits.part(MEMORY),
                            "spec.limits.pids_limit", limits -> limits.part("pids"),
                            "spec.limits.io_read_bps", limits -> limits.speed("Read"),
                            "spec.limits.io_write_bps", limits -> limits.speed("Write")));

    /**
     * What a container that has these can have instead while it runs. The runtime cannot change the
     * speed of disks. Memory that is in use is not taken: depending on its version of control
     * groups, the kernel would refuse that, or end processes for it.
     *
     * @param used bytes of memory that the container cannot do without
     */
    Limits next(Limits wanted, long used) {
        JsonObject next = wanted.resources.deepCopy();
        keep(next, SPEED);
        JsonElement limit = wanted.part(MEMORY).get("limit");
        // Without a limit there is nothing that the runtime would set.
        if (limit == null || limit.getAsLong() < used) {
            keep(next, MEMORY);
        }
        return new Limits(next);
    }

    private void keep(JsonObject next, String part) {
        if (resources.has(part)) {
            next.add(part, resources.get(part));
        } else {
            next.remove(part);
        }
    }

    /** What these lack of what is wanted, as paths of an instance's spec. */
    List<String> differences(Limits wanted) {
        List<String> paths = new ArrayList<>();
        PATHS.forEach(
                (path, value) -> {
                    if (!value.apply(this).equals(value.apply(wanted))) {
                        paths.add(path);
                    }
                });
        return paths;
    }

    private Optional<JsonElement> speed(String way) {
        return Optional.ofNullable(part(SPEED).get("throttle" + way + "BpsDevice"));
    }

    private JsonObject part(String name) {
        return resources.has(name) ? resources.getAsJsonObject(name) : new JsonObject();
    }
}
