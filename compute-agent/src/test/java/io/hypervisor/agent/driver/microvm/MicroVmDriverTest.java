package io.hypervisor.agent.driver.microvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.hypervisor.agent.driver.Console;
import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.Found;
import io.hypervisor.agent.driver.Target;
import io.hypervisor.agent.driver.guest.Acceleration;
import io.hypervisor.agent.driver.guest.Blueprint;
import io.hypervisor.agent.driver.guest.ImageFolders;
import io.hypervisor.agent.driver.guest.InstanceFolders;
import io.hypervisor.agent.driver.guest.KvmProbe;
import io.hypervisor.agent.driver.guest.TinyGuest;
import io.hypervisor.agent.driver.libvirt.DemoGuest;
import io.hypervisor.agent.image.ImageCache;
import io.hypervisor.agent.image.TestCache;
import io.hypervisor.api.internal.v1.Nic;
import io.hypervisor.api.v1.DiskSpec;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.Metadata;
import io.hypervisor.api.v1.ResourceLimits;
import io.hypervisor.core.Clock;
import io.hypervisor.core.FaultPoint;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.VirtualTasks;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;

/** What real QEMUs and guests do, beyond the contract. */
@Tag("real")
class MicroVmDriverTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir static Path home;
    private static Path images;
    private static Tasks tasks;

    private final Processes processes = new Processes(Clock.system());
    private MicroVmDriver driver;

    @BeforeAll
    static void prepare() {
        tasks = new VirtualTasks();
        images = DemoGuest.images();
        TinyGuest.make(images);
    }

    @AfterAll
    static void stopTasks() {
        tasks.close();
    }

    @BeforeEach
    void open() {
        driver = connect();
    }

    @AfterEach
    void nothingIsLeftBehind() throws IOException {
        driver.list().forEach(found -> driver.destroy(found.instanceId()));
        driver.close();
        try (Stream<Path> left = Files.list(home)) {
            assertThat(left).isEmpty();
        }
    }

    private static MicroVmDriver connect() {
        MicroVmConfig config =
                new MicroVmConfig(List.of(images), Acceleration.TCG, "nobody", false);
        ImageCache cache = TestCache.beside(home, images, tasks);
        return new MicroVmDriver(config, home, cache, new KvmProbe(home), Clock.system(), tasks);
    }

    private Target created(InstanceSpec spec) {
        Target target =
                new Target(
                        UUID.randomUUID().toString(),
                        1,
                        1,
                        "guest",
                        false,
                        spec,
                        Metadata.getDefaultInstance(),
                        List.of());
        driver.create(target);
        return target;
    }

    private Target started(InstanceSpec spec) {
        Target target = created(spec);
        driver.start(target);
        return target;
    }

    private Found found(Target target) {
        return driver.list().stream()
                .filter(f -> f.instanceId().equals(target.instanceId()))
                .findFirst()
                .orElseThrow();
    }

    private static Path folder(Target target) {
        return home.resolve(target.instanceId());
    }

    private ProcessHandle qemu(Target target) {
        return processes.find(folder(target)).orElseThrow();
    }

    private static void write(Target target, RunRecord record) {
        new InstanceFolders(home, MicroVmDriver.RECORD).write(target.instanceId(), record.write());
    }

    private static RunRecord record(Target target) {
        return new InstanceFolders(home, MicroVmDriver.RECORD)
                .record(target.instanceId(), RunRecord::parse)
                .orElseThrow();
    }

    private void awaitLog(Target target, String text) {
        Path log = driver.console(target.instanceId()).log();
        await().atMost(PATIENCE)
                .until(
                        () ->
                                Files.exists(log)
                                        && Files.readString(log, StandardCharsets.ISO_8859_1)
                                                .contains(text));
    }

    private void type(Target target, String command) {
        try (Console console = driver.console(target.instanceId())) {
            console.write((command + "\n").getBytes(StandardCharsets.UTF_8));
        }
    }

    @Test
    void linuxBootsSeesItsDisksAndShutsDownWhenAsked() {
        Target target =
                started(
                        DemoGuest.shell().toBuilder()
                                .addDisks(DiskSpec.newBuilder().setName("a").setSizeBytes(3 << 20))
                                .addDisks(DiskSpec.newBuilder().setName("b").setSizeBytes(5 << 20))
                                .build());
        awaitLog(target, "demo-guest ready");
        // Split, so that the echo of the command is not taken for its output.
        type(target, "cat /sys/block/vd?/size | tr '\\n' -; echo; echo si'zes'");
        awaitLog(target, "sizes");
        assertThat(driver.console(target.instanceId()).log()).content().contains("6144-");
        assertThat(driver.stats(target.instanceId()).getDiskReadBytes()).isPositive();
        driver.stop(target.instanceId(), PATIENCE);
        assertThat(driver.console(target.instanceId()).log()).content().contains("Power down");
        assertThat(found(target).exit()).isEqualTo(Found.Exit.STOPPED);
    }

    @Test
    void runsByItselfAsNobodyInASandbox() throws IOException {
        Target target = started(TinyGuest.echo());
        long pid = qemu(target).pid();
        String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
        String[] numbers = stat.substring(stat.lastIndexOf(')') + 2).split(" ", 5);
        assertThat(numbers[3]).as("session").isEqualTo(Long.toString(pid));
        assertThat(Files.readAllLines(Path.of("/proc/" + pid + "/status")))
                .contains("Seccomp:\t2")
                .anyMatch(line -> line.matches("Uid:(\t65534){4}"))
                .anyMatch(line -> line.matches("CapEff:\t0+"));
    }

    @Test
    void howARunEndedIsKnownWhenNobodySawIt() {
        Target target = started(TinyGuest.end());
        driver.close();
        ProcessHandle waits = qemu(target);
        driver = connect();
        await().atMost(PATIENCE).until(() -> found(target).exit() == Found.Exit.CLEAN);
        assertThat(processes.awaitGone(waits, PATIENCE)).isTrue();
    }

    @Test
    void linuxThatPanicsHasFailed() throws IOException {
        Target target = started(DemoGuest.shell());
        awaitLog(target, "demo-guest ready");
        String told = Files.readString(Path.of("/proc/" + qemu(target).pid() + "/cmdline"));
        assertThat(told).contains("cryptomgr.notests console=ttyS0");
        type(target, "echo c >/proc/sysrq-trigger");
        await().atMost(PATIENCE).until(() -> found(target).exit() == Found.Exit.FAILED);
        assertThat(found(target).reason()).isEqualTo("the microVM crashed");
    }

    @Test
    void anEndThatIsWrittenDownIsNotForgottenByACrash() {
        Target target = started(TinyGuest.end());
        FaultPoint written = FaultPoint.MICROVM_END_RECORDED;
        await().atMost(PATIENCE).until(() -> written.cut(() -> driver.list()));
        ProcessHandle waits = qemu(target);
        assertThat(connect().list()).extracting(Found::exit).containsExactly(Found.Exit.CLEAN);
        assertThat(processes.awaitGone(waits, PATIENCE)).isTrue();
    }

    @Test
    void aProcessIdOfSomebodyElseIsNoQemu() throws IOException {
        Target target = started(TinyGuest.echo());
        qemu(target).destroyForcibly();
        Process other = new ProcessBuilder("sleep", "1000").start();
        try {
            Files.writeString(folder(target).resolve("pid"), other.pid() + "\n");
            await().atMost(PATIENCE).until(() -> found(target).exit() == Found.Exit.UNKNOWN);
            driver.stop(target.instanceId(), Duration.ZERO);
            driver.destroy(target.instanceId());
            assertThat(other.isAlive()).isTrue();
        } finally {
            other.destroyForcibly();
        }
    }

    @Test
    void anotherQemuForTheSameInstanceDoesNotStart() {
        Target target = started(TinyGuest.echo());
        ProcessHandle first = qemu(target);
        List<String> again = Stream.of(first.info().arguments().orElseThrow()).toList();
        assertThatThrownBy(
                        () ->
                                new Runs(Clock.system(), tasks)
                                        .launch(folder(target), again, List.of()))
                .isInstanceOf(DriverException.class)
                .hasMessageContaining("lock");
        assertThat(qemu(target)).isEqualTo(first);
        assertThat(found(target).state()).isEqualTo(Found.State.RUNNING);
    }

    /** All but the acceleration itself: for a host that has KVM, and the kernel's datapath. */
    @Test
    void qemuTakesTheArgumentsForKvm() {
        Nic nic =
                Nic.newBuilder()
                        .setPortId(UUID.randomUUID().toString())
                        .setMacAddress("02:68:76:00:00:07")
                        .setMtu(1400)
                        .build();
        Target target = with(created(TinyGuest.echo()), TinyGuest.echo(), List.of(nic));
        ImageFolders folders = new ImageFolders(driver.type(), List.of(images));
        Blueprint blueprint = Blueprint.of(target, folder(target), folders, true);
        MicroVmConfig config = new MicroVmConfig(List.of(images), Acceleration.KVM, "", true);
        List<String> arguments =
                QemuArguments.of(blueprint, config, true).stream()
                        .map(argument -> argument.replace("accel=kvm", "accel=tcg"))
                        .toList();
        Runs runs = new Runs(Clock.system(), tasks);
        runs.launch(folder(target), arguments, target.nics());
        assertThat(runs.state(folder(target), true)).isEqualTo(GuestState.WAITING);
        assertThat(runs.end(folder(target), true)).isTrue();
    }

    @Test
    void whatADeadAgentHasJustLaunchedIsFoundWithoutItsPid() throws IOException {
        Target target = started(TinyGuest.echo());
        ProcessHandle launched = qemu(target);
        Files.delete(folder(target).resolve("pid"));
        write(target, record(target).in(RunRecord.Phase.STARTING));
        driver.close();
        driver = connect();
        driver.start(target);
        assertThat(launched.isAlive()).isFalse();
        assertThat(found(target).state()).isEqualTo(Found.State.RUNNING);
        assertThat(processes.search(folder(target))).isEqualTo(Optional.of(qemu(target)));
    }

    @Test
    void aStartThatQemuRefusesIsNoRun() throws IOException {
        Target target =
                created(
                        TinyGuest.echo().toBuilder()
                                .addDisks(DiskSpec.newBuilder().setName("a").setSizeBytes(1 << 20))
                                .build());
        Path disk = folder(target).resolve("disk-a.qcow2");
        Files.writeString(disk, "no image");
        assertThatThrownBy(() -> driver.start(target))
                .isInstanceOf(DriverException.class)
                .hasMessageContaining("QEMU does not start: ")
                .hasMessageContaining("disk-a.qcow2");
        assertThat(found(target).exit()).isEqualTo(Found.Exit.NONE);
        assertThat(processes.search(folder(target))).isEmpty();
    }

    @Test
    void aGuestThatRunsGetsWhatQemuCanGiveAndTheRestWhenItStarts() throws IOException {
        DiskSpec disk = DiskSpec.newBuilder().setName("a").setSizeBytes(3 << 20).build();
        InstanceSpec spec = DemoGuest.shell().toBuilder().addDisks(disk).build();
        Target target = started(spec);
        awaitLog(target, "demo-guest ready");
        assertThat(reshape(target, spec)).isEmpty();
        InstanceSpec other =
                spec.toBuilder()
                        .setDisks(0, disk.toBuilder().setSizeBytes(5 << 20))
                        .setLimits(
                                ResourceLimits.newBuilder()
                                        .setMemoryLimit(96L << 20)
                                        .setIoReadBps(7_000_000))
                        .build();
        assertThat(reshape(target, other)).isEmpty();
        // A second time there is nothing left to do.
        assertThat(reshape(target, other)).isEmpty();
        assertThat(asked(target, "query-block")).contains("\"bps_rd\":7000000");
        type(target, "modprobe virtio_balloon; cat /sys/block/vda/size; echo gr'own'");
        awaitLog(target, "grown");
        assertThat(driver.console(target.instanceId()).log()).content().contains("10240");
        await().atMost(PATIENCE)
                .until(() -> asked(target, "query-balloon").contains("" + (96 << 20)));
        InstanceSpec largest = other.toBuilder().setCpuCores(2).setMemoryBytes(144 << 20).build();
        InstanceSpec unlimited = largest.toBuilder().clearLimits().build();
        assertThat(reshape(target, unlimited))
                .containsExactly("spec.cpu_cores", "spec.memory_bytes");
        assertThat(asked(target, "query-block")).contains("\"bps_rd\":0");
        assertThat(found(target).state()).isEqualTo(Found.State.RUNNING);
        driver.stop(target.instanceId(), Duration.ZERO);
        InstanceSpec grown =
                largest.toBuilder().setDisks(0, disk.toBuilder().setSizeBytes(6 << 20)).build();
        assertThat(reshape(target, grown)).isEmpty();
        driver.start(with(target, grown));
        assertThat(reshape(target, grown)).isEmpty();
        assertThat(asked(target, "query-cpus-fast")).contains("\"cpu-index\":1");
        assertThat(asked(target, "query-block"))
                .contains("\"bps_rd\":7000000", "\"virtual-size\":" + (6 << 20));
    }

    private List<String> reshape(Target target, InstanceSpec spec) {
        return driver.reshape().orElseThrow().reshape(with(target, spec));
    }

    private static Target with(Target target, InstanceSpec spec) {
        return with(target, spec, target.nics());
    }

    private static Target with(Target target, InstanceSpec spec, List<Nic> nics) {
        return new Target(
                target.instanceId(),
                target.epoch(),
                target.runGeneration(),
                target.name(),
                target.local(),
                spec,
                target.metadata(),
                nics);
    }

    private static String asked(Target target, String command) throws IOException {
        return Qmp.talk(folder(target).resolve("qmp"), tasks, PATIENCE, q -> q.execute(command))
                .toString();
    }
}
