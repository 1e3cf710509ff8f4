package io.hypervisor.agent.driver.containerd;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;

import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/**
 * The system calls that containers may make: containerd's own default for the capabilities that
 * containers have here, kept as a file because containerd computes it in its clients. Not those of
 * x32, which kernels come without: the runtime compiles the filter at each start, each
 * architecture's part by itself.
 */
final class Seccomp {
    private static final JsonObject PROFILE = read();

    private Seccomp() {}

    /** The "seccomp" object of an OCI runtime specification. */
    static JsonObject profile() {
        return PROFILE;
    }

    private static JsonObject read() {
        try (InputStream in =
                Objects.requireNonNull(Seccomp.class.getResourceAsStream("seccomp.json"))) {
            return JsonParser.parseReader(new InputStreamReader(in, StandardCharsets.UTF_8))
                    .getAsJsonObject();
        } catch (IOException e) {
            throw new UncheckedIOException("the program is incomplete", e);
        }
    }
}
