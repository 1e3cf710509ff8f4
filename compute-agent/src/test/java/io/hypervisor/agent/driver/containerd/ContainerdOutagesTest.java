package io.hypervisor.agent.driver.containerd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.hypervisor.agent.driver.Console;
import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.Found;
import io.hypervisor.agent.driver.Target;
import io.hypervisor.api.v1.Image;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.Metadata;
import io.hypervisor.api.v1.VolumeMount;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.VirtualTasks;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;

/** What containers do while the agent, or containerd, is away, and what is left of them. */
@Tag("real")
class ContainerdOutagesTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private static final Tasks tasks = new VirtualTasks();
    private static ContainerdDaemon daemon;

    private final Queue<String> changed = new ConcurrentLinkedQueue<>();
    private ContainerdDriver driver;

    @BeforeAll
    static void startDaemon() {
        daemon = new ContainerdDaemon();
    }

    @AfterAll
    static void stopDaemon() {
        daemon.close();
        assertThat(daemon.processes()).isEmpty();
        assertThat(daemon.mounts()).isEmpty();
        tasks.close();
    }

    @BeforeEach
    void connect() {
        driver =
                new ContainerdDriver(
                        daemon.config(), Clock.system(), tasks, new SimpleMeterRegistry());
        driver.events(changed::add);
    }

    @AfterEach
    void nothingIsLeft() {
        driver.list().forEach(found -> driver.destroy(found.instanceId()));
        assertThat(driver.list()).isEmpty();
        driver.close();
        assertThat(daemon.mounts()).isEmpty();
        await().atMost(PATIENCE)
                .untilAsserted(
                        () ->
                                assertThat(daemon.processes())
                                        .allMatch(line -> line.startsWith("containerd ")));
        assertThat(daemon.data().resolve("container")).isEmptyDirectory();
    }

    private static InstanceSpec shell(String script) {
        return InstanceSpec.newBuilder()
                .setImage(ContainerdDaemon.IMAGE)
                .setCpuCores(1)
                .setMemoryBytes(32 << 20)
                .addCommand("sh")
                .addArgs("-c")
                .addArgs(script)
                .build();
    }

    private Target started(InstanceSpec spec) {
        Target target = created(spec);
        driver.start(target);
        return target;
    }

    private Target created(InstanceSpec spec) {
        String id = UUID.randomUUID().toString();
        Target target =
                new Target(id, 1, 1, "box", false, spec, Metadata.getDefaultInstance(), List.of());
        driver.create(target);
        return target;
    }

    private Found found(Target target) {
        return driver.list().stream()
                .filter(f -> f.instanceId().equals(target.instanceId()))
                .findFirst()
                .orElseThrow();
    }

    private Found ended(Target target) {
        await().atMost(PATIENCE).until(() -> found(target).state() == Found.State.STOPPED);
        return found(target);
    }

    private static String output(Target target) {
        Path log = daemon.config().log(target.instanceId());
        try {
            return Files.exists(log) ? Files.readString(log, StandardCharsets.ISO_8859_1) : "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void awaitOutput(Target target, String text) {
        await().atMost(PATIENCE).until(() -> output(target).contains(text));
    }

    @Test
    void containersRunOnWhenContainerdIsKilled() {
        Target lasting = started(shell("echo up; read line; echo got $line; exit 5"));
        Found before = found(lasting);
        awaitOutput(lasting, "up");
        changed.clear();

        daemon.kill();
        assertThat(driver.health().healthy()).isFalse();
        assertThatThrownBy(driver::list)
                .isInstanceOfSatisfying(
                        DriverException.class, e -> assertThat(e.isPermanent()).isFalse());

        daemon.start();
        await().atMost(PATIENCE).until(() -> driver.health().healthy());
        assertThat(found(lasting)).isEqualTo(before);
        await().atMost(PATIENCE).until(() -> changed.contains(""));
        try (Console console = driver.console(lasting.instanceId())) {
            console.write("hello\n".getBytes(StandardCharsets.UTF_8));
        }
        assertThat(ended(lasting).exitCode()).hasValue(5);
        awaitOutput(lasting, "got hello");
    }

    @Test
    void aShimThatWasNotAskedForATaskIsNotInTheWay() throws IOException {
        Target target = created(shell("echo up; cat"));
        daemon.startShimWithoutTask(target.instanceId());
        daemon.kill();
        daemon.start();
        await().atMost(PATIENCE).until(() -> driver.health().healthy());
        assertThatThrownBy(() -> driver.start(target))
                .isInstanceOfSatisfying(
                        DriverException.class, e -> assertThat(e.isPermanent()).isFalse());
        driver.start(target);
        awaitOutput(target, "up");
    }

    @Test
    void aShimThatWasNotAskedForATaskGoesWithItsContainer() throws IOException {
        Target target = created(shell("cat"));
        daemon.startShimWithoutTask(target.instanceId());
        daemon.kill();
        daemon.start();
        await().atMost(PATIENCE).until(() -> driver.health().healthy());
        driver.destroy(target.instanceId());
        await().atMost(PATIENCE)
                .until(() -> daemon.processes().stream().noneMatch(line -> line.contains("shim")));
    }

    @Test
    void aFolderOfNoTaskIsNotInTheWayForEver() throws IOException {
        Target target = created(shell("echo up; cat"));
        Path bundle = daemon.makeBundle(target.instanceId());
        Path foreign = Files.createFile(bundle.resolve("rootfs/file"));
        daemon.kill();
        daemon.start();
        await().atMost(PATIENCE).until(() -> driver.health().healthy());
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(() -> driver.start(target)).hasMessageContaining("file exists");
        }
        // What something is mounted on, or lies in, stays.
        assertThat(bundle.resolve("config.json")).exists();
        Files.delete(foreign);
        assertThatThrownBy(() -> driver.start(target)).hasMessageContaining("file exists");
        driver.start(target);
        awaitOutput(target, "up");
    }

    @Test
    void whatEndsWhileContainerdIsAwayIsKnownLater() {
        Target target = started(shell("read line; exit 6"));
        try (Console console = driver.console(target.instanceId())) {
            daemon.kill();
            console.write("go\n".getBytes(StandardCharsets.UTF_8));
        }
        daemon.start();
        await().atMost(PATIENCE).until(() -> driver.health().healthy());
        Found found = ended(target);
        assertThat(found.exit()).isEqualTo(Found.Exit.FAILED);
        assertThat(found.exitCode()).hasValue(6);
    }

    @Test
    void outputIsKeptWhileNoAgentIsThere() {
        String script = "read line; for i in 1 2 3; do echo line $i; done; exit 7";
        Target plain = started(shell(script));
        Target terminal = started(shell(script).toBuilder().setTty(true).build());
        for (Target target : new Target[] {plain, terminal}) {
            try (Console console = driver.console(target.instanceId())) {
                console.write("go\n".getBytes(StandardCharsets.UTF_8));
            }
        }
        driver.close();
        awaitOutput(plain, "line 3\n");
        awaitOutput(terminal, "line 3\r\n");
        connect();
        assertThat(ended(plain).exitCode()).hasValue(7);
        assertThat(ended(terminal).exitCode()).hasValue(7);
    }

    @Test
    void errorsAreHeardAfterTheOutputHasEnded() {
        Target target = started(shell("echo up; exec >&-; read line; echo late >&2; exit 8"));
        awaitOutput(target, "up");
        try (Console console = driver.console(target.instanceId())) {
            console.write("go\n".getBytes(StandardCharsets.UTF_8));
        }
        assertThat(ended(target).exitCode()).hasValue(8);
        awaitOutput(target, "late");
    }

    @Test
    void aTerminalEchoesAndHasASize() {
        Target target = started(shell("sh").toBuilder().setTty(true).build());
        try (Console console = driver.console(target.instanceId())) {
            console.resize(101, 33);
            console.write("stty size; tty\n".getBytes(StandardCharsets.UTF_8));
            awaitOutput(target, "33 101");
            awaitOutput(target, "/dev/pts/0");
            assertThat(output(target)).contains("stty size; tty");
        }
    }

    @Test
    void tooMuchMemoryEndsIt() {
        Target target = started(shell("tail /dev/zero"));
        Found found = ended(target);
        assertThat(found.exit()).isEqualTo(Found.Exit.FAILED);
        assertThat(found.reason()).isEqualTo("out of memory");
    }

    @Test
    void aCommandThatDoesNotExistIsPermanent() {
        InstanceSpec spec = shell("").toBuilder().clearArgs().setCommand(0, "/no/such").build();
        assertThatThrownBy(() -> started(spec))
                .isInstanceOfSatisfying(
                        DriverException.class,
                        e -> {
                            assertThat(e.isPermanent()).isTrue();
                            assertThat(e.getMessage()).contains("/no/such");
                        });
        assertThat(driver.list())
                .singleElement()
                .satisfies(f -> assertThat(f.exit()).isEqualTo(Found.Exit.FAILED));
    }

    @Test
    void aStopSignalThatIsHeardEndsItInOrder() {
        String script = "trap 'echo bye; exit 9' TERM; echo up; while :; do sleep 0.1; done";
        Target target = started(shell(script));
        awaitOutput(target, "up");
        driver.stop(target.instanceId(), PATIENCE);
        Found found = found(target);
        assertThat(found.exit()).isEqualTo(Found.Exit.STOPPED);
        assertThat(found.exitCode()).hasValue(9);
        awaitOutput(target, "bye");
    }

    @Test
    void itHasItsOwnNetworkHostnameAndVolumes() {
        VolumeMount.Builder volume = VolumeMount.newBuilder().setName("shared");
        InstanceSpec writer =
                shell("hostname; ip -o link | wc -l; ping -c1 127.0.0.1; echo kept > /vol/file")
                        .toBuilder()
                        .addVolumeMounts(volume.setMountPath("/vol"))
                        .build();
        Target first = started(writer);
        assertThat(ended(first).exitCode()).hasValue(0);
        awaitOutput(first, "box\n1\n");
        awaitOutput(first, "1 packets received");
        InstanceSpec reader =
                shell("cat /vol/file; echo no > /vol/file").toBuilder()
                        .addVolumeMounts(volume.setMountPath("/vol").setReadOnly(true))
                        .build();
        Target second = started(reader);
        assertThat(ended(second).exit()).isEqualTo(Found.Exit.FAILED);
        awaitOutput(second, "kept");
        awaitOutput(second, "Read-only file system");
    }

    @Test
    void itsCgroupIsLimitedAndGoesWithIt() throws IOException {
        Target target = started(shell("cat"));
        assertThat(cgroups(target)).isNotEmpty();
        driver.destroy(target.instanceId());
        assertThat(cgroups(target)).isEmpty();
    }

    private static List<Path> cgroups(Target target) throws IOException {
        try (Stream<Path> groups =
                Files.find(
                        Path.of("/sys/fs/cgroup"),
                        4,
                        (path, attributes) -> path.endsWith(target.instanceId()))) {
            return groups.toList();
        }
    }

    @Test
    void imagesHaveShortNames() {
        assertThat(driver.images())
                .extracting(Image::getName)
                .containsExactly(ContainerdDaemon.IMAGE);
        assertThat(driver.images().getFirst().getSizeBytes()).isGreaterThan(1 << 20);
    }
}
