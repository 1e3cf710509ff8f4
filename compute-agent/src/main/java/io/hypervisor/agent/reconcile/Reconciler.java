package io.hypervisor.agent.reconcile;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.Found;
import io.hypervisor.agent.driver.InstanceDriver;
import io.hypervisor.agent.driver.Target;
import io.hypervisor.agent.journal.Intent;
import io.hypervisor.agent.journal.Journal;
import io.hypervisor.api.internal.v1.Assignment;
import io.hypervisor.api.internal.v1.LocalIntent;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.core.Backoff;
import io.hypervisor.core.Clock;
import io.hypervisor.core.FaultPoint;
import io.hypervisor.core.Outcome;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.WorkQueue;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Makes every instance of the node what the journal says, one pass per instance at a time. */
public final class Reconciler implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Reconciler.class);
    private static final Backoff PASSING =
            new Backoff(Duration.ofSeconds(1), Duration.ofSeconds(15));
    private static final Duration PERMANENT = Duration.ofMinutes(5);
    // After these a pass decides how long to wait, and says why.
    private static final Set<String> GATED = Set.of("create", "start", "wire", "reshape");
    // What no event and no list has woken; should find nothing to do.
    private static final Duration FULL_PASS = Duration.ofMinutes(1);

    private final Journal journal;
    private final Sightings sightings;
    private final Contact contact;
    private final Clock clock;
    private final Tasks tasks;
    private final MeterRegistry metrics;
    private final Duration listPeriod;
    private final WorkQueue<String> queue;
    private final ImageWait images;
    private final Strays strays = new Strays();
    private final Map<InstanceType, Inventory> inventories = new EnumMap<>(InstanceType.class);
    private final Map<String, Memory> memories = new ConcurrentHashMap<>();
    private final Tasks.Timer fullPass;

    /**
     * Begins to list and to act.
     *
     * @param listPeriod between full lists of a driver
     */
    public Reconciler(
            List<? extends InstanceDriver> drivers,
            Journal journal,
            Sightings sightings,
            Contact contact,
            Clock clock,
            Tasks tasks,
            MeterRegistry metrics,
            Duration listPeriod) {
        this.journal = journal;
        this.sightings = sightings;
        this.contact = contact;
        this.clock = clock;
        this.tasks = tasks;
        this.metrics = metrics;
        this.listPeriod = listPeriod;
        this.images = new ImageWait(journal, sightings, tasks);
        this.queue = new WorkQueue<>("instance", tasks, PASSING, this::pass);
        // All are known before the first list comes back.
        synchronized (inventories) {
            for (InstanceDriver driver : drivers) {
                InstanceType type = driver.type();
                inventories.put(
                        type, new Inventory(driver, tasks, listPeriod, ids -> listed(type, ids)));
            }
        }
        metrics.gauge("hypervisor.agent.sightings", sightings, s -> s.all().size());
        wakeAll();
        fullPass = tasks.every(FULL_PASS, tasks.concurrent("full-pass"), this::wakeAll);
    }

    private Optional<Inventory> inventory(InstanceType type) {
        synchronized (inventories) {
            return Optional.ofNullable(inventories.get(type));
        }
    }

    private List<Inventory> inventories() {
        synchronized (inventories) {
            return List.copyOf(inventories.values());
        }
    }

    private void listed(InstanceType type, Set<String> changed) {
        wake(changed);
        // Of some, the first list says that they are absent, and a failed first one that nothing is
        // known of them.
        Intent intent = journal.intent();
        Stream.concat(
                        intent.assignments().values().stream(),
                        intent.locals().values().stream().map(LocalIntent::getAssignment))
                .filter(a -> a.getType() == type && isBlind(a))
                .forEach(a -> queue.add(a.getInstanceId()));
    }

    private boolean isBlind(Assignment want) {
        return sightings
                .get(want.getInstanceId())
                .map(s -> s.getState() == InstanceState.INSTANCE_STATE_UNKNOWN)
                .orElse(true);
    }

    /** Looks at these instances again. */
    public void wake(Collection<String> ids) {
        ids.forEach(queue::add);
    }

    /** Looks at everything that is wanted, found or spoken of again. */
    public void wakeAll() {
        Set<String> ids = new HashSet<>(sightings.all().keySet());
        Intent intent = journal.intent();
        ids.addAll(intent.assignments().keySet());
        ids.addAll(intent.locals().keySet());
        inventories().forEach(i -> i.all().forEach(f -> ids.add(f.instanceId())));
        wake(ids);
    }

    /** Whether every driver has answered or failed to, and some have never answered. */
    public boolean isPartlyBlind() {
        List<Inventory> all = inventories();
        return all.stream().allMatch(Inventory::isSettled)
                && !all.stream().allMatch(Inventory::isComplete);
    }

    /** Whether every driver has listed what it runs, and all of that was looked at. */
    public boolean isComplete() {
        return inventories().stream()
                .allMatch(i -> i.isComplete() && i.all().stream().allMatch(this::isSpokenOf));
    }

    private boolean isSpokenOf(Found found) {
        return found.local() || sightings.get(found.instanceId()).isPresent();
    }

    /** Whether instances that nobody wants are kept because they are too many. */
    public boolean isHolding() {
        return strays.isHolding();
    }

    /** Ids of all instances that exist here; empty while a driver has not listed everything. */
    public Optional<Set<String>> found() {
        if (!inventories().stream().allMatch(Inventory::isComplete)) {
            return Optional.empty();
        }
        return Optional.of(
                inventories().stream()
                        .flatMap(i -> i.all().stream())
                        .map(Found::instanceId)
                        .collect(Collectors.toSet()));
    }

    /** The driver that runs instances of this type, if the node has one. */
    public Optional<InstanceDriver> driver(InstanceType type) {
        return inventory(type).map(Inventory::driver);
    }

    private Outcome pass(String id) {
        Intent intent = journal.intent();
        Optional<Assignment> want = intent.assignment(id);
        if (want.isEmpty()) {
            return stray(id, intent);
        }
        strays.forget(id);
        Optional<Inventory> inventory = inventory(want.get().getType());
        if (inventory.isEmpty()) {
            return withoutDriver(want.get(), intent.local(id).isPresent());
        }
        if (!inventory.get().isComplete()) {
            return blind(want.get(), inventory.get());
        }
        return step(want.get(), intent.local(id).isPresent(), inventory.get());
    }

    private Outcome withoutDriver(Assignment want, boolean local) {
        if (want.getWant() == Assignment.Want.WANT_ABSENT) {
            return gone(want, local);
        }
        sightings.put(
                Observed.blind(
                        want,
                        InstanceState.INSTANCE_STATE_FAILED,
                        "this node does not run instances of type " + name(want.getType())));
        return Outcome.done();
    }

    private Outcome blind(Assignment want, Inventory inventory) {
        if (!inventory.failure().isEmpty()) {
            sightings.put(
                    Observed.blind(
                            want,
                            InstanceState.INSTANCE_STATE_UNKNOWN,
                            "the driver does not answer: " + inventory.failure()));
        }
        return Outcome.done();
    }

    private Outcome step(Assignment want, boolean local, Inventory inventory) {
        String id = want.getInstanceId();
        Optional<Found> found = inventory.find(id);
        Moment now = contact.moment();
        Memory memory =
                memories.compute(
                        id,
                        (key, old) ->
                                (old == null ? Memory.of(want) : old)
                                        .seeing(want, found, now.nanos()));
        InstanceDriver driver = inventory.driver();
        Plan plan = spared(driver, want, Decision.plan(want, local, found, memory, now));
        if (!(plan.step() instanceof Step.Gone)) {
            sightings.put(Observed.of(want, found, memory, plan));
        }
        return switch (plan.step()) {
            case Step.Rest() -> Outcome.done();
            case Step.Wait(Duration pause) -> Outcome.again(pause);
            case Step.Gone() -> gone(want, local);
            case Step.Create() ->
                    act(
                            "create",
                            want,
                            inventory,
                            // Half of it may exist, whatever the driver says.
                            Optional.of(found(want, local, Found.State.PARTIAL)),
                            () -> create(driver, want, local));
            case Step.Start(boolean again) ->
                    act("start", want, inventory, found, () -> start(driver, want, local, again));
            case Step.Wire() ->
                    act("wire", want, inventory, found, () -> wire(driver, want, found));
            case Step.Reshape() ->
                    act("reshape", want, inventory, found, () -> reshape(driver, want, found));
            case Step.Stop(Duration grace) ->
                    act("stop", want, inventory, found, () -> stop(driver, found, grace));
            case Step.Destroy() ->
                    act("destroy", want, inventory, found, () -> destroy(driver, id));
        };
    }

    private Plan spared(InstanceDriver driver, Assignment want, Plan plan) {
        return plan.step() instanceof Step.Create && images.isSpared(driver, want)
                ? new Plan(
                        new Step.Rest(),
                        InstanceState.INSTANCE_STATE_STOPPED,
                        "its image is fetched when it starts")
                : plan;
    }

    private Optional<Found> create(InstanceDriver driver, Assignment want, boolean local) {
        images.pass(driver, want);
        driver.create(target(want, local));
        wired(want);
        shaped(want, List.of());
        return Optional.of(found(want, local, Found.State.STOPPED));
    }

    private Optional<Found> start(
            InstanceDriver driver, Assignment want, boolean local, boolean again) {
        driver.start(target(want, local));
        memories.computeIfPresent(want.getInstanceId(), (id, m) -> m.started(again));
        return Optional.of(found(want, local, Found.State.RUNNING));
    }

    private Optional<Found> wire(InstanceDriver driver, Assignment want, Optional<Found> found) {
        boolean local = found.orElseThrow().local();
        driver.hotPlug().ifPresent(power -> power.wire(target(want, local)));
        wired(want);
        return found;
    }

    private Optional<Found> reshape(InstanceDriver driver, Assignment want, Optional<Found> found) {
        Target target = target(want, found.orElseThrow().local());
        shaped(want, driver.reshape().map(power -> power.reshape(target)).orElse(List.of()));
        return found;
    }

    private void shaped(Assignment want, List<String> waiting) {
        memories.computeIfPresent(
                want.getInstanceId(), (id, m) -> m.shaped(want.getSpec(), waiting));
    }

    private void wired(Assignment want) {
        memories.computeIfPresent(want.getInstanceId(), (id, m) -> m.wired(want.getNicsList()));
    }

    private static Optional<Found> stop(
            InstanceDriver driver, Optional<Found> found, Duration grace) {
        Found running = found.orElseThrow();
        driver.stop(running.instanceId(), grace);
        return Optional.of(
                new Found(
                        running.instanceId(),
                        running.epoch(),
                        running.runGeneration(),
                        running.local(),
                        Found.State.STOPPED,
                        Found.Exit.STOPPED,
                        OptionalInt.empty(),
                        "",
                        running.startedAt()));
    }

    private static Optional<Found> destroy(InstanceDriver driver, String id) {
        driver.destroy(id);
        return Optional.empty();
    }

    private Found found(Assignment want, boolean local, Found.State state) {
        return new Found(
                want.getInstanceId(),
                want.getEpoch(),
                want.getRunGeneration(),
                local,
                state,
                Found.Exit.NONE,
                OptionalInt.empty(),
                "",
                state == Found.State.RUNNING ? Optional.of(clock.now()) : Optional.empty());
    }

    private static Target target(Assignment want, boolean local) {
        return new Target(
                want.getInstanceId(),
                want.getEpoch(),
                want.getRunGeneration(),
                want.getName(),
                local,
                want.getSpec(),
                want.getMetadata(),
                want.getNicsList());
    }

    /** A call to a driver; returns what it leaves. */
    private interface Action {
        Optional<Found> run();
    }

    private Outcome act(
            String name,
            Assignment want,
            Inventory inventory,
            Optional<Found> ifItFails,
            Action action) {
        String id = want.getInstanceId();
        Timer.Sample sample = Timer.start(metrics);
        Optional<Found> left = ifItFails;
        inventory.begin(id);
        try {
            FaultPoint.AGENT_ACTION_PLANNED.reached();
            left = action.run();
            FaultPoint.AGENT_ACTION_DONE.reached();
            memories.computeIfPresent(id, (key, m) -> m.succeeded());
            sample.stop(timer(name, "ok"));
            log.info(
                    "instance={} epoch={} generation={}: {}",
                    id,
                    want.getEpoch(),
                    want.getRunGeneration(),
                    name);
            return Outcome.again(Duration.ZERO);
        } catch (DriverException e) {
            sample.stop(timer(name, "failed"));
            return failed(name, id, e);
        } finally {
            inventory.end(id, left);
            FaultPoint.AGENT_INVENTORY_UPDATED.reached();
        }
    }

    private Timer timer(String action, String result) {
        return metrics.timer("hypervisor.agent.action", "action", action, "result", result);
    }

    private Outcome failed(String action, String id, DriverException e) {
        long now = clock.nanos();
        Optional<Memory> failed =
                Optional.ofNullable(
                        memories.computeIfPresent(
                                id,
                                (key, m) ->
                                        m.failed(
                                                e.getMessage(),
                                                e.isPermanent(),
                                                pause(m, e),
                                                now)));
        int count = failed.map(Memory::failures).orElse(1);
        log.warn(
                "instance={} action={} permanent={} failures={}: {}",
                id,
                action,
                e.isPermanent(),
                count,
                e.getMessage());
        log.debug("instance={}", id, e);
        // The next pass shows the failure, and waits as long as it says.
        boolean gated = GATED.contains(action);
        return gated ? Outcome.again(Duration.ZERO) : Outcome.blocked(e.getMessage());
    }

    private static Duration pause(Memory memory, DriverException e) {
        return e.isPermanent() ? PERMANENT : PASSING.pause(memory.failures() + 1);
    }

    private Outcome gone(Assignment want, boolean local) {
        String id = want.getInstanceId();
        FaultPoint.AGENT_GONE_SEEN.reached();
        memories.remove(id);
        if (local) {
            journal.removeLocal(id);
            sightings.remove(id);
        } else {
            sightings.put(Observed.gone(want));
        }
        return Outcome.done();
    }

    private Outcome stray(String id, Intent intent) {
        memories.remove(id);
        List<Found> all = inventories().stream().flatMap(i -> i.all().stream()).toList();
        Optional<Inventory> holder =
                inventories().stream().filter(i -> i.find(id).isPresent()).findFirst();
        if (holder.isEmpty()) {
            strays.forget(id);
            sightings.remove(id);
            return Outcome.done();
        }
        Found found = holder.get().find(id).orElseThrow();
        return switch (strays.judge(found, holder.get(), intent, contact.isCurrent(), all)) {
            case Strays.Verdict.Keep(String reason) -> {
                // The cluster has no business with local instances.
                if (found.local()) {
                    sightings.remove(id);
                    yield Outcome.done();
                }
                sightings.put(Observed.unknown(found, reason));
                yield Outcome.again(listPeriod);
            }
            case Strays.Verdict.Destroy() -> destroyStray(found, holder.get());
        };
    }

    private Outcome destroyStray(Found found, Inventory inventory) {
        String id = found.instanceId();
        log.warn("instance={} epoch={}: destroyed, not assigned to this node", id, found.epoch());
        Optional<Found> left = Optional.of(found);
        inventory.begin(id);
        try {
            left = destroy(inventory.driver(), id);
            return Outcome.again(Duration.ZERO);
        } catch (DriverException e) {
            return Outcome.blocked(e.getMessage());
        } finally {
            inventory.end(id, left);
        }
    }

    /** Ends everything that runs, all at once, asking the guests; for an orderly power-off. */
    public void stopAll(Duration grace) {
        queue.close();
        PowerOff powerOff = new PowerOff(tasks, grace);
        powerOff.waitFor(queue);
        powerOff.stop(inventories().stream().map(Inventory::driver).toList());
    }

    @Override
    public void close() {
        fullPass.cancel();
        queue.close();
        inventories().forEach(Inventory::close);
    }

    private static String name(InstanceType type) {
        return type.name().replace("INSTANCE_TYPE_", "").toLowerCase(Locale.ROOT);
    }
}
