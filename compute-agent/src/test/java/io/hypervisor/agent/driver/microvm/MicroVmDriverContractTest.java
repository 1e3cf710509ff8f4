package io.hypervisor.agent.driver.microvm;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypervisor.agent.driver.Found;
import io.hypervisor.agent.driver.InstanceDriver;
import io.hypervisor.agent.driver.Nics;
import io.hypervisor.agent.driver.Target;
import io.hypervisor.agent.driver.WiredDriverContract;
import io.hypervisor.agent.driver.guest.Acceleration;
import io.hypervisor.agent.driver.guest.FullDisk;
import io.hypervisor.agent.driver.guest.InstanceFolders;
import io.hypervisor.agent.driver.guest.KvmProbe;
import io.hypervisor.agent.driver.guest.SlowKernel;
import io.hypervisor.agent.driver.guest.TinyGuest;
import io.hypervisor.agent.image.ImageCache;
import io.hypervisor.agent.image.TestCache;
import io.hypervisor.api.internal.v1.Nic;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Command;
import io.hypervisor.core.FaultPoint;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.VirtualTasks;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.stream.Stream;

/** The contract, with real QEMUs, which are the only daemons there are. */
@Tag("real")
class MicroVmDriverContractTest extends WiredDriverContract {
    private static final Path DEVICES = Path.of("/sys/class/net");

    @TempDir static Path node;
    @TempDir static Path images;
    private static Path home;
    private static Tasks tasks;

    private Optional<SlowKernel> slow = Optional.empty();

    @BeforeAll
    static void prepare() {
        tasks = new VirtualTasks();
        home = node.resolve("microvm");
        TinyGuest.make(images);
    }

    @AfterAll
    static void stopTasks() {
        tasks.close();
    }

    @AfterEach
    void closeSource() {
        slow.ifPresent(SlowKernel::close);
    }

    static Stream<FaultPoint> steps() {
        return stepsOf("MICROVM");
    }

    @Override
    protected InstanceDriver connect() {
        MicroVmConfig config =
                new MicroVmConfig(List.of(images), Acceleration.TCG, "nobody", false);
        ImageCache cache = TestCache.beside(home, images, tasks);
        return new MicroVmDriver(config, home, cache, new KvmProbe(home), Clock.system(), tasks);
    }

    @Override
    protected InstanceSpec lasting() {
        return TinyGuest.echo();
    }

    @Override
    protected InstanceSpec endsCleanly() {
        return TinyGuest.end();
    }

    @Override
    protected InstanceSpec endsWithError() {
        return TinyGuest.panic();
    }

    @Override
    protected OptionalInt errorCode() {
        return OptionalInt.empty();
    }

    @Override
    protected InstanceSpec missingImage() {
        return TinyGuest.echo().toBuilder().setImage("no-such-image").build();
    }

    @Override
    protected void leaveHalfMade(InstanceDriver connected, Target target) {
        new InstanceFolders(home, MicroVmDriver.RECORD)
                .write(target.instanceId(), RunRecord.of(target).write());
    }

    @Override
    protected void killBehindItsBack(String instanceId) {
        qemu(instanceId).orElseThrow().destroyForcibly();
    }

    private static Optional<ProcessHandle> qemu(String instanceId) {
        return new Processes(Clock.system()).find(home.resolve(instanceId));
    }

    /** QEMUs that do not answer for a while, to an agent that is new to them. */
    @Override
    protected void restartDaemon() {
        List<ProcessHandle> qemus =
                driver().list().stream()
                        .flatMap(found -> qemu(found.instanceId()).stream())
                        .toList();
        qemus.forEach(qemu -> signal("STOP", qemu));
        restartAgent();
        assertThat(driver().list())
                .filteredOn(found -> found.state() == Found.State.RUNNING)
                .hasSameSizeAs(qemus)
                .extracting(Found::reason)
                .containsOnly("QEMU does not answer");
        qemus.forEach(qemu -> signal("CONT", qemu));
    }

    private static void signal(String name, ProcessHandle process) {
        run("kill", "-s", name, Long.toString(process.pid()));
    }

    private static void run(String... command) {
        assertThat(Command.run(Duration.ofSeconds(10), List.of(command)).ok()).isTrue();
    }

    @Override
    protected Map<String, String> interfaces(String instanceId) {
        String arguments =
                qemu(instanceId).flatMap(q -> q.info().commandLine()).orElse("(not there)");
        Map<String, String> found = new TreeMap<>();
        for (Nic nic : made()) {
            // QEMU's, the node's and up.
            if (arguments.contains("ifname=" + Nics.device(nic) + ",")
                    && arguments.contains("mac=" + nic.getMacAddress() + ",")
                    && isUp(DEVICES.resolve(Nics.device(nic)))) {
                found.put(nic.getPortId(), nic.getMacAddress());
            }
        }
        return found;
    }

    private static boolean isUp(Path device) {
        try {
            return (Integer.decode(Files.readString(device.resolve("flags")).strip()) & 1) == 1;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A device that QEMU has made, and that nobody has brought up. */
    @Override
    protected void leaveHalfWired(Target target) {
        FaultPoint launched = FaultPoint.MICROVM_START_LAUNCHED;
        assertThat(launched.cut(() -> driver().start(target))).isTrue();
        for (Nic nic : target.nics()) {
            run("ip", "link", "set", "dev", Nics.device(nic), "down");
        }
    }

    @Override
    protected boolean plugsIntoWhatRuns() {
        return false;
    }

    @Override
    protected Runnable fillDisk() {
        return FullDisk.over(home);
    }

    @Override
    protected SlowImage slowImage() {
        slow = Optional.of(new SlowKernel(images.resolve("tiny-echo/kernel")));
        return new SlowImage(slow.get().spec(), slow.get()::come);
    }

    @Override
    protected int slowness() {
        return 4;
    }
}
