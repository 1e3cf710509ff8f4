package io.hypervisor.agent.driver.fake;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.Found;
import io.hypervisor.agent.driver.InstanceDriver;
import io.hypervisor.agent.driver.Target;
import io.hypervisor.agent.driver.WiredDriverContract;
import io.hypervisor.api.internal.v1.Nic;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.core.Clock;
import io.hypervisor.core.FaultPoint;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.VirtualTasks;

import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The contract, over a folder that every connect reads anew, as after a restart of the agent. */
class FakeDriverTest extends WiredDriverContract {
    private final Tasks tasks = new VirtualTasks();
    private final FakeScript script = new FakeScript();
    @TempDir Path root;
    private FakeDriver latest;

    @AfterEach
    void stopTasks() {
        tasks.close();
    }

    static Stream<FaultPoint> steps() {
        // It makes an instance in one step.
        return Stream.empty();
    }

    @Override
    protected FakeDriver connect() {
        latest =
                new FakeDriver(
                        InstanceType.INSTANCE_TYPE_CONTAINER,
                        FakeWorld.at(root),
                        script,
                        Clock.system(),
                        tasks);
        return latest;
    }

    private static InstanceSpec image(String name) {
        return InstanceSpec.newBuilder().setImage(name).setCpuCores(1).build();
    }

    @Override
    protected InstanceSpec lasting() {
        return image("run");
    }

    @Override
    protected InstanceSpec endsCleanly() {
        return image("exit-0");
    }

    @Override
    protected InstanceSpec endsWithError() {
        return image("exit-3");
    }

    @Override
    protected OptionalInt errorCode() {
        return OptionalInt.of(3);
    }

    @Override
    protected InstanceSpec missingImage() {
        return image("missing/image");
    }

    @Override
    protected void leaveHalfMade(InstanceDriver connected, Target target) {
        script.fail(FakeScript.Call.CREATE, DriverException.passing("killed midway", null));
        Assertions.assertThatThrownBy(() -> connected.create(target)).hasMessage("killed midway");
    }

    @Override
    protected Map<String, String> interfaces(String instanceId) {
        return connect().nics(instanceId).stream()
                .collect(Collectors.toMap(Nic::getPortId, Nic::getMacAddress));
    }

    @Override
    protected void leaveHalfWired(Target target) {
        script.fail(FakeScript.Call.START, DriverException.passing("killed midway", null));
        Assertions.assertThatThrownBy(() -> latest.start(target)).hasMessage("killed midway");
    }

    @Override
    protected Runnable fillDisk() {
        script.fail(FakeScript.Call.CREATE, DriverException.passing("no room", null));
        return () -> {};
    }

    @Override
    protected SlowImage slowImage() {
        script.takes(FakeScript.Call.PULL, Duration.ofHours(1));
        return new SlowImage(
                image("remote/run"), () -> script.takes(FakeScript.Call.PULL, Duration.ZERO));
    }

    @Override
    protected void restartDaemon() {
        script.down(true);
        Assertions.assertThatThrownBy(() -> latest.list()).isInstanceOf(DriverException.class);
        script.works();
    }

    @Override
    protected void killBehindItsBack(String instanceId) {
        latest.end(instanceId, Found.Exit.FAILED, 137, "killed");
    }
}
