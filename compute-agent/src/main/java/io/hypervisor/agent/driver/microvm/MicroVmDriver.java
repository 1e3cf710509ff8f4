package io.hypervisor.agent.driver.microvm;

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
import io.hypervisor.agent.driver.guest.Blueprint;
import io.hypervisor.agent.driver.guest.ImageFolders;
import io.hypervisor.agent.driver.guest.InstanceFolders;
import io.hypervisor.agent.driver.guest.KvmProbe;
import io.hypervisor.agent.driver.guest.SerialPorts;
import io.hypervisor.agent.driver.microvm.RunRecord.Phase;
import io.hypervisor.agent.image.BootFile;
import io.hypervisor.agent.image.ImageCache;
import io.hypervisor.api.v1.Image;
import io.hypervisor.api.v1.InstanceStats;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Command;
import io.hypervisor.core.FaultPoint;
import io.hypervisor.core.Tasks;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Runs microVMs; see the package. */
public final class MicroVmDriver implements InstanceDriver {
    static final String RECORD = "instance.json";

    private static final Duration ASK_AGAIN = Duration.ofSeconds(1);
    private static final Duration TELL_VERSION = Duration.ofSeconds(10);
    private static final Pattern VERSION = Pattern.compile("version ([0-9.]+)");

    private final MicroVmConfig config;
    private final Clock clock;
    private final InstanceFolders folders;
    private final ImageFolders images;
    private final ImageCache cache;
    private final SerialPorts ports;
    private final KvmProbe probe;
    private final Runs runs;
    private final Watches watches;
    private final Locks locks = new Locks();
    private volatile PortGate gate = PortGate.CLOSED;

    /** Keeps the files of instances in {@code folder}, which needs at most 66 bytes as a path. */
    public MicroVmDriver(
            MicroVmConfig config,
            Path folder,
            ImageCache cache,
            KvmProbe probe,
            Clock clock,
            Tasks tasks) {
        this.config = config;
        this.clock = clock;
        this.folders = new InstanceFolders(folder, RECORD);
        this.images = new ImageFolders(type(), config.imageDirs(), cache::find);
        this.cache = cache;
        this.ports = new SerialPorts(tasks);
        this.probe = probe;
        this.runs = new Runs(clock, tasks);
        this.watches = new Watches(tasks);
    }

    @Override
    public InstanceType type() {
        return InstanceType.INSTANCE_TYPE_MICROVM;
    }

    @Override
    public DriverHealth health() {
        try {
            folders.prepare();
            Command.Ended told = Command.run(TELL_VERSION, List.of(Runs.QEMU, "-version"));
            Matcher version = VERSION.matcher(told.output());
            if (!told.ok() || !version.find()) {
                return new DriverHealth(false, told.failure(), Map.of());
            }
            return new DriverHealth(
                    true,
                    "",
                    Map.of(
                            "microvm.qemu",
                            version.group(1),
                            "microvm.accelerator",
                            kvm() ? "kvm" : "tcg"));
        } catch (DriverException e) {
            return new DriverHealth(false, e.getMessage(), Map.of());
        }
    }

    private boolean kvm() {
        return probe.isChosen(config.acceleration());
    }

    @Override
    public void ports(PortGate opened) {
        gate = opened;
    }

    @Override
    public List<Found> list() {
        List<Found> all = new ArrayList<>();
        for (String id : folders.ids()) {
            found(id).ifPresent(all::add);
            folders.trimLog(id, clock.now());
        }
        return List.copyOf(all);
    }

    /** Leaves an instance alone that is just being worked on. */
    private Optional<Found> found(String id) {
        Optional<MicroVm> seen =
                locks.ifFree(id, () -> look(id).map(now -> settle(id, now)))
                        .orElseGet(() -> look(id));
        if (seen.isPresent()) {
            return Optional.of(seen.get().found(id));
        }
        return Files.isDirectory(folders.folder(id)) ? Optional.of(partial(id)) : Optional.empty();
    }

    /** A folder without so much as a record. */
    private static Found partial(String id) {
        return new Found(
                id,
                0,
                0,
                false,
                Found.State.PARTIAL,
                Found.Exit.NONE,
                OptionalInt.empty(),
                "",
                Optional.empty());
    }

    private Optional<MicroVm> look(String id) {
        return folders.record(id, RunRecord::parse)
                .map(record -> new MicroVm(record, guest(id, record.phase())));
    }

    private GuestState guest(String id, Phase phase) {
        return switch (phase) {
            case STARTING -> runs.state(folders.folder(id), false);
            case RUNNING, STOPPING -> runs.state(folders.folder(id), true);
            case MAKING, NEW, ENDED_CLEAN, ENDED_FAILED, ENDED_STOPPED, ENDED_UNKNOWN ->
                    GuestState.ABSENT;
        };
    }

    /** Writes down how a run ended, and lets go of the process that has waited for that. */
    private MicroVm settle(String id, MicroVm vm) {
        if (vm.alive()) {
            watches.watch(id, folders.folder(id));
            return vm;
        }
        RunRecord record = vm.isNews() ? vm.ended() : vm.record();
        if (vm.isNews()) {
            write(id, record);
            FaultPoint.MICROVM_END_RECORDED.reached();
        }
        if (record.phase().isOver()) {
            end(id, true);
        }
        return vm.isNews() ? new MicroVm(record, GuestState.ABSENT) : vm;
    }

    private void write(String id, RunRecord record) {
        folders.write(id, record.write());
    }

    private void end(String id, boolean launched) {
        if (runs.end(folders.folder(id), launched)) {
            gate.gone();
        }
    }

    @Override
    public void create(Target target) {
        String id = target.instanceId();
        folders.folder(id);
        locks.holding(id, () -> createHeld(target));
    }

    private void createHeld(Target target) {
        String id = target.instanceId();
        if (look(id).filter(vm -> vm.record().phase() != Phase.MAKING).isPresent()) {
            return;
        }
        folders.prepare();
        gate.check(target.nics());
        // What a destroy that was cut off has left.
        end(id, false);
        Blueprint blueprint = blueprint(target);
        QemuArguments.check(blueprint);
        RunRecord record = RunRecord.of(target);
        write(id, record);
        FaultPoint.MICROVM_CREATE_FOLDER_MADE.reached();
        folders.makeDisks(blueprint);
        FaultPoint.MICROVM_CREATE_DISKS_MADE.reached();
        write(id, record.in(Phase.NEW));
        FaultPoint.MICROVM_CREATE_COMPLETE.reached();
    }

    private Blueprint blueprint(Target target) {
        return Blueprint.of(target, folders.folder(target.instanceId()), images, kvm());
    }

    @Override
    public void start(Target target) {
        String id = target.instanceId();
        folders.folder(id);
        locks.holding(id, () -> startHeld(target));
    }

    private void startHeld(Target target) {
        String id = target.instanceId();
        MicroVm vm = look(id).map(seen -> settle(id, seen)).orElseThrow(() -> missing(id));
        if (vm.record().phase() == Phase.MAKING) {
            throw DriverException.passing("it is half-made: create it first", null);
        }
        if (!vm.alive()) {
            run(target, vm.neverBegun());
        } else if (vm.record().runGeneration() != target.runGeneration()) {
            throw DriverException.permanent(
                    "instance "
                            + id
                            + " runs under generation "
                            + vm.record().runGeneration()
                            + " (expected: stopped)");
        }
    }

    private static DriverException missing(String id) {
        return DriverException.permanent("instance " + id + " is not made");
    }

    /**
     * A start that surely failed takes its generation back. What an earlier one has left goes
     * first: its guest has not begun.
     */
    private void run(Target target, RunRecord before) {
        String id = target.instanceId();
        Path folder = folders.folder(id);
        end(id, false);
        gate.check(target.nics());
        Blueprint blueprint = blueprint(target);
        boolean linux = blueprint.kernel().filter(k -> BootFile.isLinux(k.kernel())).isPresent();
        List<String> arguments = QemuArguments.of(blueprint, config, linux);
        RunRecord starting = before.starting(target);
        write(id, starting);
        FaultPoint.MICROVM_START_MARKED.reached();
        try {
            runs.launch(folder, arguments, target.nics());
            FaultPoint.MICROVM_START_LAUNCHED.reached();
            gate.made(target.nics());
            gate.await(target.nics());
        } catch (DriverException e) {
            end(id, false);
            write(id, before);
            throw e;
        }
        write(id, starting.running(clock.now()));
        FaultPoint.MICROVM_START_RECORDED.reached();
        runs.begin(folder);
        FaultPoint.MICROVM_START_RUNS.reached();
        watches.watch(id, folder);
    }

    @Override
    public void stop(String instanceId, Duration grace) {
        folders.folder(instanceId);
        locks.holding(
                instanceId,
                () ->
                        look(instanceId)
                                .map(seen -> settle(instanceId, seen))
                                .ifPresent(vm -> stopHeld(instanceId, vm, grace)));
    }

    private void stopHeld(String id, MicroVm vm, Duration grace) {
        if (!vm.alive()) {
            // Perhaps what a start has left.
            end(id, false);
            return;
        }
        write(id, vm.record().in(Phase.STOPPING));
        FaultPoint.MICROVM_STOP_MARKED.reached();
        ask(folders.folder(id), grace);
        end(id, true);
        FaultPoint.MICROVM_STOP_ENDED.reached();
        write(id, vm.record().in(Phase.ENDED_STOPPED));
    }

    /** Presses the power button until the guest has ended; guests that boot do not hear it. */
    private void ask(Path folder, Duration grace) {
        long begin = clock.nanos();
        Duration left = grace;
        while (left.isPositive() && runs.pressPowerButton(folder)) {
            if (runs.awaitOver(folder, left.compareTo(ASK_AGAIN) < 0 ? left : ASK_AGAIN)) {
                return;
            }
            left = grace.minusNanos(clock.nanos() - begin);
        }
    }

    @Override
    public void destroy(String instanceId) {
        Path folder = folders.folder(instanceId);
        locks.holding(
                instanceId,
                () -> {
                    if (!Files.isDirectory(folder)) {
                        return;
                    }
                    folders.record(instanceId, RunRecord::parse)
                            .ifPresent(record -> write(instanceId, record.in(Phase.MAKING)));
                    FaultPoint.MICROVM_DESTROY_MARKED.reached();
                    end(instanceId, false);
                    FaultPoint.MICROVM_DESTROY_ENDED.reached();
                    folders.remove(instanceId, FaultPoint.MICROVM_DESTROY_FILES_REMOVED);
                    FaultPoint.MICROVM_DESTROY_FOLDER_REMOVED.reached();
                });
    }

    @Override
    public Optional<HotPlug> hotPlug() {
        return Optional.of(
                target -> {
                    folders.folder(target.instanceId());
                    Nics.check(target);
                    locks.holding(target.instanceId(), () -> wire(target));
                });
    }

    /** Nothing can be plugged into a microvm; its next start takes what is wanted then. */
    private void wire(Target target) {
        Optional<MicroVm> running = look(target.instanceId()).filter(MicroVm::alive);
        if (running.filter(vm -> !vm.record().nics().equals(target.nics())).isPresent()) {
            throw DriverException.permanent(
                    "nics: interfaces of a microVM change when it is started again");
        }
    }

    @Override
    public Optional<Reshape> reshape() {
        return Optional.of(
                target -> {
                    folders.folder(target.instanceId());
                    return locks.holding(target.instanceId(), () -> reshape(target));
                });
    }

    /** A start asks for everything anew; what runs is told what it can take. */
    private List<String> reshape(Target target) {
        String id = target.instanceId();
        Path folder = folders.folder(id);
        Optional<MicroVm> vm = look(id).filter(seen -> seen.record().phase() != Phase.MAKING);
        if (vm.isEmpty()) {
            return List.of();
        }
        if (!vm.get().alive()) {
            // What a start has left holds the disks.
            end(id, false);
            folders.growDisks(id, target.spec(), (file, bytes) -> {});
            return List.of();
        }
        folders.growDisks(id, target.spec(), (file, bytes) -> runs.resize(folder, file, bytes));
        return runs.reshape(folder, target.spec());
    }

    @Override
    public Optional<ImagePulls> imagePulls() {
        return Optional.of(cache);
    }

    @Override
    public InstanceStats stats(String instanceId) {
        Path folder = folders.folder(instanceId);
        MicroVm vm =
                look(instanceId)
                        .filter(MicroVm::alive)
                        .orElseThrow(
                                () ->
                                        DriverException.passing(
                                                "instance " + instanceId + " does not run", null));
        return runs.stats(folder, vm.record().nics()).setInstanceId(instanceId).build();
    }

    @Override
    public List<Image> images() {
        return Stream.concat(images.list().stream(), cache.list(type()).stream()).toList();
    }

    @Override
    public Console console(String instanceId) {
        return ports.console(folders.folder(instanceId));
    }

    @Override
    public void events(Consumer<String> changed) {
        watches.onChange(changed);
    }

    @Override
    public void close() {
        cache.close();
        ports.close();
        watches.close();
    }
}
