package io.hypervisor.agent.driver.containerd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypervisor.agent.driver.Found;
import io.hypervisor.agent.driver.Target;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.Metadata;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.VirtualTasks;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;

/** A containerd of its own, a driver over it, and what tests do with both. */
final class ContainerScene implements AutoCloseable {
    static final Duration PATIENCE = Duration.ofSeconds(60);

    final ContainerdDaemon daemon = new ContainerdDaemon();
    final Tasks tasks = new VirtualTasks();
    final ContainerdDriver driver;

    ContainerScene() {
        driver =
                new ContainerdDriver(
                        daemon.config(), Clock.system(), tasks, new SimpleMeterRegistry());
    }

    /** A container of the demo image that runs a shell script. */
    static InstanceSpec.Builder shell(String script) {
        return InstanceSpec.newBuilder()
                .setImage(ContainerdDaemon.IMAGE)
                .setCpuCores(1)
                .setMemoryBytes(64 << 20)
                .addCommand("sh")
                .addArgs("-c")
                .addArgs(script);
    }

    static Target target(InstanceSpec.Builder spec) {
        String id = UUID.randomUUID().toString();
        return new Target(
                id, 1, 1, "box", false, spec.build(), Metadata.getDefaultInstance(), List.of());
    }

    Target started(InstanceSpec.Builder spec) {
        Target target = target(spec);
        driver.create(target);
        driver.start(target);
        return target;
    }

    Found found(Target target) {
        return driver.list().stream()
                .filter(f -> f.instanceId().equals(target.instanceId()))
                .findFirst()
                .orElseThrow();
    }

    Found ended(Target target) {
        await().atMost(PATIENCE).until(() -> found(target).state() == Found.State.STOPPED);
        return found(target);
    }

    /** What it wrote until it ended. */
    String outputOf(InstanceSpec.Builder spec) {
        Target target = started(spec);
        var _ = ended(target);
        String output = output(target);
        driver.destroy(target.instanceId());
        return output;
    }

    String output(Target target) {
        Path log = daemon.config().log(target.instanceId());
        try {
            return Files.exists(log) ? Files.readString(log, StandardCharsets.ISO_8859_1) : "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void awaitOutput(Target target, String text) {
        await().atMost(PATIENCE).until(() -> output(target).contains(text));
    }

    /** Everything goes; nothing may be left. */
    void clear() {
        driver.list().forEach(found -> driver.destroy(found.instanceId()));
        assertThat(driver.list()).isEmpty();
        assertThat(daemon.data().resolve("container")).isEmptyDirectory();
    }

    @Override
    public void close() {
        driver.close();
        daemon.close();
        tasks.close();
        assertThat(daemon.processes()).isEmpty();
        assertThat(daemon.mounts()).isEmpty();
    }
}
