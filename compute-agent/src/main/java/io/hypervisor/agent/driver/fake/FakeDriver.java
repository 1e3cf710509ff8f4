package io.hypervisor.agent.driver.fake;

import com.google.protobuf.Timestamp;

import io.hypervisor.agent.driver.Console;
import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.DriverHealth;
import io.hypervisor.agent.driver.Found;
import io.hypervisor.agent.driver.HotPlug;
import io.hypervisor.agent.driver.ImagePulls;
import io.hypervisor.agent.driver.InstanceDriver;
import io.hypervisor.agent.driver.Nics;
import io.hypervisor.agent.driver.Reshape;
import io.hypervisor.agent.driver.SharedPulls;
import io.hypervisor.agent.driver.Target;
import io.hypervisor.agent.driver.fake.FakeScript.Call;
import io.hypervisor.api.internal.v1.Nic;
import io.hypervisor.api.v1.Image;
import io.hypervisor.api.v1.InstanceStats;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Tasks;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** Runs instances in a {@link FakeWorld}; what they do is told by their image, see the package. */
public final class FakeDriver implements InstanceDriver {
    private static final long MEMORY_USED = 1 << 20;

    private final InstanceType type;
    private final FakeWorld world;
    private final FakeScript script;
    private final Clock clock;
    private final Tasks tasks;
    private final Executor timers;
    private final FakePulls pulls;
    private volatile Consumer<String> changed = id -> {};
    private volatile boolean closed;

    /** A driver that looks at this world. */
    public FakeDriver(
            InstanceType type, FakeWorld world, FakeScript script, Clock clock, Tasks tasks) {
        this.type = type;
        this.world = world;
        this.script = script;
        this.clock = clock;
        this.tasks = tasks;
        this.timers = tasks.concurrent("fake-" + name(type));
        this.pulls = new FakePulls(new SharedPulls(tasks), this::transfer);
    }

    private static String name(InstanceType type) {
        return type.name().substring("INSTANCE_TYPE_".length()).toLowerCase(Locale.ROOT);
    }

    @Override
    public InstanceType type() {
        return type;
    }

    @Override
    public DriverHealth health() {
        return script.health();
    }

    @Override
    public List<Found> list() {
        script.failIfDown();
        enter(Call.LIST);
        script.failIfTold(Call.LIST);
        return world.all().stream().map(i -> i.at(clock.now()).found()).toList();
    }

    @Override
    public void create(Target target) {
        script.failIfDown();
        FakeImage image = new FakeImage(target.spec().getImage());
        if (find(target.instanceId()).filter(i -> !isHalf(i)).isPresent()) {
            return;
        }
        Nics.check(target);
        if (image.missing()) {
            throw DriverException.permanent("image not found: " + image.name());
        }
        FakeInstance half =
                new FakeInstance(
                        new Found(
                                target.instanceId(),
                                target.epoch(),
                                target.runGeneration(),
                                target.local(),
                                Found.State.PARTIAL,
                                Found.Exit.NONE,
                                OptionalInt.empty(),
                                "",
                                Optional.empty()),
                        image,
                        Math.max(1, target.spec().getCpuCores()),
                        Optional.empty(),
                        target.nics());
        world.put(half);
        enter(Call.CREATE);
        script.failIfTold(Call.CREATE);
        world.put(half.complete());
    }

    @Override
    public void start(Target target) {
        script.failIfDown();
        FakeInstance instance = complete(target.instanceId());
        if (isRunning(instance)) {
            if (instance.found().runGeneration() == target.runGeneration()) {
                return;
            }
            throw DriverException.permanent("it runs under another generation");
        }
        enter(Call.START);
        script.failIfTold(Call.START);
        Instant now = clock.now();
        FakeInstance started =
                instance.started(target.epoch(), target.runGeneration(), now)
                        .wired(target.nics())
                        .sized(Math.max(1, target.spec().getCpuCores()));
        world.put(started);
        announceEnd(started, now);
    }

    @Override
    public void stop(String instanceId, Duration grace) {
        script.failIfDown();
        Optional<FakeInstance> running = find(instanceId).filter(FakeDriver::isRunning);
        if (running.isEmpty()) {
            return;
        }
        enter(Call.STOP);
        script.failIfTold(Call.STOP);
        if (running.get().image().deaf()) {
            pass(grace);
        }
        world.put(running.get().ended(Found.Exit.STOPPED, OptionalInt.empty(), ""));
    }

    @Override
    public void destroy(String instanceId) {
        script.failIfDown();
        Optional<FakeInstance> instance = find(instanceId);
        if (instance.isEmpty()) {
            return;
        }
        world.put(instance.get().half());
        enter(Call.DESTROY);
        script.failIfTold(Call.DESTROY);
        world.remove(instanceId);
    }

    @Override
    public Optional<HotPlug> hotPlug() {
        return Optional.of(this::wire);
    }

    private void wire(Target target) {
        Optional<FakeInstance> instance = find(target.instanceId());
        if (instance.isEmpty() || instance.get().nics().equals(target.nics())) {
            return;
        }
        Nics.check(target);
        enter(Call.WIRE);
        script.failIfTold(Call.WIRE);
        world.put(instance.get().wired(target.nics()));
    }

    @Override
    public Optional<ImagePulls> imagePulls() {
        return Optional.of(pulls);
    }

    private void transfer(CompletableFuture<Void> abandoned) {
        Duration takes = script.enter(Call.PULL);
        script.failIfTold(Call.PULL);
        CompletableFuture<Void> over = new CompletableFuture<>();
        var _ = abandoned.thenRun(() -> over.complete(null));
        tasks.after(takes, timers, () -> over.complete(null));
        over.join();
    }

    @Override
    public Optional<Reshape> reshape() {
        return Optional.of(this::reshape);
    }

    /** Processors come at once and go at the next start, as QEMU has it. */
    private List<String> reshape(Target target) {
        Optional<FakeInstance> found = find(target.instanceId());
        int cores = Math.max(1, target.spec().getCpuCores());
        if (found.isEmpty() || found.get().cores() == cores) {
            return List.of();
        }
        enter(Call.RESHAPE);
        script.failIfTold(Call.RESHAPE);
        if (isRunning(found.get()) && found.get().cores() > cores) {
            return List.of("spec.cpu_cores");
        }
        world.put(found.get().sized(cores));
        return List.of();
    }

    @Override
    public InstanceStats stats(String instanceId) {
        script.failIfDown();
        enter(Call.STATS);
        script.failIfTold(Call.STATS);
        FakeInstance instance = running(instanceId);
        Instant now = clock.now();
        Duration ran = Duration.between(instance.found().startedAt().orElse(now), now);
        return InstanceStats.newBuilder()
                .setInstanceId(instanceId)
                .setCpuTimeNs(Math.max(1, ran.toNanos() * instance.cores()))
                .setMemoryUsedBytes(MEMORY_USED)
                .setCollectedAt(clock.timestamp())
                .build();
    }

    @Override
    public List<Image> images() {
        return Stream.concat(Stream.of("deaf", "exit-0", "exit-1", "run"), pulls.fetched().stream())
                .map(this::image)
                .toList();
    }

    private Image image(String name) {
        return Image.newBuilder()
                .setId(name(type) + "/" + name)
                .setName(name)
                .setType(type)
                .setSizeBytes(MEMORY_USED)
                .setCreatedAt(Timestamp.getDefaultInstance())
                .build();
    }

    @Override
    public Console console(String instanceId) {
        return new Console() {
            @Override
            public Path log() {
                return world.log(instanceId);
            }

            @Override
            public void write(byte[] data) {
                running(instanceId);
                world.append(instanceId, data);
            }

            @Override
            public void resize(int columns, int rows) {
                running(instanceId);
            }

            @Override
            public void close() {}
        };
    }

    @Override
    public void events(Consumer<String> listener) {
        changed = listener;
        Instant now = clock.now();
        world.all().stream().filter(FakeDriver::isRunning).forEach(i -> announceEnd(i, now));
    }

    @Override
    public void close() {
        closed = true;
    }

    /** The interfaces that an instance has. */
    public List<Nic> nics(String instanceId) {
        return find(instanceId).map(FakeInstance::nics).orElse(List.of());
    }

    /** How many images were not fetched to the end because nobody waited any more. */
    public int pullsGivenUp() {
        return pulls.givenUp();
    }

    /** Ends a running instance as if its guest had, or as if something had killed it. */
    public void end(String instanceId, Found.Exit exit, int exitCode, String reason) {
        world.put(running(instanceId).ended(exit, OptionalInt.of(exitCode), reason));
        changed.accept(instanceId);
    }

    private void announceEnd(FakeInstance instance, Instant now) {
        instance.endsAt()
                .ifPresent(
                        at ->
                                tasks.after(
                                        Duration.between(now, at),
                                        timers,
                                        () -> announce(instance.found().instanceId())));
    }

    private void announce(String instanceId) {
        if (!closed) {
            changed.accept(instanceId);
        }
    }

    private void enter(Call call) {
        pass(script.enter(call));
    }

    /** Lets time pass, by the tasks' timers. */
    private void pass(Duration duration) {
        if (duration.isPositive()) {
            CompletableFuture<Void> over = new CompletableFuture<>();
            tasks.after(duration, timers, () -> over.complete(null));
            over.join();
        }
    }

    private Optional<FakeInstance> find(String instanceId) {
        return world.get(instanceId).map(i -> i.at(clock.now()));
    }

    private FakeInstance complete(String instanceId) {
        return find(instanceId)
                .filter(i -> !isHalf(i))
                .orElseThrow(() -> DriverException.permanent(instanceId + " has not been created"));
    }

    private FakeInstance running(String instanceId) {
        return find(instanceId)
                .filter(FakeDriver::isRunning)
                .orElseThrow(() -> DriverException.permanent(instanceId + " does not run"));
    }

    private static boolean isHalf(FakeInstance instance) {
        return instance.found().state() == Found.State.PARTIAL;
    }

    private static boolean isRunning(FakeInstance instance) {
        return instance.found().state() == Found.State.RUNNING;
    }
}
