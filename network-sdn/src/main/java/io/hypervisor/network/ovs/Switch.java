package io.hypervisor.network.ovs;

import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;

import io.hypervisor.core.Backoff;
import io.hypervisor.core.Outcome;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.WorkQueue;
import io.hypervisor.network.compiler.Flow;
import io.hypervisor.network.compiler.FlowChanges;
import io.hypervisor.network.compiler.Meter;
import io.hypervisor.network.compiler.Stage;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * The node's switch: an integration bridge that carries the flows, the tunnel and a patch to each
 * physical network, and the devices of ports. Every method that changes something may be called
 * again and then changes nothing; what it throws is a {@link SwitchException}.
 */
public final class Switch implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Switch.class);
    private static final Backoff PAUSES =
            new Backoff(Duration.ofMillis(100), Duration.ofSeconds(5));
    private static final String FLOWS = "flows";
    private static final int AT_ONCE = 100;
    // With a thousand ports it takes a tenth of that.
    private static final Duration NUMBERING = Duration.ofSeconds(1);

    /** What a device is to the switch. */
    public enum DeviceType {
        /** An interface that is there: a veth or tap. */
        SYSTEM(""),
        /** An interface that the switch makes. */
        INTERNAL("internal");

        private final String text;

        DeviceType(String text) {
            this.text = text;
        }
    }

    /** Somebody who waits until these devices have their numbers. */
    private record Waiter(Set<String> devices, CompletableFuture<Void> numbered) {}

    /** Zones that were given out and must be empty before a flow names them. */
    private record Emptying(List<Integer> zones, Reconnecting.Asked<Void> done) {}

    private final SwitchConfig config;
    private final Tasks tasks;
    private final Ovsdb ovsdb;
    private final PacketChannel channel;
    private final FlowLoader loader;
    private final WorkQueue<String> reload;
    private final Object changing = new Object();
    private final Object loading = new Object();
    private final List<Emptying> emptying = new CopyOnWriteArrayList<>();
    private Map<String, Integer> zones = Map.of();
    private final Runnable changed;
    private final List<Waiter> waiters = new CopyOnWriteArrayList<>();
    private final Map<String, Flow> flows = new HashMap<>();
    private long loadedOver;
    private boolean leaving;
    private Optional<Collection<Meter>> meters = Optional.empty();

    /**
     * Not connected yet.
     *
     * @param packets gets what flows hand to the node, one after the other
     * @param changed told when {@link #state} may tell something else; must not block
     */
    public Switch(SwitchConfig config, Tasks tasks, Consumer<PacketIn> packets, Runnable changed) {
        this.config = config;
        this.tasks = tasks;
        this.changed = changed;
        this.loader = new FlowLoader(config.openflow(), learned());
        this.reload = new WorkQueue<>("switch", tasks, PAUSES, key -> reload());
        this.ovsdb =
                new Ovsdb(
                        config.ovsdb(),
                        "Open_vSwitch",
                        Map.of(
                                "Bridge",
                                List.of(
                                        "name",
                                        "ports",
                                        "datapath_type",
                                        "fail_mode",
                                        "protocols",
                                        "controller",
                                        "external_ids"),
                                "Port",
                                List.of("name", "interfaces"),
                                "Interface",
                                List.of(
                                        "name",
                                        "type",
                                        "options",
                                        "ofport",
                                        "ofport_request",
                                        "error",
                                        "external_ids")),
                        tasks,
                        this::databaseChanged);
        this.channel =
                new PacketChannel(
                        config.openflow(),
                        tasks,
                        packets,
                        () -> {
                            reload.add(FLOWS);
                            changed.run();
                        });
    }

    /** Begins to connect. */
    public void start() {
        ovsdb.start();
        channel.start();
    }

    private void databaseChanged() {
        waiters.stream()
                .filter(waiter -> numbered(waiter.devices()))
                .forEach(waiter -> waiter.numbered().complete(null));
        changed.run();
    }

    private boolean numbered(Set<String> devices) {
        // One that failed has -1.
        return ovsdb.tables().all("Interface").stream()
                .filter(row -> devices.contains(row.text("name")))
                .noneMatch(row -> row.texts("ofport").isEmpty());
    }

    /** Waits until the switch has numbered these devices or refused them, or not that long. */
    public void awaitNumbers(Set<String> devices) {
        Waiter waiter = new Waiter(devices, new CompletableFuture<>());
        waiters.add(waiter);
        try {
            if (!numbered(devices)) {
                tasks.await(waiter.numbered(), NUMBERING);
            }
        } catch (TimeoutException | ExecutionException e) {
            log.debug("devices={}: not numbered yet", devices);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            waiters.remove(waiter);
        }
    }

    /** What the switch has now. */
    public SwitchState state() {
        return State.of(config, ovsdb.tables(), ovsdb.connected() && channel.connection() != 0);
    }

    /**
     * Makes the bridge, the tunnel's port and the patches, as configured, and gives conntrack zones
     * to the devices of ports and to what else needs one. Physical networks whose bridge is missing
     * are left out: {@link SwitchState#patchErrors} names them.
     *
     * @param others names of what has no device and needs a zone, such as ids of routers
     */
    public void ensure(Set<String> others) {
        synchronized (changing) {
            // Twice: what a new bridge carries needs the bridge.
            for (int pass = 0; pass < 2; pass++) {
                transact(Layout.operations(config, ovsdb.tables()));
            }
            ensureZones(others);
            for (Row device : State.devices(config, ovsdb.tables())) {
                if (Marks.zone(device) == 0) {
                    adopt(device);
                }
            }
            noteZones();
        }
    }

    private void ensureZones(Set<String> names) {
        Row bridge = bridge();
        Map<String, Integer> there = Marks.otherZones(bridge);
        Map<String, String> added = new HashMap<>();
        List<Integer> fresh = new ArrayList<>();
        Set<Integer> taken = new HashSet<>(there.values());
        int last = there.values().stream().max(Integer::compare).orElse(0);
        for (String name : names) {
            if (!there.containsKey(name)) {
                last = Zones.OF_OTHERS.next(last, taken);
                taken.add(last);
                fresh.add(last);
                added.put(Marks.ZONE_OF + name, Integer.toString(last));
            }
        }
        empty(fresh);
        List<String> stale =
                there.keySet().stream()
                        .filter(name -> !names.contains(name))
                        .map(name -> Marks.ZONE_OF + name)
                        .toList();
        if (!added.isEmpty() || !stale.isEmpty()) {
            transact(
                    List.of(
                            Ops.mutate(
                                    "Bridge",
                                    bridge.uuid(),
                                    "external_ids",
                                    "delete",
                                    Ops.set(stale)),
                            Ops.mutate(
                                    "Bridge",
                                    bridge.uuid(),
                                    "external_ids",
                                    "insert",
                                    Ops.map(added))));
        }
    }

    private void transact(List<JsonObject> operations) {
        if (!operations.isEmpty()) {
            ovsdb.transact(operations);
        }
    }

    /** A device that is to be in the bridge for a port. */
    public record Plugging(String device, String portId, DeviceType type) {}

    /** Puts a device into the bridge for a port. */
    public void plug(String device, String portId, DeviceType type) {
        Map<String, String> failures = plug(List.of(new Plugging(device, portId, type)));
        if (!failures.isEmpty()) {
            throw new SwitchException(failures.get(portId));
        }
    }

    /**
     * The same for many, in one transaction: the switch takes as long for a hundred as for one.
     *
     * @return why some could not be plugged, by port
     */
    public Map<String, String> plug(List<Plugging> all) {
        Map<String, String> failures = new HashMap<>();
        synchronized (changing) {
            List<Plugging> missing = new ArrayList<>();
            for (Plugging one : all) {
                try {
                    if (!isPlugged(one)) {
                        missing.add(one);
                    }
                } catch (SwitchException e) {
                    failures.put(one.portId(), e.getMessage());
                }
            }
            for (int from = 0; from < missing.size(); from += AT_ONCE) {
                insert(missing.subList(from, Math.min(from + AT_ONCE, missing.size())));
            }
            noteZones();
        }
        return failures;
    }

    /** Whether it is there as it should be; what is there as it should not be is removed. */
    private boolean isPlugged(Plugging wanted) {
        Optional<Row> there = ovsdb.tables().named("Interface", wanted.device());
        if (there.isEmpty()) {
            return false;
        }
        Row row = there.get();
        if (!Marks.has(config, row, Marks.PLUGGED)) {
            throw new SwitchException("interface " + wanted.device() + " exists and is not ours");
        }
        boolean right =
                wanted.portId().equals(row.map("external_ids").get(Marks.PORT_ID))
                        && row.text("type").equals(wanted.type().text)
                        && State.devices(config, ovsdb.tables()).contains(row);
        if (!right) {
            remove(row);
        }
        return right;
    }

    private void insert(List<Plugging> missing) {
        List<Integer> zones = newZones(missing.size());
        List<JsonObject> operations = new ArrayList<>();
        for (int i = 0; i < missing.size(); i++) {
            Plugging one = missing.get(i);
            JsonObject columns = Ops.with(Ops.row(), "type", one.type().text);
            Map<String, String> marks = Marks.of(config, Marks.PLUGGED, one.portId(), zones.get(i));
            Ops.with(columns, "external_ids", Ops.map(marks));
            // What we know before the switch does can be in its flows by then.
            int ofport = Zones.ofport(zones.get(i));
            Ops.with(columns, "ofport_request", new JsonPrimitive(ofport));
            operations.addAll(Layout.newPort(bridge().uuid(), one.device(), columns, i));
        }
        operations.addAll(remember(zones.getLast()));
        if (leaving) {
            // The switch is to see that a device left before another of its name comes.
            awaitEmpty();
            leaving = false;
        }
        ovsdb.transact(operations);
    }

    /** Takes devices of ports out of the bridge, as far as they are there, in one transaction. */
    public void unplug(List<String> devices) {
        synchronized (changing) {
            List<JsonObject> operations = new ArrayList<>();
            for (String device : devices) {
                Optional<Row> there = ovsdb.tables().named("Interface", device);
                if (there.isPresent()) {
                    Row row = there.get();
                    if (!Marks.has(config, row, Marks.PLUGGED)
                            && !Marks.has(config, row, Marks.ADOPTED)) {
                        throw new SwitchException("interface " + device + " is not ours");
                    }
                    operations.addAll(Layout.removal(ovsdb.tables(), row));
                }
            }
            transact(operations);
            leaving = !operations.isEmpty();
            noteZones();
        }
    }

    /** Has the switch try again what it could not make of its configuration at the time. */
    public void retry() {
        JsonPrimitive one = new JsonPrimitive(1);
        ovsdb.transact(List.of(Ops.mutateRoot("Open_vSwitch", "next_cfg", "+=", one)));
    }

    /**
     * Makes the flow table and the meters hold what these changes lead to, from nothing. Changes
     * that were told and failed are made with the next ones; should the switch forget its flows, as
     * when it starts again, it is loaded anew without being asked.
     */
    public void apply(FlowChanges changes) {
        synchronized (loading) {
            changes.removed().forEach(flow -> flows.remove(flow.key()));
            changes.put().forEach(flow -> flows.put(flow.key(), flow));
            meters = Optional.of(changes.meters());
            load(changes.meters(), changes.removed(), changes.put());
        }
    }

    /** Sends a frame out of the port of that OpenFlow number, if the switch is in reach. */
    public void send(int ofport, ByteBuffer frame) {
        channel.send(ofport, frame);
    }

    /** How many packets of guests were dropped because too many waited. */
    public long droppedPackets() {
        return channel.dropped();
    }

    private static List<Integer> learned() {
        return Arrays.stream(Stage.values()).filter(Stage::learned).map(Stage::table).toList();
    }

    private Outcome reload() {
        synchronized (loading) {
            meters.ifPresent(wanted -> load(wanted, List.of(), List.of()));
        }
        return Outcome.done();
    }

    private void load(Collection<Meter> wanted, List<Flow> removed, List<Flow> put) {
        long connection = channel.connection();
        if (connection == 0) {
            throw new SwitchException("OpenFlow at " + config.openflow() + ": not connected");
        }
        boolean known = connection == loadedOver;
        // Until it is done nothing is known.
        loadedOver = 0;
        awaitEmpty();
        if (known) {
            channel.change(wanted, removed, put);
        } else {
            channel.change(wanted, List.of(), List.of());
            loader.load(flows.values().stream().map(Flow::text).toList());
        }
        loadedOver = connection;
        channel.removeMetersBut(wanted.stream().map(Meter::id).collect(Collectors.toSet()));
    }

    private Row bridge() {
        return State.bridge(config, ovsdb.tables())
                .orElseThrow(() -> new SwitchException("no bridge yet: " + config.bridge()));
    }

    /** Marks a device that somebody else plugged for one of our ports. */
    private void adopt(Row device) {
        int zone = newZones(1).getFirst();
        String portId = device.map("external_ids").get(Marks.PORT_ID);
        Map<String, String> marks = Marks.of(config, Marks.ADOPTED, portId, zone);
        List<JsonObject> operations = new ArrayList<>();
        operations.addAll(Layout.put("Interface", device.uuid(), marks));
        operations.addAll(remember(zone));
        ovsdb.transact(operations);
    }

    /** Zones for devices, with nothing in them. */
    private List<Integer> newZones(int count) {
        Set<Integer> taken = new HashSet<>(State.zones(config, ovsdb.tables()).values());
        for (Row device : ovsdb.tables().all("Interface")) {
            taken.add(Zones.ofOfport(device.number("ofport")));
        }
        List<Integer> zones = new ArrayList<>();
        int last = Marks.zone(bridge());
        for (int i = 0; i < count; i++) {
            last = Zones.OF_PORTS.next(last, taken);
            taken.add(last);
            zones.add(last);
        }
        empty(zones);
        return zones;
    }

    /** Begins to empty zones, before anybody can read that they are given out. */
    private void empty(List<Integer> zones) {
        if (!zones.isEmpty()) {
            emptying.add(new Emptying(zones, channel.flushZones(zones)));
        }
    }

    private void awaitEmpty() {
        for (Emptying each : List.copyOf(emptying)) {
            emptying.remove(each);
            try {
                each.done().await();
            } catch (SwitchException e) {
                // The connection that was asked over is gone.
                emptying.add(new Emptying(each.zones(), () -> flushed(each.zones())));
                throw e;
            }
        }
    }

    private Void flushed(List<Integer> zones) {
        return channel.flushZones(zones).await();
    }

    private List<JsonObject> remember(int zone) {
        Map<String, String> mark = Map.of(Marks.ZONE, Integer.toString(zone));
        return Layout.put("Bridge", bridge().uuid(), mark);
    }

    private void remove(Row device) {
        ovsdb.transact(Layout.removal(ovsdb.tables(), device));
        leaving = true;
        noteZones();
    }

    /** Ends the flows of what had a zone when we last looked and is gone. */
    private void noteZones() {
        Map<String, Integer> now = State.zones(config, ovsdb.tables());
        List<Integer> left =
                zones.entrySet().stream()
                        .filter(used -> !now.containsKey(used.getKey()))
                        .map(Map.Entry::getValue)
                        .toList();
        flushed(left);
        zones = now;
    }

    @Override
    public void close() {
        reload.close();
        channel.close();
        ovsdb.close();
    }
}
