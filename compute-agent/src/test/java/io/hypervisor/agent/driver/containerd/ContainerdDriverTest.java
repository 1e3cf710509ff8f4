package io.hypervisor.agent.driver.containerd;

import io.hypervisor.agent.driver.InstanceDriver;
import io.hypervisor.agent.driver.Target;
import io.hypervisor.agent.driver.WiredDriverContract;
import io.hypervisor.agent.driver.guest.FullDisk;
import io.hypervisor.agent.registry.RegistryConfig;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.core.Clock;
import io.hypervisor.core.FaultPoint;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.VirtualTasks;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;

/** The contract, against a real containerd. */
@Tag("real")
class ContainerdDriverTest extends WiredDriverContract {
    // Not closed after each test: the contract still uses its drivers then.
    private static final Tasks tasks = new VirtualTasks();
    private static ContainerdDaemon daemon;

    // Registries that tests of this class have started.
    private final List<AutoCloseable> registries = new ArrayList<>();
    private RegistryConfig registry = RegistryConfig.plain();

    @BeforeAll
    static void startDaemon() {
        daemon = new ContainerdDaemon();
    }

    @AfterAll
    static void stopDaemon() {
        daemon.close();
        tasks.close();
    }

    @AfterEach
    void closeRegistries() throws Exception {
        for (AutoCloseable started : registries.reversed()) {
            started.close();
        }
    }

    static Stream<FaultPoint> steps() {
        return stepsOf("CONTAINERD");
    }

    @Override
    protected InstanceDriver connect() {
        return new ContainerdDriver(
                daemon.config(), registry, Clock.system(), tasks, new SimpleMeterRegistry());
    }

    private static InstanceSpec shell(String script) {
        return InstanceSpec.newBuilder()
                .setImage(ContainerdDaemon.IMAGE)
                .setCpuCores(1)
                .setMemoryBytes(64 << 20)
                .addCommand("sh")
                .addArgs("-c")
                .addArgs(script)
                .build();
    }

    @Override
    protected InstanceSpec lasting() {
        return shell("cat");
    }

    @Override
    protected InstanceSpec endsCleanly() {
        return shell("exit 0");
    }

    @Override
    protected InstanceSpec endsWithError() {
        return shell("exit 3");
    }

    @Override
    protected OptionalInt errorCode() {
        return OptionalInt.of(3);
    }

    @Override
    protected InstanceSpec missingImage() {
        return lasting().toBuilder().setImage("demo/missing").build();
    }

    @Override
    protected void leaveHalfMade(InstanceDriver connected, Target target) {
        try (Daemon connection = new Daemon(daemon.config(), tasks.concurrent("containerd"))) {
            new Containers(connection, daemon.config())
                    .create(
                            target,
                            Marks.fresh(target.epoch(), target.runGeneration(), false, 15),
                            "{}");
        }
    }

    @Override
    protected Map<String, String> interfaces(String instanceId) {
        return NamedSpaces.interfaces(instanceId);
    }

    @Override
    protected void leaveHalfWired(Target target) {
        // Killed between two lines: a device without its mark, and an interface without addresses.
        NamedSpaces.leaveHalfMade(daemon.config(), target);
    }

    @Override
    protected Runnable fillDisk() {
        return FullDisk.over(daemon.layers());
    }

    @Override
    protected SlowImage slowImage() {
        try {
            TestRegistry source = new TestRegistry();
            registries.add(source);
            source.push("team/slow", TestImage.noisy(8, 1 << 16));
            CuttingProxy proxy = new CuttingProxy(source.open());
            registries.add(proxy);
            proxy.hold();
            registry =
                    new RegistryConfig(Map.of(), List.of(proxy.host()), Optional.empty(), 1 << 20);
            restartAgent();
            String name = proxy.host() + "/team/slow:1";
            return new SlowImage(lasting().toBuilder().setImage(name).build(), proxy::release);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    protected void restartDaemon() {
        daemon.kill();
        daemon.start();
    }

    @Override
    protected void killBehindItsBack(String instanceId) {
        daemon.ctr("tasks", "kill", "--signal", "SIGKILL", instanceId);
    }
}
