package io.hypervisor.agent.driver.containerd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.groups.Tuple.tuple;
import static org.awaitility.Awaitility.await;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.Found;
import io.hypervisor.agent.driver.ImagePulls.Pull;
import io.hypervisor.agent.driver.Target;
import io.hypervisor.agent.registry.RegistryConfig;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.Metadata;
import io.hypervisor.core.Clock;
import io.hypervisor.core.VirtualTasks;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;

/** Images from real registries into a real containerd. */
@Tag("real")
class ImagePullTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static final VirtualTasks tasks = new VirtualTasks();
    private static ContainerdDaemon daemon;
    private static TestRegistry registry;
    private static Path folder;

    private final List<ContainerdDriver> drivers = new ArrayList<>();

    @BeforeAll
    static void startDaemons() throws IOException {
        daemon = new ContainerdDaemon();
        registry = new TestRegistry();
        folder = Files.createTempDirectory("hv-pull");
    }

    @AfterAll
    static void stopDaemons() {
        registry.close();
        daemon.close();
        tasks.close();
        ContainerdDaemon.run("rm", "-rf", folder);
    }

    @AfterEach
    void closeDrivers() {
        drivers.forEach(ContainerdDriver::close);
    }

    private ContainerdDriver driver(Optional<Path> authFile, String... plain) {
        List<String> hosts = new ArrayList<>(List.of(plain));
        hosts.addAll(
                List.of(registry.open(), registry.basic(), registry.token(), registry.tokenHost()));
        ContainerdDriver driver =
                new ContainerdDriver(
                        daemon.config(),
                        new RegistryConfig(Map.of(), hosts, authFile, 1 << 30),
                        Clock.system(),
                        tasks,
                        new SimpleMeterRegistry());
        drivers.add(driver);
        return driver;
    }

    private static InstanceSpec spec(String image) {
        return InstanceSpec.newBuilder().setImage(image).build();
    }

    private static Pull begin(ContainerdDriver driver, String image) {
        return driver.imagePulls().orElseThrow().pull(spec(image));
    }

    private static void pull(ContainerdDriver driver, String image) {
        try (Pull pull = begin(driver, image)) {
            tasks.await(pull.done(), PATIENCE);
        } catch (ExecutionException e) {
            throw (DriverException) e.getCause();
        } catch (InterruptedException | TimeoutException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void assertRefused(ThrowingCallable call, String... words) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        DriverException.class, e -> assertThat(e.isPermanent()).isTrue())
                .hasMessageContainingAll(words);
    }

    private static byte[] noise(int seed, int length) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private static byte[] busybox() throws IOException {
        return new TestImage.Tar()
                .folder("bin/")
                .file("bin/busybox", 0755, Files.readAllBytes(Path.of("/bin/busybox")))
                .link("bin/sh", '2', "busybox")
                .bytes();
    }

    private static Path auth(String host, String pair) throws IOException {
        String encoded = Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
        Path file = Files.createTempFile(folder, "auth", ".json");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        return Files.writeString(
                file, "{\"auths\": {\"%s\": {\"auth\": \"%s\"}}}".formatted(host, encoded));
    }

    @Test
    void pulledImageRuns() throws IOException {
        TestImage image =
                new TestImage()
                        .gzipped(busybox())
                        .zstandard(new TestImage.Tar().file("z", 0644, noise(1, 300_000)).bytes())
                        .stored(
                                new TestImage.Tar()
                                        .file("hello", 0644, new byte[] {'h', 'i', '\n'})
                                        .bytes());
        registry.push("team/box", image);
        ContainerdDriver driver = driver(Optional.empty());
        String name = registry.open() + "/team/box:1";
        assertThat(driver.imagePulls().orElseThrow().holds(spec(name))).isFalse();
        pull(driver, name);
        assertThat(driver.imagePulls().orElseThrow().holds(spec(name))).isTrue();
        // Nothing keeps it but its name.
        assertThat(daemon.ctr("leases", "ls", "-q")).isBlank();
        daemon.ctr("content", "prune", "references");
        Target target =
                new Target(
                        UUID.randomUUID().toString(),
                        1,
                        1,
                        "box",
                        false,
                        InstanceSpec.newBuilder()
                                .setImage(name)
                                .setCpuCores(1)
                                .setMemoryBytes(32 << 20)
                                .addCommand("sh")
                                .addArgs("-c")
                                .addArgs("read line < /hello; test \"$line\" = hi && exit 7")
                                .build(),
                        Metadata.getDefaultInstance(),
                        List.of());
        driver.create(target);
        driver.start(target);
        await().atMost(PATIENCE)
                .untilAsserted(
                        () ->
                                assertThat(driver.list())
                                        .extracting(Found::state, f -> f.exitCode().orElse(-1))
                                        .containsExactly(tuple(Found.State.STOPPED, 7)));
        driver.destroy(target.instanceId());
        // Again is nothing but a look.
        pull(driver, name);
    }

    @Test
    void passwordsAndTokensLetIn() throws IOException {
        registry.push("team/secret", TestImage.noisy(2, 1000));
        for (String host : List.of(registry.basic(), registry.token())) {
            String name = host + "/team/secret:1";
            assertRefused(() -> pull(driver(Optional.empty()), name), host, "denies access");
            Optional<Path> wrong = Optional.of(auth(host, "alice:guess"));
            assertRefused(() -> pull(driver(wrong), name), host, "denies access");
            pull(driver(Optional.of(auth(host, TestRegistry.USER))), name);
        }
    }

    @Test
    void whatIsNotThereIsSaid() {
        assertRefused(
                () -> pull(driver(Optional.empty()), registry.open() + "/team/none:1"),
                registry.open(),
                "has no team/none:1");
    }

    @Test
    void interruptedTransferGoesOnWhereItEnded() throws IOException {
        TestImage image = TestImage.noisy(3, 2 << 20);
        registry.push("team/cut", image);
        try (CuttingProxy proxy = new CuttingProxy(registry.open())) {
            proxy.cutAt(image.layer(), 1 << 20);
            pull(driver(Optional.empty(), proxy.host()), proxy.host() + "/team/cut:1");
            assertThat(proxy.ranges(image.layer())).hasSize(2).first().isEqualTo("");
            assertThat(proxy.ranges(image.layer()).getLast()).matches("bytes=[1-9]\\d+-");
        }
    }

    @Test
    void corruptLayerIsRefused() throws IOException {
        TestImage image = TestImage.noisy(4, 100_000);
        registry.push("team/bad", image);
        try (CuttingProxy proxy = new CuttingProxy(registry.open())) {
            proxy.spoil(image.layer());
            ContainerdDriver driver = driver(Optional.empty(), proxy.host());
            String name = proxy.host() + "/team/bad:1";
            assertRefused(() -> pull(driver, name), "corrupt", "expected " + image.layer());
            assertThat(driver.imagePulls().orElseThrow().holds(spec(name))).isFalse();
        }
        // What was refused is not what the next one finds.
        pull(driver(Optional.empty()), registry.open() + "/team/bad:1");
    }

    @Test
    void hostileLayersStayInside() throws IOException {
        Path outside = folder.resolve("outside");
        String up = "../".repeat(12) + outside.toString().substring(1);
        byte[] bad = "bad".getBytes(StandardCharsets.UTF_8);
        Map<String, TestImage.Tar> tars = new HashMap<>();
        tars.put("dots", new TestImage.Tar().file(up, 0644, bad));
        tars.put("absolute", new TestImage.Tar().file(outside.toString(), 0644, bad));
        tars.put(
                "symlink",
                new TestImage.Tar()
                        .link("door", '2', folder.toString())
                        .file("door/outside", 0644, bad));
        tars.put("hard", new TestImage.Tar().link("passwd", '1', up));
        tars.put("device", new TestImage.Tar().link("disk", '4', ""));
        for (Map.Entry<String, TestImage.Tar> tar : tars.entrySet()) {
            registry.push("team/" + tar.getKey(), new TestImage().stored(tar.getValue().bytes()));
            try {
                pull(driver(Optional.empty()), registry.open() + "/team/" + tar.getKey() + ":1");
            } catch (DriverException refused) {
                assertThat(refused.isPermanent()).as(tar.getKey()).isTrue();
            }
            assertThat(folder).isDirectoryNotContaining(p -> p.equals(outside));
        }
    }

    @Test
    void manyShareOneDownload() throws IOException {
        TestImage image = TestImage.noisy(5, 1 << 20);
        registry.push("team/one", image);
        registry.push("team/two", image);
        try (CuttingProxy proxy = new CuttingProxy(registry.open())) {
            ContainerdDriver driver = driver(Optional.empty(), proxy.host());
            List<CompletableFuture<Void>> all = new ArrayList<>();
            proxy.hold();
            for (String name : List.of("one", "two", "one", "two", "one")) {
                all.add(begin(driver, proxy.host() + "/team/" + name + ":1").done());
            }
            proxy.release();
            CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).join();
            assertThat(proxy.ranges(image.layer())).hasSize(1);
        }
    }

    @Test
    void lastWhoGivesUpEndsIt() throws IOException {
        TestImage image = TestImage.noisy(6, 1 << 20);
        registry.push("team/slow", image);
        try (CuttingProxy proxy = new CuttingProxy(registry.open())) {
            ContainerdDriver driver = driver(Optional.empty(), proxy.host());
            proxy.hold();
            Pull one = begin(driver, proxy.host() + "/team/slow:1");
            Pull two = begin(driver, proxy.host() + "/team/slow:1");
            one.close();
            assertThat(two.done()).isNotDone();
            two.close();
            proxy.release();
            await().atMost(PATIENCE).until(() -> two.done().isCompletedExceptionally());
            pull(driver, proxy.host() + "/team/slow:1");
        }
    }

    @Test
    void deathOfContainerdDelaysAPull() throws IOException {
        TestImage image = TestImage.noisy(7, 2 << 20);
        registry.push("team/killed", image);
        try (CuttingProxy proxy = new CuttingProxy(registry.open())) {
            ContainerdDriver driver = driver(Optional.empty(), proxy.host());
            String name = proxy.host() + "/team/killed:1";
            proxy.pauseAt(image.layer(), 1 << 20);
            Pull pull = begin(driver, name);
            await().atMost(PATIENCE).until(() -> pull.progress().current() >= 1 << 19);
            daemon.kill();
            proxy.release();
            await().atMost(PATIENCE).until(() -> pull.done().isCompletedExceptionally());
            pull.close();
            daemon.start();
            await().atMost(PATIENCE).until(() -> driver.health().healthy());
            pull(driver, name);
            assertThat(driver.imagePulls().orElseThrow().holds(spec(name))).isTrue();
        }
    }
}
