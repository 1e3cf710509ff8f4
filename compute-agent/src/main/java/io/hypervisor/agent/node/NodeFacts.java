package io.hypervisor.agent.node;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.DriverHealth;
import io.hypervisor.agent.driver.InstanceDriver;
import io.hypervisor.api.internal.v1.NodeState;
import io.hypervisor.api.v1.Image;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.Resources;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Tasks;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What the node reports of itself, looked at again and again. */
public final class NodeFacts implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(NodeFacts.class);
    // A report holds at most this many images; a node with more has a cache, not a catalogue.
    private static final int MAX_IMAGES = 1_000;
    private static final int MAX_TOLD = 16;

    private final Machine machine;
    private final Resources reserve;
    private final List<? extends InstanceDriver> drivers;
    private final NodeSwitch nodeSwitch;
    private final BooleanSupplier massRemovalHeld;
    private final Supplier<Optional<Set<String>>> orphans;
    private final String agentVersion;
    private final Condition diskPressure;
    private final Condition memoryPressure;
    private final Condition heldBack;
    private final Condition orphaned;
    private final Condition switchCondition;
    private final Map<InstanceType, Condition> driverConditions = new EnumMap<>(InstanceType.class);
    private final Map<InstanceType, Integer> failures = new EnumMap<>(InstanceType.class);
    private final Map<InstanceType, List<Image>> images = new EnumMap<>(InstanceType.class);
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private final Tasks.Timer periodic;
    private volatile NodeState state = NodeState.getDefaultInstance();

    /**
     * Looks once, then every period.
     *
     * @param reserve what the node keeps for itself, taken off the capacity that it reports
     * @param massRemovalHeld whether instances are kept because too many would be removed
     * @param orphans ids of what exists and nobody wants; empty: not known now
     */
    public NodeFacts(
            Machine machine,
            Resources reserve,
            List<? extends InstanceDriver> drivers,
            NodeSwitch nodeSwitch,
            BooleanSupplier massRemovalHeld,
            Supplier<Optional<Set<String>>> orphans,
            String agentVersion,
            Clock clock,
            Tasks tasks,
            Duration period) {
        this.machine = machine;
        this.reserve = reserve;
        this.drivers = List.copyOf(drivers);
        this.nodeSwitch = nodeSwitch;
        this.massRemovalHeld = massRemovalHeld;
        this.orphans = orphans;
        this.agentVersion = agentVersion;
        this.diskPressure = new Condition("DiskPressure", clock);
        this.memoryPressure = new Condition("MemoryPressure", clock);
        this.heldBack = new Condition("MassRemovalHeld", clock);
        this.orphaned = new Condition("Orphans", clock);
        this.switchCondition = new Condition("Switch", clock);
        drivers.forEach(
                d -> driverConditions.put(d.type(), new Condition(conditionOf(d.type()), clock)));
        look();
        Executor executor = tasks.serial("node-facts");
        periodic = tasks.every(period, executor, this::look);
        nodeSwitch.listen(() -> executor.execute(this::look));
    }

    private static String conditionOf(InstanceType type) {
        return switch (type) {
            case INSTANCE_TYPE_VM -> "DriverVM";
            case INSTANCE_TYPE_CONTAINER -> "DriverContainer";
            case INSTANCE_TYPE_MICROVM -> "DriverMicroVM";
            case INSTANCE_TYPE_UNSPECIFIED, UNRECOGNIZED ->
                    throw new IllegalArgumentException("a driver of type " + type);
        };
    }

    /** The name that nodes list a type by. */
    public static String typeName(InstanceType type) {
        return switch (type) {
            case INSTANCE_TYPE_VM -> "vm";
            case INSTANCE_TYPE_CONTAINER -> "container";
            case INSTANCE_TYPE_MICROVM -> "microvm";
            case INSTANCE_TYPE_UNSPECIFIED, UNRECOGNIZED -> "unknown";
        };
    }

    /** The node as last looked at. */
    public NodeState state() {
        return state;
    }

    /** Calls the listener when the state has changed. Must not block. */
    public void listen(Runnable changed) {
        listeners.add(changed);
    }

    /** Stops calling a listener. */
    public void unlisten(Runnable changed) {
        listeners.remove(changed);
    }

    /** Looks again now. */
    public synchronized void look() {
        NodeState.Builder next = NodeState.newBuilder();
        Map<String, String> versions = new TreeMap<>();
        versions.put("agent", agentVersion);
        versions.put("kernel", machine.kernel());
        for (InstanceDriver driver : drivers) {
            lookAt(driver, next, versions);
        }
        nodeSwitch.health().ifPresent(health -> lookAtSwitch(health, next, versions));
        nodeSwitch.facts().ifPresent(next::setNetwork);
        pressure(diskPressure, "disk", machine.disk(), 10, 15);
        pressure(memoryPressure, "memory", machine.memory(), 5, 10);
        heldBack.set(
                massRemovalHeld.getAsBoolean(),
                massRemovalHeld.getAsBoolean() ? "TooMany" : "None",
                massRemovalHeld.getAsBoolean()
                        ? "more than half of the node's instances are not assigned to it; they are"
                                + " kept until the operator agrees"
                        : "");
        orphans.get().ifPresent(this::lookAt);
        Stream.of(diskPressure, memoryPressure, heldBack, orphaned)
                .forEach(c -> next.addConditions(c.get()));
        driverConditions.values().forEach(c -> next.addConditions(c.get()));
        NodeState now = next.setCapacity(capacity()).putAllVersions(versions).build();
        if (!now.equals(state)) {
            state = now;
            listeners.forEach(Runnable::run);
        }
    }

    private void lookAt(Set<String> orphans) {
        String before = orphaned.get().getMessage();
        orphaned.tell(
                !orphans.isEmpty(),
                orphans.isEmpty() ? "None" : "NotAssigned",
                orphans.isEmpty()
                        ? ""
                        : "instances here that are not assigned to this node: %d: %s"
                                .formatted(
                                        orphans.size(),
                                        orphans.stream()
                                                .sorted()
                                                .limit(MAX_TOLD)
                                                .collect(Collectors.joining(", "))));
        if (!orphaned.get().getMessage().equals(before)) {
            log.warn("orphans={} {}", orphans.size(), orphaned.get().getMessage());
        }
    }

    private void lookAt(
            InstanceDriver driver, NodeState.Builder next, Map<String, String> versions) {
        InstanceType type = driver.type();
        DriverHealth health = driver.health();
        // One failure may be a daemon's restart.
        int failed = health.healthy() ? 0 : failures.getOrDefault(type, 0) + 1;
        failures.put(type, failed);
        Condition condition = driverConditions.get(type);
        if (health.healthy()) {
            condition.set(true, "Works", "");
        } else if (failed > 1 || condition.isUnknown()) {
            condition.set(false, "DriverFailed", health.reason());
        }
        versions.putAll(health.versions());
        if (condition.isTrue()) {
            next.addSupportedInstanceTypes(typeName(type));
        }
        if (health.healthy()) {
            images.put(type, images(driver));
        }
        next.addAllImages(images.getOrDefault(type, List.of()));
    }

    private void lookAtSwitch(
            DriverHealth health, NodeState.Builder next, Map<String, String> versions) {
        switchCondition.set(
                health.healthy(), health.healthy() ? "Works" : "SwitchFailed", health.reason());
        versions.putAll(health.versions());
        next.addConditions(switchCondition.get());
    }

    private List<Image> images(InstanceDriver driver) {
        try {
            List<Image> all = new ArrayList<>(driver.images());
            return List.copyOf(all.subList(0, Math.min(all.size(), MAX_IMAGES)));
        } catch (DriverException e) {
            log.warn("driver={}: cannot list images: {}", driver.type(), e.getMessage());
            return images.getOrDefault(driver.type(), List.of());
        }
    }

    /** Begins below one share of free space and ends above a larger one, in percent. */
    private static void pressure(
            Condition condition, String what, Machine.Amount amount, int begins, int ends) {
        long free = amount.percentFree();
        boolean pressed = free < (condition.isTrue() ? ends : begins);
        condition.set(
                pressed,
                pressed ? "LittleLeft" : "Enough",
                free
                        + " % of "
                        + what
                        + " left: "
                        + amount.free()
                        + " of "
                        + amount.total()
                        + " bytes");
    }

    private Resources capacity() {
        Resources all = machine.capacity();
        return all.toBuilder()
                .setCpuCores(Math.max(1, all.getCpuCores() - reserve.getCpuCores()))
                .setMemoryBytes(Math.max(1, all.getMemoryBytes() - reserve.getMemoryBytes()))
                .setDiskBytes(Math.max(0, all.getDiskBytes() - reserve.getDiskBytes()))
                .build();
    }

    @Override
    public void close() {
        periodic.cancel();
    }
}
