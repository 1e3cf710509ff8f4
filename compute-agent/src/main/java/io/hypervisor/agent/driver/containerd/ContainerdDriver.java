package io.hypervisor.agent.driver.containerd;

import com.google.protobuf.Empty;

import io.hypervisor.agent.driver.Beside;
import io.hypervisor.agent.driver.Console;
import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.DriverHealth;
import io.hypervisor.agent.driver.Found;
import io.hypervisor.agent.driver.HotPlug;
import io.hypervisor.agent.driver.ImagePulls;
import io.hypervisor.agent.driver.InstanceDriver;
import io.hypervisor.agent.driver.Locks;
import io.hypervisor.agent.driver.Nics;
import io.hypervisor.agent.driver.PortGate;
import io.hypervisor.agent.driver.Reshape;
import io.hypervisor.agent.driver.Target;
import io.hypervisor.agent.driver.containerd.wire.Container;
import io.hypervisor.agent.driver.containerd.wire.Mount;
import io.hypervisor.agent.driver.containerd.wire.Process;
import io.hypervisor.agent.driver.containerd.wire.TaskStatus;
import io.hypervisor.agent.registry.Registries;
import io.hypervisor.agent.registry.RegistryConfig;
import io.hypervisor.api.v1.Image;
import io.hypervisor.api.v1.InstanceStats;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.core.Clock;
import io.hypervisor.core.FaultPoint;
import io.hypervisor.core.Ids;
import io.hypervisor.core.Tasks;
import io.micrometer.core.instrument.MeterRegistry;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Runs containers on a containerd. */
public final class ContainerdDriver implements InstanceDriver {
    private static final Logger log = LoggerFactory.getLogger(ContainerdDriver.class);
    private static final Duration LOG_PERIOD = Duration.ofSeconds(2);

    private final ContainerdConfig config;
    private final Clock clock;
    private final Tasks tasks;
    private final MeterRegistry meters;
    private final Locks locks = new Locks();
    private final Daemon daemon;
    private final ImageStore images;
    private final Containers containers;
    private final Registries registries;
    private final Pulls pulls;
    private final Runs runs;
    private final Folders folders;
    private final Specs specs;
    private final Netns netns;
    private final Orphans orphans;
    private final Executor calls;
    private final Tasks.Timer logPasses;
    private volatile PortGate gate = PortGate.CLOSED;
    private volatile Optional<EventStream> events = Optional.empty();

    /**
     * A driver over one containerd, which need not run yet. Makes its folders.
     *
     * @throws java.io.UncheckedIOException when the data folder cannot be written
     */
    public ContainerdDriver(
            ContainerdConfig config, Clock clock, Tasks tasks, MeterRegistry meters) {
        this(config, RegistryConfig.plain(), clock, tasks, meters);
    }

    /** A driver that fetches images as the configuration of registries says. */
    public ContainerdDriver(
            ContainerdConfig config,
            RegistryConfig registryConfig,
            Clock clock,
            Tasks tasks,
            MeterRegistry meters) {
        this.config = config;
        this.clock = clock;
        this.tasks = tasks;
        this.meters = meters;
        folders = new Folders(config);
        netns = new Netns(config);

        calls = tasks.concurrent("containerd");
        daemon = new Daemon(config, calls);
        images = new ImageStore(daemon);
        containers = new Containers(daemon, config);
        orphans = new Orphans(config, containers, folders, netns);
        runs = new Runs(daemon, config);
        specs = new Specs(images, containers, runs, config);
        registries = new Registries(registryConfig, tasks);
        pulls =
                new Pulls(
                        new ImagePull.Images(daemon, images, containers, tasks), registries, clock);
        Logs logs = new Logs(config.data().resolve("container"), config.logBytes(), clock);
        logPasses = tasks.every(LOG_PERIOD, tasks.concurrent("containerd-logs"), logs::pass);
    }

    @Override
    public InstanceType type() {
        return InstanceType.INSTANCE_TYPE_CONTAINER;
    }

    @Override
    public DriverHealth health() {
        daemon.wake();
        try {
            String version =
                    Daemon.call(() -> daemon.version().version(Empty.getDefaultInstance()))
                            .getVersion();
            containers.snapshotter();
            return new DriverHealth(true, "", Map.of("containerd", version));
        } catch (DriverException e) {
            return new DriverHealth(false, e.getMessage(), Map.of());
        }
    }

    @Override
    public void ports(PortGate opened) {
        gate = opened;
    }

    @Override
    public List<Found> list() {
        // First what exists beside records: what has none now had none then, or is looked at again.
        Set<String> parts = orphans.ids();
        List<Container> all = containers.list();
        parts.removeAll(ids(all));
        Map<String, Process> known = runs.list();
        return Stream.concat(
                        all.stream().map(container -> found(container, known)),
                        // What is being made has no record yet: whoever makes it knows of it.
                        parts.stream()
                                .flatMap(id -> locks.ifFree(id, () -> orphan(id)).stream())
                                .flatMap(Optional::stream))
                .toList();
    }

    private Optional<Found> orphan(String id) {
        return containers.find(id).isPresent() ? Optional.empty() : orphans.find(id);
    }

    private static Set<String> ids(List<Container> all) {
        return all.stream().map(Container::getId).collect(Collectors.toSet());
    }

    private Found found(Container container, Map<String, Process> known) {
        String id = container.getId();
        Marks marks = Marks.of(container.getLabelsMap());
        Optional<Process> task = Optional.ofNullable(known.get(id));
        boolean shouldHaveOne = marks.started().isPresent() && marks.exit() == Found.Exit.NONE;
        boolean stopped = task.filter(t -> t.getStatus() == TaskStatus.STOPPED).isPresent();
        if (stopped || (task.isEmpty() && shouldHaveOne)) {
            // It has ended, it has just begun, its end was settled since the containers were
            // listed, or its shim does not answer, which lists leave out: only a closer look tells.
            // Whoever holds the lock is about to start or settle it too, so the wait is short.
            return locks.holding(
                    id, () -> settled(id).orElseGet(() -> marks.found(id, Optional.empty())));
        }
        return marks.found(id, task);
    }

    /** What an instance is after its end, if it has ended, was written down. */
    private Optional<Found> settled(String id) {
        Optional<Container> container = containers.find(id).filter(ContainerdDriver::isOurs);
        if (container.isEmpty()) {
            return Optional.empty();
        }
        Marks marks = Marks.of(container.get().getLabelsMap());
        Optional<Process> task = runs.find(id);
        if (task.filter(t -> t.getStatus() == TaskStatus.STOPPED).isEmpty()) {
            return Optional.of(marks.found(id, task));
        }
        int status = task.get().getExitStatus();
        boolean suspicious = status != 0 && !marks.ending();
        boolean outOfMemory =
                suspicious && runs.usage(id).filter(usage -> usage.oomKills() > 0).isPresent();
        Marks ended = marks.ended(status, outOfMemory);
        containers.mark(container.get(), ended);
        FaultPoint.CONTAINERD_END_MARKED.reached();
        runs.remove(id);
        silence(id);
        FaultPoint.CONTAINERD_END_TASK_REMOVED.reached();
        return Optional.of(ended.found(id, Optional.empty()));
    }

    // Else the kernel would answer for what does not run. If not now, then its next start does it.
    private void silence(String id) {
        try {
            removeNetns(id);
        } catch (DriverException e) {
            log.warn("instance={} interfaces=left reason=\"{}\"", id, e.getMessage());
        }
    }

    private void removeNetns(String id) {
        if (netns.remove(id)) {
            gate.gone();
        }
    }

    private static boolean isOurs(Container container) {
        return Marks.areIn(container.getLabelsMap());
    }

    @Override
    public void create(Target target) {
        locks.holding(checked(target.instanceId()), () -> createHeld(target));
    }

    private void createHeld(Target target) {
        String id = target.instanceId();
        String image = target.spec().getImage();
        Supplier<ImageStore.Unpacked> resolved = beside(() -> images.resolve(image));
        Optional<Container> existing = containers.find(id);
        if (existing.isPresent()) {
            if (!isOurs(existing.get())) {
                throw DriverException.permanent(
                        "a container of that id exists that is not of this agent: " + id);
            }
            if (Marks.of(existing.get().getLabelsMap()).complete()) {
                return;
            }
        }
        // Half-made, perhaps from another spec: anew is simpler than told apart.
        if (existing.isPresent() || orphans.find(id).isPresent()) {
            destroyHeld(id);
        }
        checkNics(target);
        ImageStore.Unpacked source = resolved.get();
        // What is wrong with it is told before there is anything of it.
        String draft = specs.draft(target, source);
        Marks marks =
                Marks.fresh(
                        target.epoch(),
                        target.runGeneration(),
                        target.local(),
                        Signals.number(source.config().stopSignal()));
        folders.create(target);
        FaultPoint.CONTAINERD_CREATE_FOLDERS_MADE.reached();
        List<Mount> rootfs = containers.prepare(id, image, source.chainId());
        FaultPoint.CONTAINERD_CREATE_SNAPSHOT_MADE.reached();
        String spec = specs.of(target, source, draft, rootfs);
        containers.create(target, marks.withComplete(true), spec);
        FaultPoint.CONTAINERD_CREATE_COMPLETE.reached();
    }

    private <T> Supplier<T> beside(Supplier<T> call) {
        return Beside.begin(calls, call);
    }

    private void checkNics(Target target) {
        Nics.check(target);
        gate.check(target.nics());
    }

    @Override
    public void start(Target target) {
        locks.holding(checked(target.instanceId()), () -> startHeld(target));
    }

    private void startHeld(Target target) {
        String id = target.instanceId();
        Supplier<Optional<Process>> run = beside(() -> runs.find(id));
        Container container =
                containers.find(id).filter(ContainerdDriver::isOurs).orElseThrow(() -> missing(id));
        Marks marks = Marks.of(container.getLabelsMap());
        if (!marks.complete()) {
            throw DriverException.passing("it is half-made: create it first", null);
        }
        Optional<Process> task = run.get();
        if (task.filter(Runs::isAlive).isPresent()) {
            if (marks.generation() == target.runGeneration()) {
                return;
            }
            throw DriverException.passing(
                    "it still runs under generation "
                            + marks.generation()
                            + " (expected: stopped before generation "
                            + target.runGeneration()
                            + ")",
                    null);
        }
        if (task.isPresent()) {
            runs.end(id);
        }
        checkNics(target);
        folders.makeConsole(id);
        gate.made(netns.make(target));
        Marks starting = marks.starting(target.runGeneration(), clock.now());
        Supplier<List<Mount>> rootfs = beside(() -> containers.mounts(container));
        Container marked = specs.mark(container, starting, target, rootfs);
        FaultPoint.CONTAINERD_START_MARKED.reached();
        boolean begun = false;
        try {
            runs.prepare(id, rootfs.get(), target.spec().getTty());
            gate.await(target.nics());
            begun = true;
            runs.begin(id);
        } catch (DriverException e) {
            runs.abandon(id, e);
            if (e.isPermanent()) {
                containers.mark(marked, starting.failed(e.getMessage()));
            } else if (!begun) {
                containers.mark(marked, marks);
            }
            throw e;
        }
    }

    @Override
    public Optional<HotPlug> hotPlug() {
        return Optional.of(
                target -> locks.holding(checked(target.instanceId()), () -> wire(target)));
    }

    @Override
    public Optional<Reshape> reshape() {
        return Optional.of(
                target -> locks.holding(checked(target.instanceId()), () -> specs.reshape(target)));
    }

    /** What does not run gets its interfaces when it starts. */
    private void wire(Target target) {
        String id = target.instanceId();
        if (netns.isMade(target)) {
            return;
        }
        Optional<Container> container = containers.find(id).filter(ContainerdDriver::isOurs);
        Optional<Process> task = container.flatMap(c -> runs.find(id)).filter(Runs::isAlive);
        if (task.isPresent()) {
            checkNics(target);
            gate.made(netns.change(target, task.get().getPid()));
            gate.gone();
        }
    }

    @Override
    public void stop(String instanceId, Duration grace) {
        locks.holding(checked(instanceId), () -> stopHeld(instanceId, grace));
    }

    private void stopHeld(String id, Duration grace) {
        Optional<Container> container = containers.find(id).filter(ContainerdDriver::isOurs);
        if (container.isEmpty()) {
            return;
        }
        Optional<Process> task = runs.find(id);
        if (task.filter(Runs::isAlive).isPresent()) {
            Marks marks = Marks.of(container.get().getLabelsMap()).askedToEnd();
            containers.mark(container.get(), marks);
            FaultPoint.CONTAINERD_STOP_MARKED.reached();
            boolean ended = false;
            if (grace.isPositive()) {
                runs.ask(task.get(), marks.stopSignal());
                ended = runs.waitFor(id, grace);
            }
            if (!ended) {
                runs.kill(id);
            }
            FaultPoint.CONTAINERD_STOP_ENDED.reached();
        }
        if (task.isPresent()) {
            settled(id);
        }
    }

    @Override
    public void destroy(String instanceId) {
        locks.holding(checked(instanceId), () -> destroyHeld(instanceId));
    }

    private void destroyHeld(String id) {
        Optional<Container> found = containers.find(id).or(() -> orphans.adopt(id));
        if (found.filter(ContainerdDriver::isOurs).isPresent()) {
            Container container = found.get();
            // From here on it is half-made, whatever happens.
            containers.mark(
                    container, Marks.of(container.getLabelsMap()).askedToEnd().withComplete(false));
            FaultPoint.CONTAINERD_DESTROY_MARKED.reached();
            runs.end(id);
            orphans.removeRuntime(id);
            removeNetns(id);
            FaultPoint.CONTAINERD_DESTROY_TASK_REMOVED.reached();
            containers.removeSnapshot(container);
            FaultPoint.CONTAINERD_DESTROY_SNAPSHOT_REMOVED.reached();
            folders.delete(id);
            orphans.removeGroups(id);
            FaultPoint.CONTAINERD_DESTROY_FOLDER_REMOVED.reached();
            containers.delete(id);
            FaultPoint.CONTAINERD_DESTROY_RECORD_REMOVED.reached();
        }
    }

    @Override
    public InstanceStats stats(String instanceId) {
        Process task = runs.alive(checked(instanceId));
        Usage usage = runs.usage(instanceId).orElseThrow(() -> Runs.notRunning(instanceId));
        Traffic traffic = Traffic.of(task.getPid());
        return InstanceStats.newBuilder()
                .setInstanceId(instanceId)
                .setCpuTimeNs(usage.cpuNanos())
                .setMemoryUsedBytes(usage.memory())
                .setMemoryCacheBytes(usage.cache())
                .setDiskReadBytes(usage.diskRead())
                .setDiskWriteBytes(usage.diskWritten())
                .setNetworkRxBytes(traffic.received())
                .setNetworkTxBytes(traffic.sent())
                .setCollectedAt(clock.timestamp())
                .build();
    }

    @Override
    public List<Image> images() {
        return images.list();
    }

    @Override
    public Optional<ImagePulls> imagePulls() {
        return Optional.of(pulls);
    }

    @Override
    public Console console(String instanceId) {
        return new ContainerConsole(checked(instanceId), config, runs);
    }

    private static DriverException missing(String id) {
        return DriverException.passing("it does not exist: " + id, null);
    }

    // Ids become names of folders and cgroups.
    private static String checked(String id) {
        if (!Ids.isId(id)) {
            throw Wording.wrong("instance_id", id, "a UUID in lower case");
        }
        return id;
    }

    @Override
    public void events(Consumer<String> changed) {
        EventStream stream =
                new EventStream(
                        daemon,
                        config.namespace(),
                        tasks,
                        id -> {
                            settleIfEnded(id);
                            changed.accept(id);
                        },
                        meters.counter("hypervisor.containerd.connections.lost")::increment);
        stream.open();
        events = Optional.of(stream);
    }

    // Frees the shim of what has ended; list would do it too, but later.
    private void settleIfEnded(String id) {
        if (id.isEmpty()) {
            return;
        }
        try {
            var _ = locks.ifFree(id, () -> settled(id));
        } catch (DriverException e) {
            log.info("end not settled yet instance={} reason=\"{}\"", id, e.getMessage());
        }
    }

    @Override
    public void close() {
        events.ifPresent(EventStream::close);
        logPasses.cancel();
        registries.close();
        daemon.close();
    }
}
