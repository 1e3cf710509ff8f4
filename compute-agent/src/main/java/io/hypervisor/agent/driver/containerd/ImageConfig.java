package io.hypervisor.agent.driver.containerd;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;

import java.util.List;
import java.util.stream.StreamSupport;

/** What an image says about the process that it is for. Empty where it says nothing. */
record ImageConfig(
        List<String> entrypoint,
        List<String> command,
        List<String> env,
        String user,
        String workingDir,
        String stopSignal) {

    /** From the "config" object of an OCI image configuration, where any part may be null. */
    static ImageConfig of(JsonObject config) {
        return new ImageConfig(
                texts(config, "Entrypoint"),
                texts(config, "Cmd"),
                texts(config, "Env"),
                text(config, "User"),
                text(config, "WorkingDir"),
                text(config, "StopSignal"));
    }

    private static String text(JsonObject object, String key) {
        JsonElement value = object.get(key);
        return value == null || value.isJsonNull() ? "" : value.getAsString();
    }

    private static List<String> texts(JsonObject object, String key) {
        JsonElement value = object.get(key);
        if (value == null || value.isJsonNull()) {
            return List.of();
        }
        if (!value.isJsonArray()) {
            throw new JsonParseException("config." + key + ": expected a list");
        }
        return StreamSupport.stream(value.getAsJsonArray().spliterator(), false)
                .map(JsonElement::getAsString)
                .toList();
    }
}
