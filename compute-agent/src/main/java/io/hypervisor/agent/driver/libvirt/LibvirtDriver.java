package io.hypervisor.agent.driver.libvirt;

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
import io.hypervisor.agent.driver.guest.GuestSwitch;
import io.hypervisor.agent.driver.guest.ImageFolders;
import io.hypervisor.agent.driver.guest.InstanceFolders;
import io.hypervisor.agent.driver.guest.KvmProbe;
import io.hypervisor.agent.driver.guest.SerialPorts;
import io.hypervisor.agent.driver.libvirt.DomainRecord.Phase;
import io.hypervisor.agent.image.ImageCache;
import io.hypervisor.api.v1.Image;
import io.hypervisor.api.v1.InstanceStats;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.core.Clock;
import io.hypervisor.core.FaultPoint;
import io.hypervisor.core.Tasks;

import org.libvirt.Domain;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** Runs virtual machines; see the package. */
public final class LibvirtDriver implements InstanceDriver {
    private static final Logger log = LoggerFactory.getLogger(LibvirtDriver.class);

    static final String RECORD = "instance.xml";
    // VIR_DOMAIN_UNDEFINE_MANAGED_SAVE, _SNAPSHOTS_METADATA and _NVRAM: whatever it has.
    private static final int UNDEFINE_ALL = 1 | 2 | 4;
    // VIR_DOMAIN_BLOCK_RESIZE_BYTES: the size is not in KiB.
    private static final int RESIZE_BYTES = 1;
    private static final Duration ASK_AGAIN = Duration.ofSeconds(1);
    private static final Duration LOOK_AGAIN = Duration.ofMillis(200);

    private final LibvirtConfig config;
    private final Clock clock;
    private final Daemon daemon;
    private final Domains domains;
    private final GuestAgents agents;
    private final InstanceFolders folders;
    private final ImageFolders images;
    private final ImageCache cache;
    private final SerialPorts ports;
    private final KvmProbe probe;
    private final Locks locks = new Locks();
    private volatile PortGate gate = PortGate.CLOSED;
    private final Object changes = new Object();

    /** Keeps the files of instances in {@code folder}, which needs at most 66 bytes as a path. */
    public LibvirtDriver(
            LibvirtConfig config,
            Path folder,
            ImageCache cache,
            KvmProbe probe,
            Clock clock,
            Tasks tasks) {
        this.config = config;
        this.clock = clock;
        this.folders = new InstanceFolders(folder, RECORD);
        this.daemon = new Daemon(config.uri(), tasks);
        this.domains = new Domains(daemon, folders.home(), clock);
        this.agents = new GuestAgents(daemon, clock, tasks);
        this.cache = cache;
        this.images = new ImageFolders(type(), config.imageDirs(), cache::find);
        this.ports = new SerialPorts(tasks);
        this.probe = probe;
    }

    @Override
    public InstanceType type() {
        return InstanceType.INSTANCE_TYPE_VM;
    }

    @Override
    public DriverHealth health() {
        try {
            folders.prepare();
            Map<String, String> versions =
                    daemon.call(
                            connection ->
                                    Map.of(
                                            "libvirt", version(connection.getLibVersion()),
                                            "qemu", version(connection.getVersion()),
                                            "vm.accelerator",
                                                    probe.isChosen(config.acceleration())
                                                            ? "kvm"
                                                            : "tcg"));
            return new DriverHealth(true, "", versions);
        } catch (DriverException e) {
            return new DriverHealth(false, e.getMessage(), Map.of());
        }
    }

    private static String version(long number) {
        return number / 1_000_000 + "." + number / 1_000 % 1_000 + "." + number % 1_000;
    }

    @Override
    public void ports(PortGate opened) {
        gate = opened;
    }

    @Override
    public List<Found> list() {
        // Folders first: what is finished in between is then seen as a domain, not missed.
        List<String> ids = folders.ids();
        Map<String, DomainState> known = domains.all();
        List<Found> found = new ArrayList<>();
        known.forEach((id, state) -> found.add(settled(id, state).found(id)));
        Set<String> strays = domains.strays(known.keySet());
        strays.forEach(id -> found.add(DomainState.stray(id, record(id))));
        for (String id : ids) {
            boolean complete = known.containsKey(id) || strays.contains(id);
            if (!complete && Files.isDirectory(folders.folder(id))) {
                found.add(DomainState.partial(id, record(id)));
            }
            folders.trimLog(id, clock.now());
        }
        return agents.told(found);
    }

    private Optional<DomainRecord> record(String id) {
        return folders.record(id, DomainRecord::parse);
    }

    /**
     * Writes down how a run ended as soon as it is seen, because libvirt forgets it when it
     * restarts. Leaves an instance alone that is just being worked on.
     */
    private DomainState settled(String id, DomainState seen) {
        if (!seen.isNews()) {
            return seen;
        }
        try {
            return locks.ifFree(
                            id, () -> domains.state(id).map(now -> settle(id, now)).orElse(seen))
                    .orElseGet(seen::beingChanged);
        } catch (DriverException e) {
            if (!Daemon.isBusy(e)) {
                throw e;
            }
            // One domain that libvirt is busy with does not hide all others.
            log.warn("instance={} record=unsettled error=\"{}\"", id, e.getMessage());
            return seen;
        }
    }

    /**
     * Brings the record up to date. libvirtd that was killed in the middle of a start may come back
     * and hold that domain for good; to end the guest is all it still allows. Nobody was told that
     * this run began, so none is lost. A guest that is known to run is never ended for that.
     */
    private DomainState settle(String id, DomainState state) {
        if (!state.isNews()) {
            return state;
        }
        if (state.isLost() && state.mayNeverHaveRun()) {
            return ended(id, state);
        }
        DomainRecord record = state.settled(clock.now());
        try {
            domains.write(id, record);
            if (state.isHung()) {
                log.warn("instance={} watchdog=expired: ends it", id);
                domains.end(id);
                return domains.state(id).orElse(state.with(record));
            }
            return state.with(record);
        } catch (DriverException e) {
            if (!Daemon.isBusy(e) || !state.mayNeverHaveRun()) {
                throw e;
            }
            return ended(id, state);
        }
    }

    private DomainState ended(String id, DomainState state) {
        log.warn("instance={} start=stuck: ends it by force", id);
        domains.end(id);
        return domains.state(id).map(now -> settle(id, now)).orElse(state);
    }

    @Override
    public void create(Target target) {
        String id = target.instanceId();
        Path folder = folders.folder(id);
        locks.holding(
                id,
                () -> {
                    if (domains.state(id).isPresent()) {
                        return true;
                    }
                    domains.checkNoRun(id);
                    folders.prepare();
                    gate.check(target.nics());
                    Blueprint blueprint = blueprint(target, folder);
                    DomainRecord record = DomainRecord.of(target, folders.home().toString());
                    folders.write(id, record.xml().toString());
                    FaultPoint.LIBVIRT_CREATE_FOLDER_MADE.reached();
                    folders.makeDisks(blueprint);
                    if (Seed.isWanted(blueprint)) {
                        Seed.make(target, folder);
                    }
                    FaultPoint.LIBVIRT_CREATE_DISKS_MADE.reached();
                    String xml = DomainXml.of(blueprint, record, config);
                    daemon.call(connection -> connection.domainDefineXML(xml).free());
                    FaultPoint.LIBVIRT_CREATE_DEFINED.reached();
                    return true;
                });
    }

    @Override
    public void start(Target target) {
        String id = target.instanceId();
        folders.folder(id);
        locks.holding(
                id,
                () -> {
                    DomainState before =
                            domains.state(id)
                                    .orElseThrow(
                                            () ->
                                                    DriverException.permanent(
                                                            "instance " + id + " is not made"));
                    if (!before.active()) {
                        run(target, before.record());
                    } else if (before.record().runGeneration() != target.runGeneration()) {
                        throw DriverException.permanent(
                                "instance "
                                        + id
                                        + " runs under generation "
                                        + before.record().runGeneration()
                                        + " (expected: stopped)");
                    } else {
                        if (!settle(id, before).active()) {
                            throw DriverException.passing(
                                    "instance " + id + " hung while it started, and was ended",
                                    null);
                        }
                    }
                    return true;
                });
    }

    /**
     * The generation is written before the start, so that no crash makes it run twice; a start that
     * surely failed takes it back.
     */
    private void run(Target target, DomainRecord before) {
        String id = target.instanceId();
        DomainRecord starting = before.starting(target);
        domains.write(id, starting);
        FaultPoint.LIBVIRT_START_MARKED.reached();
        try {
            domains.use(id, (connection, domain) -> domain.create());
            FaultPoint.LIBVIRT_START_RUNS.reached();
        } catch (DriverException e) {
            if (domains.state(id).filter(state -> !state.active()).isPresent()) {
                domains.write(id, before);
            }
            throw e;
        }
        domains.write(id, starting.running(clock.now()));
    }

    @Override
    public void stop(String instanceId, Duration grace) {
        folders.folder(instanceId);
        locks.holding(
                instanceId,
                () -> {
                    domains.state(instanceId)
                            .filter(DomainState::active)
                            .ifPresentOrElse(
                                    state -> stop(instanceId, state, grace),
                                    () -> domains.end(instanceId));
                    return true;
                });
    }

    private void stop(String id, DomainState state, Duration grace) {
        DomainRecord record = state.record();
        domains.write(id, record.in(Phase.STOPPING));
        FaultPoint.LIBVIRT_STOP_MARKED.reached();
        if (state.isLost() || !endsWithin(id, grace)) {
            domains.end(id);
        }
        FaultPoint.LIBVIRT_STOP_ENDED.reached();
        domains.write(id, record.in(Phase.ENDED_STOPPED));
    }

    /** Presses the power button until the guest has ended; guests that boot do not hear it. */
    private boolean endsWithin(String id, Duration grace) {
        long begin = clock.nanos();
        long asked = begin - ASK_AGAIN.toNanos();
        while (clock.nanos() - begin < grace.toNanos()) {
            if (clock.nanos() - asked >= ASK_AGAIN.toNanos()) {
                asked = clock.nanos();
                domains.whileActive(id, Domain::shutdown);
            }
            if (!active(id)) {
                return true;
            }
            awaitChange(
                    Math.min(
                            LOOK_AGAIN.toNanos(),
                            Math.max(1, begin + grace.toNanos() - clock.nanos())));
        }
        return !active(id);
    }

    private void awaitChange(long nanos) {
        synchronized (changes) {
            try {
                TimeUnit.NANOSECONDS.timedWait(changes, nanos);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw DriverException.passing("interrupted", e);
            }
        }
    }

    private boolean active(String id) {
        return domains.state(id).filter(DomainState::active).isPresent();
    }

    @Override
    public void destroy(String instanceId) {
        folders.folder(instanceId);
        locks.holding(
                instanceId,
                () -> {
                    domains.end(instanceId);
                    if (domains.state(instanceId).isPresent()) {
                        FaultPoint.LIBVIRT_DESTROY_ENDED.reached();
                        // One that somebody undefined while it ran is gone with its run.
                        daemon.onDomain(
                                instanceId,
                                (connection, domain) -> {
                                    domain.undefine(UNDEFINE_ALL);
                                    return true;
                                });
                    }
                    FaultPoint.LIBVIRT_DESTROY_UNDEFINED.reached();
                    folders.remove(instanceId, FaultPoint.LIBVIRT_DESTROY_FILES_REMOVED);
                    FaultPoint.LIBVIRT_DESTROY_FOLDER_REMOVED.reached();
                    return true;
                });
    }

    @Override
    public Optional<ImagePulls> imagePulls() {
        return Optional.of(cache);
    }

    @Override
    public Optional<HotPlug> hotPlug() {
        return Optional.of(this::wire);
    }

    private void wire(Target target) {
        String id = target.instanceId();
        folders.folder(id);
        Nics.check(target);
        gate.check(target.nics());
        config.guestSwitch().ifPresent(plugs -> locks.holding(id, () -> wire(target, plugs)));
    }

    private void wire(Target target, GuestSwitch plugs) {
        String id = target.instanceId();
        if (domains.state(id).isPresent()) {
            domains.use(
                    id,
                    (connection, domain) -> {
                        new Wiring(id, domain, plugs).become(target.nics());
                        return true;
                    });
        }
    }

    @Override
    public Optional<Reshape> reshape() {
        return Optional.of(this::reshape);
    }

    private List<String> reshape(Target target) {
        String id = target.instanceId();
        Path folder = folders.folder(id);
        return locks.holding(
                id,
                () -> {
                    Optional<DomainState> state = domains.state(id);
                    if (state.isEmpty()) {
                        return List.of();
                    }
                    boolean known = state.get().record().isOf(target.spec());
                    // An impossible spec changes nothing.
                    Optional<Blueprint> next =
                            known ? Optional.empty() : Optional.of(blueprint(target, folder));
                    folders.growDisks(id, target.spec(), (file, bytes) -> resize(id, file, bytes));
                    next.ifPresent(blueprint -> define(blueprint, state.get().record()));
                    return domains.use(
                            id,
                            (connection, domain) ->
                                    connection.state(id).active()
                                            ? new Reshaping(
                                                            connection,
                                                            domain,
                                                            id,
                                                            new Sizes(target.spec()))
                                                    .become()
                                            : List.<String>of());
                });
    }

    private void resize(String id, Path disk, long bytes) {
        domains.whileActive(id, domain -> domain.blockResize(disk.toString(), bytes, RESIZE_BYTES));
    }

    private Blueprint blueprint(Target target, Path folder) {
        return Blueprint.of(target, folder, images, probe.isChosen(config.acceleration()));
    }

    private void define(Blueprint blueprint, DomainRecord before) {
        String xml = DomainXml.of(blueprint, before.of(blueprint.target().spec()), config);
        daemon.call(connection -> connection.domainDefineXML(xml).free());
    }

    @Override
    public InstanceStats stats(String instanceId) {
        folders.folder(instanceId);
        return domains
                .use(
                        instanceId,
                        (connection, domain) -> {
                            if (domain.isActive() == 0) {
                                throw DriverException.passing(
                                        "instance " + instanceId + " does not run", null);
                            }
                            return DomainStats.read(domain, folders.hasDisks(instanceId));
                        })
                .toBuilder()
                .setInstanceId(instanceId)
                .setCollectedAt(clock.timestamp())
                .build();
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
        agents.onChange(changed);
        daemon.onChange(
                id -> {
                    synchronized (changes) {
                        changes.notifyAll();
                    }
                    changed.accept(id);
                });
    }

    @Override
    public void close() {
        agents.close();
        cache.close();
        ports.close();
        daemon.close();
    }
}
