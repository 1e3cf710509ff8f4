package io.hypervisor.agent.network;

import io.hypervisor.agent.AgentConfig;
import io.hypervisor.agent.driver.DriverHealth;
import io.hypervisor.agent.journal.Intent;
import io.hypervisor.agent.journal.Journal;
import io.hypervisor.agent.node.NodeSwitch;
import io.hypervisor.agent.reconcile.Contact;
import io.hypervisor.api.internal.v1.NetworkObject;
import io.hypervisor.api.internal.v1.NodeNetworkFacts;
import io.hypervisor.api.internal.v1.NodeNetworkState;
import io.hypervisor.core.Backoff;
import io.hypervisor.core.Outcome;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.WorkQueue;
import io.hypervisor.network.compiler.Compilation;
import io.hypervisor.network.compiler.FlowChanges;
import io.hypervisor.network.compiler.FlowCompiler;
import io.hypervisor.network.compiler.Wiring;
import io.hypervisor.network.model.NodeView;
import io.hypervisor.network.ovs.Attachment;
import io.hypervisor.network.ovs.PacketIn;
import io.hypervisor.network.ovs.Switch;
import io.hypervisor.network.ovs.SwitchException;
import io.hypervisor.network.ovs.SwitchState;
import io.hypervisor.network.serve.GuestServices;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.nio.file.Files;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** Makes the node's switch what the journal says, one pass over everything at a time. */
public final class NetworkReconciler implements NodeSwitch, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(NetworkReconciler.class);
    private static final String KEY = "network";
    private static final int DNS_PORT = 53;
    private static final Backoff RETRIES =
            new Backoff(Duration.ofMillis(200), Duration.ofSeconds(15));
    // What no event has woken; should find nothing to do.
    private static final Duration FULL_PASS = Duration.ofMinutes(1);
    private static final Duration LOOK_FOR_DEVICES = Duration.ofSeconds(1);
    // A switch that does not answer by then does not hold back the node's first report.
    private static final Duration SETTLING = Duration.ofSeconds(5);

    /**
     * What it works with.
     *
     * @param nodeId empty before the node has registered
     * @param instances ids of all that exist here in any way; empty while that is not known
     */
    public record Parts(
            Journal journal,
            Supplier<String> nodeId,
            Contact contact,
            PortBoard board,
            Supplier<Optional<Set<String>>> instances) {}

    /** What the switch does, and what that was compiled from. */
    private record Applied(NodeView view, Wiring wiring, int flows) {}

    private final AgentConfig.Network config;
    private final Parts parts;
    private final Devices devices;
    private final Leftovers leftovers;
    private final Switch ovs;
    private final GuestServices services;
    private final WorkQueue<String> queue;
    private final Tasks.Timer fullPass;
    private final Tasks.Timer looks;
    private final Tasks.Timer settling;
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private final MeterRegistry metrics;
    private final Counter packetsIn;
    private NavigableMap<String, NetworkObject> objects = new TreeMap<>();
    private NodeView view = NodeView.of(List.of());
    private final Compilation table = new Compilation();
    private long revision;
    private volatile Map<String, Boolean> byHand = Map.of();
    private volatile Optional<Applied> applied = Optional.empty();
    private volatile Optional<NodeNetworkFacts> facts = Optional.empty();
    private volatile String failure = "it has not answered yet";
    private volatile String tunnelError = "";

    /** Begins to connect and to act. */
    public NetworkReconciler(
            AgentConfig.Network config,
            String deviceMark,
            Parts parts,
            Tasks tasks,
            MeterRegistry metrics) {
        this.config = config;
        this.parts = parts;
        this.metrics = metrics;
        this.devices = new Devices(deviceMark);
        this.leftovers = new Leftovers(devices);
        this.queue = new WorkQueue<>(KEY, tasks, RETRIES, key -> pass());
        this.ovs = new Switch(config.ovs(), tasks, this::received, this::wake);
        this.services =
                new GuestServices(
                        config.dnsDomain(), config.resolvConf(), DNS_PORT, ovs::send, tasks);
        this.packetsIn = metrics.counter("hypervisor.agent.network.packets.in");
        metrics.gauge(
                "hypervisor.agent.network.flows",
                this,
                r -> r.applied.map(Applied::flows).orElse(0));
        metrics.gauge("hypervisor.agent.network.packets.dropped", ovs, Switch::droppedPackets);
        parts.board().onMade(this::wake);
        parts.journal().listen(this::wake);
        parts.contact().listen(this::wake);
        if (!Files.exists(config.ovsdb())) {
            parts.board().settle();
        }
        settling = tasks.after(SETTLING, tasks.concurrent(KEY), parts.board()::settle);
        looks = tasks.every(LOOK_FOR_DEVICES, tasks.concurrent(KEY), this::lookForDevices);
        ovs.start();
        fullPass = tasks.every(FULL_PASS, tasks.concurrent(KEY), this::fullPass);
    }

    private void fullPass() {
        wake();
        Optional<Set<String>> found = parts.instances().get();
        if (found.isEmpty() || !parts.contact().isCurrent()) {
            leftovers.forget();
            return;
        }
        Intent intent = parts.journal().intent();
        Set<String> owners = new HashSet<>(found.get());
        owners.addAll(intent.assignments().keySet());
        owners.addAll(intent.locals().keySet());
        leftovers.sweep(owners);
    }

    private void wake() {
        queue.add(KEY);
    }

    private Outcome pass() {
        Set<String> fresh = parts.board().takeFresh();
        Timer.Sample sample = Timer.start(metrics);
        try {
            Intent intent = parts.journal().intent();
            String nodeId = parts.nodeId().get();
            NodeView wanted = view(intent);
            ovs.ensure(FlowCompiler.translating(wanted, nodeId));
            if (!ovs.state().reachable()) {
                ovs.retry();
                return failed(sample, fresh, "its bridge does not answer");
            }
            works();
            Outcome outcome = pass(wanted, LocalPort.of(wanted, nodeId, intent), nodeId, fresh);
            sample.stop(metrics.timer("hypervisor.agent.network.pass", "result", "ok"));
            return outcome;
        } catch (SwitchException e) {
            return failed(sample, fresh, e.getMessage());
        }
    }

    private Outcome pass(NodeView wanted, List<LocalPort> ports, String nodeId, Set<String> fresh) {
        Set<String> devices = Devices.all();
        Set<String> plugged = new HashSet<>();
        Map<String, String> failures = plug(ports, devices, fresh, plugged);
        // While the switch takes them in, because their numbers are ours.
        Wiring soon = wiring(nodeId, ovs.state(), ports);
        silence(ports, soon, plugged);
        apply(wanted, soon);
        ovs.awaitNumbers(plugged);
        SwitchState has = ovs.state();
        Wiring wiring = wiring(nodeId, has, ports);
        silence(ports, wiring, plugged);
        apply(wanted, wiring);
        services.tell();
        tunnelError = has.tunnelError();
        Set<String> live =
                attached(has, ports).entrySet().stream()
                        .filter(port -> port.getValue().numbered())
                        .map(Map.Entry::getKey)
                        .collect(Collectors.toSet());
        parts.board()
                .publish(
                        live,
                        PortStates.of(ports, wanted, has, devices::contains, live, failures),
                        NodeNetworkState.newBuilder().setAppliedRevision(revision).build());
        byHand =
                ports.stream()
                        .filter(p -> p.instanceId().isEmpty())
                        .map(LocalPort::device)
                        .distinct()
                        .collect(Collectors.toMap(d -> d, devices::contains));
        return Outcome.done();
    }

    /** Nobody tells of a device that an operator makes or removes. */
    private void lookForDevices() {
        Map<String, Boolean> known = byHand;
        if (known.isEmpty()) {
            return;
        }
        Set<String> there = Devices.all();
        if (known.entrySet().stream()
                .anyMatch(device -> there.contains(device.getKey()) != device.getValue())) {
            wake();
        }
    }

    @SuppressWarnings("ReferenceEquality")
    private NodeView view(Intent intent) {
        // The journal keeps the map where nothing in it changes.
        if (intent.network() != objects) {
            view = view.next(intent.network().values());
            objects = intent.network();
            revision = intent.revision();
        }
        return view;
    }

    /**
     * Moves devices.
     *
     * @param plugged gets those that were put into the switch
     * @return why some ports could not be plugged
     */
    private Map<String, String> plug(
            List<LocalPort> ports, Set<String> existing, Set<String> fresh, Set<String> plugged) {
        boolean current = parts.contact().isCurrent();
        PortPlan plan = PortPlan.of(ports, ovs.state(), existing::contains, fresh, current);
        ovs.unplug(plan.unplug());
        plan.unplug().forEach(device -> log.info("device={}: unplugged", device));
        Map<String, String> failures =
                ovs.plug(
                        plan.plug().stream()
                                .map(
                                        port ->
                                                new Switch.Plugging(
                                                        port.device(),
                                                        port.id(),
                                                        Switch.DeviceType.SYSTEM))
                                .toList());
        for (LocalPort port : plan.plug()) {
            if (!failures.containsKey(port.id())) {
                plugged.add(port.device());
                devices.open(port.device());
                devices.silence(port.device());
                log.info("port={} device={}: plugged", port.id(), port.device());
            }
        }
        return failures;
    }

    private Wiring wiring(String nodeId, SwitchState has, List<LocalPort> ports) {
        SortedMap<String, Wiring.Plug> plugs = new TreeMap<>();
        attached(has, ports)
                .forEach((port, a) -> plugs.put(port, new Wiring.Plug(a.ofport(), a.zone())));
        return new Wiring(
                nodeId,
                config.vtepIp().orElse(""),
                has.tunnel(),
                new TreeMap<>(has.patches()),
                plugs,
                new TreeMap<>(has.zones()));
    }

    /** Where ports are plugged, or about to be, by port id. */
    private static Map<String, Attachment> attached(SwitchState has, List<LocalPort> ports) {
        Map<String, Attachment> attachments = new HashMap<>();
        has.attachments().forEach(a -> attachments.put(a.device(), a));
        Map<String, Attachment> attached = new HashMap<>();
        for (LocalPort port : ports) {
            Attachment a = attachments.get(port.device());
            if (a != null && a.portId().equals(port.id()) && a.ofport() != 0 && a.zone() != 0) {
                attached.put(port.id(), a);
            }
        }
        return attached;
    }

    /** What others plugged, and what was plugged before we started. */
    private void silence(List<LocalPort> ports, Wiring wiring, Set<String> silenced) {
        SortedMap<String, Wiring.Plug> before =
                applied.map(a -> a.wiring().ports()).orElseGet(TreeMap::new);
        ports.stream()
                .filter(p -> wiring.ports().containsKey(p.id()))
                .filter(p -> !wiring.ports().get(p.id()).equals(before.get(p.id())))
                .filter(p -> !silenced.contains(p.device()))
                .forEach(p -> devices.silence(p.device()));
    }

    private void apply(NodeView wanted, Wiring wiring) {
        if (applied.filter(a -> a.view() == wanted && a.wiring().equals(wiring)).isPresent()) {
            return;
        }
        Timer.Sample sample = Timer.start(metrics);
        FlowChanges changes = table.update(wanted, wiring);
        sample.stop(metrics.timer("hypervisor.agent.network.compile"));
        changes.conflicts().forEach(conflict -> log.warn("conflict=\"{}\"", conflict));
        Timer.Sample applying = Timer.start(metrics);
        // Questions come with the flows.
        services.use(wanted, wiring);
        ovs.apply(changes);
        long took = applying.stop(metrics.timer("hypervisor.agent.network.apply"));
        applied = Optional.of(new Applied(wanted, wiring, changes.size()));
        log.info(
                "revision={} ports={} flows={} changed={} took_ms={}: flows live",
                revision,
                wiring.ports().size(),
                changes.size(),
                changes.put().size() + changes.removed().size(),
                took / 1_000_000);
    }

    private void received(PacketIn packet) {
        packetsIn.increment();
        services.received(packet);
    }

    private void works() {
        if (!failure.isEmpty()) {
            log.info("switch={}: works", config.ovsdb());
            failure = "";
            parts.board().open();
            facts = Optional.of(offer());
            listeners.forEach(Runnable::run);
        }
    }

    private Outcome failed(Timer.Sample sample, Set<String> fresh, String reason) {
        sample.stop(metrics.timer("hypervisor.agent.network.pass", "result", "failed"));
        parts.board().giveBack(fresh);
        parts.board().fail(reason, isExpected());
        if (!reason.equals(failure)) {
            log.warn("switch={}: {}", config.ovsdb(), reason);
            failure = reason;
            listeners.forEach(Runnable::run);
        }
        return Outcome.blocked(reason);
    }

    private NodeNetworkFacts offer() {
        NodeNetworkFacts.Builder offer =
                NodeNetworkFacts.newBuilder()
                        .addAllPhysicalNetworks(
                                config.bridgeMappings().keySet().stream().sorted().toList());
        config.vtepIp()
                .ifPresent(
                        ip ->
                                offer.setVtepIp(ip)
                                        .setVtepPort(config.vtepPort())
                                        .setVtepInterface(Devices.holding(ip)));
        return offer.build();
    }

    @Override
    public Optional<NodeNetworkFacts> facts() {
        return facts;
    }

    @Override
    public Optional<DriverHealth> health() {
        String reason = failure.isEmpty() ? tunnelError : failure;
        return isExpected()
                ? Optional.of(new DriverHealth(reason.isEmpty(), reason, Map.of()))
                : Optional.empty();
    }

    private boolean isExpected() {
        return config.enabled() == AgentConfig.Presence.TRUE
                || facts.isPresent()
                || Files.exists(config.ovsdb());
    }

    @Override
    public void listen(Runnable changed) {
        listeners.add(changed);
    }

    @Override
    public void close() {
        fullPass.cancel();
        looks.cancel();
        settling.cancel();
        queue.close();
        services.close();
        ovs.close();
    }
}
