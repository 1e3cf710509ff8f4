package io.hypervisor.agent.driver.containerd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.Target;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.Metadata;
import io.hypervisor.api.v1.ResourceLimits;
import io.hypervisor.api.v1.VolumeMount;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Specs against golden files. To accept what is made now: run with {@code -Dgolden.accept=true},
 * then read the difference.
 */
class OciSpecTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden/oci");
    private static final String ID = "0190a0b0-0000-7000-8000-000000000001";
    private static final ContainerdConfig CONFIG =
            new ContainerdConfig(
                    Path.of("/run/c.sock"), "hypervisor", Path.of("/data"), "test", false);
    private static final Host HOST = new Host(true, Optional.of(new Host.Disk(254, 0)));
    private static final ImageConfig IMAGE =
            new ImageConfig(List.of(), List.of("sh"), List.of("PATH=/bin"), "", "", "");
    private static final InstanceSpec SMALL =
            InstanceSpec.newBuilder()
                    .setImage("demo/busybox")
                    .setCpuCores(1)
                    .setMemoryBytes(512L << 20)
                    .build();

    private static String json(InstanceSpec spec, ImageConfig image, Account account, Host host) {
        Target target =
                new Target(
                        ID, 1, 1, "web-1", false, spec, Metadata.getDefaultInstance(), List.of());
        return OciSpec.json(target, image, account, host, CONFIG);
    }

    private static JsonObject process(InstanceSpec spec, ImageConfig image) {
        return JsonParser.parseString(json(spec, image, Account.ROOT, HOST))
                .getAsJsonObject()
                .getAsJsonObject("process");
    }

    private static void assertGolden(String name, String json) throws IOException {
        String pretty =
                new GsonBuilder()
                                .setPrettyPrinting()
                                .disableHtmlEscaping()
                                .create()
                                .toJson(JsonParser.parseString(json))
                        + "\n";
        Path file = GOLDEN.resolve(name);
        if (Boolean.getBoolean("golden.accept")) {
            Files.createDirectories(GOLDEN);
            Files.writeString(file, pretty);
        }
        assertThat(pretty).isEqualTo(Files.readString(file));
    }

    @Test
    void small() throws IOException {
        assertGolden("small.json", json(SMALL, IMAGE, Account.ROOT, HOST));
    }

    @Test
    void withInterfaces() throws IOException {
        Target target = NicPlanTest.target();
        String json = OciSpec.json(target, IMAGE, Account.ROOT, HOST, CONFIG);
        assertGolden("interfaces.json", json);
        assertThat(OciSpec.fits(json, target)).isTrue();
        assertThat(OciSpec.fits(json(SMALL, IMAGE, Account.ROOT, HOST), target)).isFalse();
    }

    @Test
    void everything() throws IOException {
        InstanceSpec spec =
                SMALL.toBuilder()
                        .setCpuCores(4)
                        .setTty(true)
                        .addCommand("/bin/app")
                        .addArgs("--port")
                        .addArgs("80 80\"\n")
                        .putEnv("Z", "last")
                        .putEnv("PATH", "/opt/bin")
                        .addVolumeMounts(
                                VolumeMount.newBuilder()
                                        .setName("db")
                                        .setMountPath("/var/lib/db/")
                                        .setReadOnly(true))
                        .setLimits(
                                ResourceLimits.newBuilder()
                                        .setCpuQuota(25_000)
                                        .setCpuPeriod(50_000)
                                        .setMemoryLimit(128L << 20)
                                        .setMemorySwap(256L << 20)
                                        .setIoReadBps(1_000_000)
                                        .setIoWriteBps(2_000_000))
                        .build();
        ImageConfig image =
                new ImageConfig(
                        List.of("/entry"),
                        List.of("ignored"),
                        List.of("PATH=/bin", "LANG=C"),
                        "app",
                        "srv",
                        "SIGQUIT");
        assertGolden(
                "everything.json",
                json(spec, image, new Account(1000, 1001, List.of(5L, 20L)), HOST));
    }

    @Test
    void commandAndArgumentsReplaceTheImagesAsInDocker() {
        ImageConfig image =
                new ImageConfig(List.of("/entry"), List.of("serve"), List.of(), "", "", "");
        assertThat(process(SMALL, image).get("args")).hasToString("[\"/entry\",\"serve\"]");
        assertThat(process(SMALL.toBuilder().addArgs("x").build(), image).get("args"))
                .hasToString("[\"/entry\",\"x\"]");
        assertThat(process(SMALL.toBuilder().addCommand("sh").build(), image).get("args"))
                .hasToString("[\"sh\"]");
    }

    @Test
    void withoutSwapAccountingNoSwapIsSet() {
        Host host = new Host(false, Optional.empty());
        assertThat(json(SMALL, IMAGE, Account.ROOT, host)).doesNotContain("\"swap\"");
    }

    @Test
    void noCommandAtAllIsRefused() {
        ImageConfig none = new ImageConfig(List.of(), List.of(), List.of(), "", "", "");
        assertRefused(SMALL, none, "spec.command");
    }

    @Test
    void diskLimitsWithoutADiskAreRefused() {
        InstanceSpec spec =
                SMALL.toBuilder()
                        .setLimits(ResourceLimits.newBuilder().setIoReadBps(1_000_000))
                        .build();
        assertThatThrownBy(() -> json(spec, IMAGE, Account.ROOT, new Host(true, Optional.empty())))
                .isInstanceOf(DriverException.class)
                .hasMessageContaining("spec.limits.io_read_bps");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/",
                "//",
                "relative",
                "/a/../../etc",
                "/..",
                "/proc",
                "/proc/sys/kernel",
                "/sys/fs/cgroup",
                "/dev",
                "/dev/pts/",
                "/./proc",
                "/a\0b"
            })
    void hostileMountPathsAreRefused(String path) {
        VolumeMount mount = VolumeMount.newBuilder().setName("v").setMountPath(path).build();
        assertRefused(SMALL.toBuilder().addVolumeMounts(mount).build(), IMAGE, "mount_path");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "..", ".", "a/b", "../../etc", "A", "-a", "a\0", "a\n", "/etc"})
    void hostileVolumeNamesAreRefused(String name) {
        VolumeMount mount = VolumeMount.newBuilder().setName(name).setMountPath("/v").build();
        assertRefused(SMALL.toBuilder().addVolumeMounts(mount).build(), IMAGE, "name");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "A=B", "1A", "A B", "A\0", "é", "A\n"})
    void hostileEnvironmentKeysAreRefused(String key) {
        assertRefused(SMALL.toBuilder().putEnv(key, "x").build(), IMAGE, "spec.env");
    }

    @Test
    void zeroCharactersAreRefusedEverywhere() {
        assertRefused(SMALL.toBuilder().putEnv("A", "a\0b").build(), IMAGE, "spec.env[A]");
        assertRefused(SMALL.toBuilder().addCommand("a\0b").build(), IMAGE, "spec.command");
        assertRefused(SMALL.toBuilder().addArgs("a\0b").build(), IMAGE, "spec.command");
        ImageConfig env = new ImageConfig(List.of(), List.of("sh"), List.of("A=\0"), "", "", "");
        assertRefused(SMALL, env, "image");
        ImageConfig dir = new ImageConfig(List.of(), List.of("sh"), List.of(), "", "/\0", "");
        assertRefused(SMALL, dir, "working directory");
    }

    private static void assertRefused(InstanceSpec spec, ImageConfig image, String field) {
        assertThatThrownBy(() -> json(spec, image, Account.ROOT, HOST))
                .isInstanceOfSatisfying(
                        DriverException.class, e -> assertThat(e.isPermanent()).isTrue())
                .hasMessageContaining(field)
                .hasMessageContaining("expected: ");
    }
}
