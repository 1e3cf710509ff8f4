package io.hypervisor.agent.driver.libvirt;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;

import io.hypervisor.agent.driver.Target;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.Metadata;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

class SeedTest {
    private static final String ID = "0190b6d4-8c1e-7a51-9f3e-0242ac120002";
    private static final String KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMq ";

    @TempDir Path folder;

    private static Target target(Map<String, String> annotations) {
        return new Target(
                ID,
                1,
                1,
                "web",
                false,
                InstanceSpec.getDefaultInstance(),
                Metadata.newBuilder().putAllAnnotations(annotations).build(),
                List.of());
    }

    private static JsonObject meta(Map<String, String> files) {
        return JsonParser.parseString(files.get("meta-data")).getAsJsonObject();
    }

    @Test
    void aGuestThatIsToldNothingKnowsItsNameAndId() {
        Map<String, String> files = Seed.content(target(Map.of()));
        assertThat(files.keySet()).containsExactly("meta-data", "user-data");
        assertThat(meta(files).keySet()).containsExactly("instance-id", "local-hostname");
        assertThat(meta(files).get("instance-id").getAsString()).isEqualTo(ID);
        assertThat(meta(files).get("local-hostname").getAsString()).isEqualTo("web");
        assertThat(files.get("user-data")).startsWith("#cloud-config\n");
    }

    @Test
    void whatUsersWroteIsPassedOnAsItIs() {
        String data = "#!/bin/sh\nprintf '%s' \"${x}: [{\" \\ \u2028\u0085 ü 😀\n---\n";
        Map<String, String> files =
                Seed.content(
                        target(
                                Map.of(
                                        "cloud-init/user-data",
                                        data,
                                        "cloud-init/network-config",
                                        data + "2")));
        assertThat(files)
                .containsEntry("user-data", data)
                .containsEntry("network-config", data + "2");
    }

    @Test
    void aKeyIsAKeyWhateverItSays() {
        String evil = KEY + "me\\\"]}, \"instance-id\": \"other\", - {a: &b !!python/object";
        Map<String, String> files =
                Seed.content(
                        target(
                                Map.of(
                                        "cloud-init/ssh-authorized-keys",
                                        "\n# mine\n" + evil + "\r\n\n  " + KEY + "two\n")));
        assertThat(meta(files).get("public-keys").getAsJsonArray().asList())
                .extracting(element -> element.getAsString())
                .containsExactly(evil, KEY + "two");
        assertThat(meta(files).get("instance-id").getAsString()).isEqualTo(ID);
    }

    @Test
    void theDiskIsPrivateAndTheOnlyThingLeft() throws IOException {
        Target target = target(Map.of("cloud-init/user-data", "secret"));
        Files.writeString(folder.resolve("user-data"), "of an attempt that was cut short");
        Path seed = Seed.file(folder);
        Seed.make(target, folder);
        Seed.make(target, folder);
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).containsExactly(seed);
        }
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(seed)))
                .isEqualTo("rw-------");
        byte[] disk = Files.readAllBytes(seed);
        // The volume's descriptor: type, "CD001", and its label.
        assertThat(new String(disk, 0x8000, 7, StandardCharsets.US_ASCII))
                .isEqualTo("\u0001CD001\u0001");
        assertThat(new String(disk, 0x8028, 32, StandardCharsets.US_ASCII).strip())
                .isEqualToIgnoringCase("cidata");
    }
}
