package io.hypervisor.agent.driver;

import io.hypervisor.api.v1.Image;
import io.hypervisor.api.v1.InstanceStats;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.core.Tasks;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Calls a driver on a bounded number of platform threads, because native calls pin the carriers of
 * virtual threads. Reads have threads of their own, so that they do not wait for slow changes.
 */
public final class PooledDriver implements InstanceDriver {
    private static final int READERS = 2;

    private final InstanceDriver driver;
    private final Executor changes;
    private final Executor reads;

    /** At most {@code threads} changes at a time. */
    public PooledDriver(InstanceDriver driver, Tasks tasks, int threads) {
        this.driver = driver;
        String name = driver.type().name();
        this.changes = tasks.platform(name, threads);
        this.reads = tasks.platform(name + "-read", READERS);
    }

    private static <T> T on(Executor executor, Supplier<T> call) {
        return Beside.begin(executor, call).get();
    }

    private void change(Runnable call) {
        on(
                changes,
                () -> {
                    call.run();
                    return true;
                });
    }

    @Override
    public InstanceType type() {
        return driver.type();
    }

    @Override
    public DriverHealth health() {
        return on(reads, driver::health);
    }

    @Override
    public void ports(PortGate gate) {
        driver.ports(gate);
    }

    @Override
    public List<Found> list() {
        return on(reads, driver::list);
    }

    @Override
    public void create(Target target) {
        change(() -> driver.create(target));
    }

    @Override
    public void start(Target target) {
        change(() -> driver.start(target));
    }

    @Override
    public void stop(String instanceId, Duration grace) {
        change(() -> driver.stop(instanceId, grace));
    }

    @Override
    public void destroy(String instanceId) {
        change(() -> driver.destroy(instanceId));
    }

    @Override
    public Optional<HotPlug> hotPlug() {
        return driver.hotPlug().map(power -> target -> change(() -> power.wire(target)));
    }

    @Override
    public Optional<Reshape> reshape() {
        return driver.reshape().map(power -> target -> on(changes, () -> power.reshape(target)));
    }

    // Waits for networks, not for native calls: no thread of the pool is held by it.
    @Override
    public Optional<ImagePulls> imagePulls() {
        return driver.imagePulls();
    }

    @Override
    public InstanceStats stats(String instanceId) {
        return on(reads, () -> driver.stats(instanceId));
    }

    @Override
    public List<Image> images() {
        return on(reads, driver::images);
    }

    @Override
    public Console console(String instanceId) {
        return on(reads, () -> driver.console(instanceId));
    }

    @Override
    public void events(Consumer<String> changed) {
        driver.events(changed);
    }

    @Override
    public void close() {
        driver.close();
    }
}
