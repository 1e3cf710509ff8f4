package io.hypervisor.agent.driver.containerd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
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
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
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
                    Path.of("/run/c.sock"),
                    "hypervisor",
                    Path.of("/data"),
                    "test",
                    false,
                    1 << 20,
                    Map.of("certs", new ContainerdConfig.HostPath(Path.of("/etc/ssl"), true)));
    private static final Host HOST = new Host(true, Optional.of(new Host.Disk(254, 0)));
    private static final ImageConfig IMAGE =
            new ImageConfig(List.of(), List.of("sh"), List.of("PATH=/bin"), "", "", "");
    private static final InstanceSpec SMALL =
            InstanceSpec.newBuilder()
                    .setImage("demo/busybox")
                    .setCpuCores(1)
                    .setMemoryBytes(512L << 20)
                    .build();

    private static Target target(InstanceSpec spec) {
        return new Target(ID, 1, 1, "web-1", false, spec, Metadata.getDefaultInstance(), List.of());
    }

    private static String json(InstanceSpec spec, ImageConfig image, Account account, Host host) {
        return OciSpec.json(target(spec), image, account, host, CONFIG);
    }

    private static JsonObject process(InstanceSpec spec, ImageConfig image) {
        return JsonParser.parseString(json(spec, image, Account.ROOT, HOST))
                .getAsJsonObject()
                .getAsJsonObject("process");
    }

    private static void assertGolden(String name, String json) throws IOException {
        JsonObject spec = JsonParser.parseString(json).getAsJsonObject();
        // The same for all, and a file itself.
        assertThat(spec.getAsJsonObject("linux").remove("seccomp")).isEqualTo(Seccomp.profile());
        String pretty =
                new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create().toJson(spec)
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
        assertThat(OciSpec.fits(json, target, HOST)).isTrue();
        assertThat(OciSpec.fits(json(SMALL, IMAGE, Account.ROOT, HOST), target, HOST)).isFalse();
    }

    @Test
    void whatItsProcessIsMadeOfIsCompared() {
        InstanceSpec spec = SMALL.toBuilder().putEnv("B", "\"<2>\"\u2028").putEnv("A", "1").build();
        InstanceSpec same = SMALL.toBuilder().putEnv("A", "1").putAllEnv(spec.getEnvMap()).build();
        String json = json(spec, IMAGE, Account.ROOT, HOST);
        // As it is after limits were written into it.
        JsonObject made = JsonParser.parseString(json).getAsJsonObject();
        assertThat(OciSpec.fits(made.toString(), target(same), HOST)).isTrue();
        assertThat(Origin.differences(made, same)).isEmpty();
        InstanceSpec other =
                spec.toBuilder().removeEnv("A").addCommand("sh").setUser("app").build();
        assertThat(OciSpec.fits(made.toString(), target(other), HOST)).isFalse();
        assertThat(Origin.differences(made, other))
                .containsExactly("spec.command", "spec.env", "spec.user");
        var _ = made.remove("annotations");
        assertThat(Origin.differences(made, other)).isEmpty();
        assertThat(OciSpec.fits(made.toString(), target(same), HOST)).isFalse();
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
                                        .setIoWriteBps(2_000_000)
                                        .setPidsLimit(100))
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

    /** As Docker's own table: command is its --entrypoint, args what follows the image. */
    @ParameterizedTest
    @CsvSource({
        // entrypoint, cmd, command, args -> what runs
        "/entry e, serve s, , , /entry e serve s",
        "/entry e, serve s, , x y, /entry e x y",
        "/entry e, serve s, sh, , sh",
        "/entry e, serve s, sh -c, x y, sh -c x y",
        "/entry e, , , , /entry e",
        "/entry e, , , x, /entry e x",
        "/entry e, , sh, , sh",
        ", serve s, , , serve s",
        ", serve s, , x y, x y",
        ", serve s, sh, , sh",
        ", serve s, sh, x, sh x",
        ", , , x y, x y",
        ", , sh -c, x, sh -c x",
        "'', serve s, , , serve s"
    })
    void whatRunsIsAsInDocker(
            String entrypoint, String cmd, String command, String args, String runs) {
        ImageConfig image = new ImageConfig(words(entrypoint), words(cmd), List.of(), "", "", "");
        InstanceSpec spec =
                SMALL.toBuilder().addAllCommand(words(command)).addAllArgs(words(args)).build();
        JsonArray expected = new JsonArray();
        words(runs).forEach(expected::add);
        assertThat(process(spec, image).get("args")).isEqualTo(expected);
    }

    // Absent where nothing is written; one empty word where '' is.
    private static List<String> words(String text) {
        return text == null ? List.of() : List.of(text.split(" ", -1));
    }

    @ParameterizedTest
    @CsvSource({", , /", ", srv, /srv", ", /srv, /srv", "/own, /srv, /own", "/own, , /own"})
    void whereItBegins(String own, String images, String begins) {
        InstanceSpec spec = SMALL.toBuilder().setWorkingDir(own == null ? "" : own).build();
        String dir = images == null ? "" : images;
        ImageConfig image = new ImageConfig(List.of(), List.of("sh"), List.of(), "", dir, "");
        assertThat(process(spec, image).get("cwd").getAsString()).isEqualTo(begins);
    }

    @Test
    void environmentAddsToTheImages() {
        ImageConfig image =
                new ImageConfig(
                        List.of(), List.of("sh"), List.of("A=1", "B=2", "HOSTNAME=x"), "", "", "");
        InstanceSpec spec = SMALL.toBuilder().putEnv("B", "3").putEnv("C", "").build();
        assertThat(process(spec, image).getAsJsonArray("env").toString())
                .contains("A=1", "B=3", "C=", "HOSTNAME=x", "PATH=/usr/local/sbin")
                .doesNotContain("B=2", "TERM=");
    }

    @Test
    void volumesAreOfTheMachineOnlyWhereItsConfigurationSaysSo() {
        InstanceSpec spec =
                SMALL.toBuilder()
                        .addVolumeMounts(
                                VolumeMount.newBuilder().setName("certs").setMountPath("/certs"))
                        .addVolumeMounts(
                                VolumeMount.newBuilder().setName("data").setMountPath("/data"))
                        .build();
        String mount =
                """
                {"destination":"%s","type":"bind","source":"%s","options":["rbind","rprivate","%s"]}\
                """;
        assertThat(json(spec, IMAGE, Account.ROOT, HOST))
                .contains(mount.formatted("/certs", "/etc/ssl", "ro"))
                .contains(mount.formatted("/data", "/data/volumes/data", "rw"));
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
