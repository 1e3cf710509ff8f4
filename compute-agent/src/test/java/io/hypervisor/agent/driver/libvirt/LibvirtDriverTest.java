package io.hypervisor.agent.driver.libvirt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.hypervisor.agent.driver.Console;
import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.Found;
import io.hypervisor.agent.driver.Target;
import io.hypervisor.agent.driver.libvirt.LibvirtConfig.Acceleration;
import io.hypervisor.agent.driver.libvirt.LibvirtConfig.MachineType;
import io.hypervisor.api.v1.DiskSpec;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.Metadata;
import io.hypervisor.api.v1.ResourceLimits;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.VirtualTasks;

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
import java.util.Optional;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;

/** What a real libvirtd and real guests do, beyond the contract. */
@Tag("real")
class LibvirtDriverTest {
    private static final Duration PATIENCE = Duration.ofSeconds(40);

    private static LibvirtDaemon daemon;
    private static Path images;
    private static Tasks tasks;

    private final Queue<String> events = new ConcurrentLinkedQueue<>();
    private LibvirtDriver driver;

    @BeforeAll
    static void startDaemon() {
        tasks = new VirtualTasks();
        images = LibvirtDaemon.images();
        daemon = LibvirtDaemon.start();
    }

    @AfterAll
    static void stopDaemon() {
        daemon.close();
        tasks.close();
    }

    @BeforeEach
    void open() {
        driver = connect(daemon.home());
        driver.events(events::add);
    }

    @AfterEach
    void nothingIsLeftBehind() throws IOException {
        driver.list().forEach(found -> driver.destroy(found.instanceId()));
        driver.close();
        assertThat(daemon.virsh("list", "--all", "--name")).isBlank();
        if (Files.exists(daemon.home())) {
            try (Stream<Path> left = Files.list(daemon.home())) {
                assertThat(left).isEmpty();
            }
        }
    }

    private static LibvirtDriver connect(Path home) {
        return new LibvirtDriver(
                new LibvirtConfig(
                        daemon.uri(),
                        List.of(images),
                        Acceleration.TCG,
                        MachineType.PC,
                        Optional.empty()),
                home,
                Clock.system(),
                tasks);
    }

    private static Target target(InstanceSpec spec) {
        return new Target(
                UUID.randomUUID().toString(),
                1,
                1,
                "guest",
                false,
                spec,
                Metadata.getDefaultInstance(),
                List.of());
    }

    private Target started(InstanceSpec spec) {
        Target target = target(spec);
        driver.create(target);
        driver.start(target);
        return target;
    }

    private static Found found(LibvirtDriver from, Target target) {
        return from.list().stream()
                .filter(f -> f.instanceId().equals(target.instanceId()))
                .findFirst()
                .orElseThrow();
    }

    private String log(Target target) {
        Path log = driver.console(target.instanceId()).log();
        try {
            return Files.exists(log) ? Files.readString(log, StandardCharsets.ISO_8859_1) : "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void awaitLog(Target target, String text) {
        await().atMost(PATIENCE).until(() -> log(target).contains(text));
    }

    private void type(Target target, String line) {
        try (Console console = driver.console(target.instanceId())) {
            console.write((line + "\n").getBytes(StandardCharsets.UTF_8));
        }
    }

    @Test
    void aGuestBootsSeesItsDisksAndShutsDownWhenAsked() {
        Target target =
                started(
                        DemoGuest.shell().toBuilder()
                                .addDisks(DiskSpec.newBuilder().setName("a").setSizeBytes(3 << 20))
                                .addDisks(DiskSpec.newBuilder().setName("b").setSizeBytes(5 << 20))
                                .build());
        awaitLog(target, "demo-guest ready");
        // Split, so that the echo of the command is not taken for its output.
        type(target, "cat /sys/block/vd?/size | tr '\\n' -; hostname | sed s/^/host'='/");
        awaitLog(target, "6144-10240-");
        awaitLog(target, "host=guest");
        driver.stop(target.instanceId(), PATIENCE);
        assertThat(log(target)).contains("Power down");
        assertThat(found(driver, target).exit()).isEqualTo(Found.Exit.STOPPED);
        assertThat(daemon.virsh("domstate", "--reason", target.instanceId()))
                .contains("shut off (shutdown)");
    }

    @Test
    void libvirtdMayDieAndComeBack() {
        Target target = started(DemoGuest.shell());
        Found before = found(driver, target);
        ProcessHandle qemu = daemon.qemu(target.instanceId()).orElseThrow();
        awaitLog(target, "demo-guest ready");
        daemon.kill();
        assertThatThrownBy(() -> driver.list())
                .isInstanceOfSatisfying(
                        DriverException.class, e -> assertThat(e.isPermanent()).isFalse());
        assertThat(driver.health().healthy()).isFalse();
        // Input and output need no libvirtd.
        type(target, "echo with'out' libvirtd");
        awaitLog(target, "without libvirtd");
        events.clear();
        daemon.restart();
        await().atMost(PATIENCE).until(() -> !events.isEmpty());
        assertThat(qemu.isAlive()).isTrue();
        assertThat(found(driver, target)).isEqualTo(before);
        assertThat(driver.health().healthy()).isTrue();
        // Events come again without any call.
        events.clear();
        qemu.destroyForcibly();
        await().atMost(PATIENCE).until(() -> events.contains(target.instanceId()));
        await().atMost(PATIENCE).until(() -> found(driver, target).exit() == Found.Exit.FAILED);
    }

    @Test
    void anEndThatWasSeenOutlivesLibvirtd() {
        Target target = started(DemoGuest.shell());
        daemon.qemu(target.instanceId()).orElseThrow().destroyForcibly();
        await().atMost(PATIENCE).until(() -> found(driver, target).exit() == Found.Exit.FAILED);
        daemon.kill();
        daemon.restart();
        await().atMost(PATIENCE).until(() -> driver.health().healthy());
        assertThat(found(driver, target).exit()).isEqualTo(Found.Exit.FAILED);
    }

    @Test
    void aStartThatWasCutShortIsNotRepeatedAsNews() {
        Target target = target(DemoGuest.shell());
        driver.create(target);
        DomainRecord record = DomainRecord.of(target, daemon.home().toString());
        Target second =
                new Target(
                        target.instanceId(),
                        1,
                        2,
                        "guest",
                        false,
                        target.spec(),
                        target.metadata(),
                        target.nics());
        try (Daemon connection = new Daemon(daemon.uri(), tasks)) {
            new Domains(connection, daemon.home().toString())
                    .write(target.instanceId(), record.starting(second));
        }
        assertThat(found(driver, target).runGeneration()).isEqualTo(2);
        assertThat(found(driver, target).exit()).isEqualTo(Found.Exit.UNKNOWN);
    }

    @Test
    void aStartWhoseAgentDiedIsARun() {
        Target target = target(DemoGuest.shell());
        driver.create(target);
        DomainRecord record = DomainRecord.of(target, daemon.home().toString());
        try (Daemon connection = new Daemon(daemon.uri(), tasks)) {
            new Domains(connection, daemon.home().toString())
                    .write(target.instanceId(), record.starting(target));
        }
        daemon.virsh("start", target.instanceId());
        assertThat(found(driver, target).state()).isEqualTo(Found.State.RUNNING);
        assertThat(found(driver, target).startedAt()).isPresent();
        awaitLog(target, "demo-guest ready");
        type(target, "power-button");
        await().atMost(PATIENCE).until(() -> found(driver, target).exit() == Found.Exit.CLEAN);
    }

    /** A guest that does not answer libvirtd, which comes back and waits for it. */
    private Target stuck(boolean acknowledged) {
        Target target = target(DemoGuest.shell());
        driver.create(target);
        DomainRecord starting = DomainRecord.of(target, daemon.home().toString()).starting(target);
        DomainRecord record = acknowledged ? starting.running(Clock.system().now()) : starting;
        try (Daemon connection = new Daemon(daemon.uri(), tasks)) {
            new Domains(connection, daemon.home().toString()).write(target.instanceId(), record);
        }
        daemon.virsh("start", target.instanceId());
        long qemu = daemon.qemu(target.instanceId()).orElseThrow().pid();
        LibvirtDaemon.run("kill", "-STOP", Long.toString(qemu));
        daemon.kill();
        daemon.restart();
        await().atMost(PATIENCE).until(() -> driver.health().healthy());
        return target;
    }

    @Test
    void aStartThatLibvirtdHangsInIsEndedAndMadeAgain() {
        Target target = stuck(false);
        ProcessHandle qemu = daemon.qemu(target.instanceId()).orElseThrow();
        assertThatThrownBy(() -> driver.start(target))
                .isInstanceOfSatisfying(
                        DriverException.class, e -> assertThat(e.isPermanent()).isFalse());
        assertThat(qemu.isAlive()).isFalse();
        assertThat(found(driver, target).exit()).isEqualTo(Found.Exit.UNKNOWN);
        driver.start(target);
        assertThat(found(driver, target).state()).isEqualTo(Found.State.RUNNING);
        awaitLog(target, "demo-guest ready");
    }

    @Test
    void aListWithAStartThatHangsShowsAllAndEndsIt() {
        Target other = started(DemoGuest.shell());
        Target target = stuck(false);
        assertThat(found(driver, other).state()).isEqualTo(Found.State.RUNNING);
        assertThat(found(driver, target).exit()).isEqualTo(Found.Exit.UNKNOWN);
    }

    @Test
    void aGuestThatIsKnownToRunIsNotEndedBecauseLibvirtdHangs() {
        Target target = stuck(true);
        ProcessHandle qemu = daemon.qemu(target.instanceId()).orElseThrow();
        assertThat(found(driver, target).state()).isNotEqualTo(Found.State.STOPPED);
        assertThatThrownBy(() -> driver.stop(target.instanceId(), Duration.ZERO))
                .isInstanceOf(DriverException.class);
        assertThat(qemu.isAlive()).isTrue();
        LibvirtDaemon.run("kill", "-CONT", Long.toString(qemu.pid()));
        awaitLog(target, "demo-guest ready");
    }

    @Test
    void aFailedStartIsNoRun() throws IOException {
        Target target =
                target(
                        DemoGuest.shell().toBuilder()
                                .addDisks(DiskSpec.newBuilder().setName("a").setSizeBytes(1 << 20))
                                .build());
        driver.create(target);
        Files.delete(daemon.home().resolve(target.instanceId()).resolve("disk-a.qcow2"));
        Target next =
                new Target(
                        target.instanceId(),
                        1,
                        2,
                        "guest",
                        false,
                        target.spec(),
                        target.metadata(),
                        target.nics());
        assertThatThrownBy(() -> driver.start(next)).isInstanceOf(DriverException.class);
        assertThat(found(driver, target).runGeneration()).isEqualTo(1);
        assertThat(found(driver, target).exit()).isEqualTo(Found.Exit.NONE);
    }

    @Test
    void overlaysGoAndTheImageStays() throws IOException {
        Path image = images.resolve("blank.raw");
        Files.write(image, new byte[2 << 20]);
        try {
            Target target =
                    started(
                            InstanceSpec.newBuilder()
                                    .setImage("blank")
                                    .setMemoryBytes(32 << 20)
                                    .setLimits(
                                            ResourceLimits.newBuilder()
                                                    .setCpuQuota(20_000)
                                                    .setIoReadBps(1 << 20))
                                    .build());
            Path overlay = daemon.home().resolve(target.instanceId()).resolve("boot.qcow2");
            assertThat(overlay).exists();
            assertThat(daemon.virsh("dumpxml", target.instanceId()))
                    .contains(image.toString(), "<global_quota>20000</global_quota>");
            assertThat(driver.stats(target.instanceId()).getMemoryUsedBytes()).isPositive();
            driver.destroy(target.instanceId());
            assertThat(overlay.getParent()).doesNotExist();
            assertThat(image).hasSize(2 << 20);
        } finally {
            Files.delete(image);
        }
    }

    @Test
    void whatOthersMadeIsNeitherListedNorTouched() {
        Target target = started(DemoGuest.shell());
        try (LibvirtDriver other = connect(daemon.home().resolveSibling("other"))) {
            other.events(id -> {});
            assertThat(other.list()).isEmpty();
            assertThatThrownBy(() -> other.destroy(target.instanceId()))
                    .isInstanceOf(DriverException.class);
            assertThatThrownBy(() -> other.stop(target.instanceId(), Duration.ZERO))
                    .isInstanceOf(DriverException.class);
        }
        assertThat(found(driver, target).state()).isEqualTo(Found.State.RUNNING);
    }

    @Test
    void twoDriversSeeTheSame() {
        Target target = started(DemoGuest.shell());
        try (LibvirtDriver other = connect(daemon.home())) {
            other.events(id -> {});
            assertThat(found(other, target)).isEqualTo(found(driver, target));
            other.stop(target.instanceId(), Duration.ZERO);
            assertThat(found(driver, target).exit()).isEqualTo(Found.Exit.STOPPED);
        }
    }

    @Test
    void aLongConsoleLogIsEmptied() throws IOException {
        Target target = target(DemoGuest.shell());
        driver.create(target);
        Path log = driver.console(target.instanceId()).log();
        Files.write(log, new byte[17 << 20]);
        driver.list();
        assertThat(log).isEmptyFile();
        driver.start(target);
        awaitLog(target, "demo-guest ready");
        assertThat(log(target)).doesNotContain("\0");
    }

    @Test
    void whatIsNoIdIsRefused() {
        for (String id : List.of("", "..", "../../etc", "x".repeat(36))) {
            assertThatThrownBy(() -> driver.destroy(id)).isInstanceOf(DriverException.class);
            assertThatThrownBy(() -> driver.console(id)).isInstanceOf(DriverException.class);
        }
    }
}
