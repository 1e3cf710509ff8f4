package io.hypervisor.agent;

import io.grpc.BindableService;
import io.grpc.ManagedChannel;
import io.grpc.ServerInterceptor;
import io.hypervisor.agent.door.Door;
import io.hypervisor.agent.door.InstanceHeader;
import io.hypervisor.agent.door.InstanceMetrics;
import io.hypervisor.agent.driver.InstanceDriver;
import io.hypervisor.agent.journal.Absence;
import io.hypervisor.agent.journal.DataDir;
import io.hypervisor.agent.journal.Intent;
import io.hypervisor.agent.journal.Journal;
import io.hypervisor.agent.link.Link;
import io.hypervisor.agent.network.NetworkReconciler;
import io.hypervisor.agent.network.PortBoard;
import io.hypervisor.agent.node.Machine;
import io.hypervisor.agent.node.NodeFacts;
import io.hypervisor.agent.node.NodeSwitch;
import io.hypervisor.agent.reconcile.Contact;
import io.hypervisor.agent.reconcile.Reconciler;
import io.hypervisor.agent.reconcile.Sightings;
import io.hypervisor.api.internal.v1.NodeState;
import io.hypervisor.api.v1.Metadata;
import io.hypervisor.api.v1.NodeRole;
import io.hypervisor.api.v1.RegisterNodeRequest;
import io.hypervisor.api.v1.Resources;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Ids;
import io.hypervisor.core.Release;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.server.HostPort;
import io.micrometer.core.instrument.MeterRegistry;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;

/**
 * One agent without its server and its connections: what the server serves, over whatever carries
 * the calls.
 */
public final class AgentCore implements AutoCloseable {
    private final AgentConfig config;
    private final DataDir dataDir;
    private final Machine machine;
    private final List<? extends InstanceDriver> drivers;
    private final Surroundings around;
    private final Journal journal;
    private final Sightings sightings = new Sightings();
    private final Contact contact;
    private final PortBoard ports;
    private final Optional<NetworkReconciler> network;
    private final Reconciler reconciler;
    private final NodeFacts facts;
    private final Door door;
    private Optional<Link> link = Optional.empty();

    /** What an agent takes from its surroundings. */
    public record Surroundings(
            Clock clock, Tasks tasks, RandomGenerator random, MeterRegistry metrics) {}

    /**
     * Starts to look after the node's instances. The data folder, which the caller has opened, and
     * the drivers belong to the agent from now on.
     */
    public AgentCore(
            AgentConfig config,
            DataDir dataDir,
            Machine machine,
            List<? extends InstanceDriver> drivers,
            Surroundings around) {
        this.config = config;
        this.dataDir = dataDir;
        this.machine = machine;
        this.drivers = List.copyOf(drivers);
        this.around = around;
        this.journal = Journal.open(dataDir.disk());
        Clock clock = around.clock();
        Tasks tasks = around.tasks();
        this.contact = new Contact(clock, new Absence(dataDir.disk()));
        this.ports = new PortBoard(tasks);
        this.network = network(config.network());
        this.reconciler =
                new Reconciler(
                        drivers,
                        journal,
                        sightings,
                        contact,
                        clock,
                        tasks,
                        around.metrics(),
                        config.listPeriod());
        this.facts =
                new NodeFacts(
                        machine,
                        reserve(config.reserve()),
                        drivers,
                        network.map(NodeSwitch.class::cast).orElse(NodeSwitch.NONE),
                        reconciler::isHolding,
                        this::orphans,
                        Release.VERSION,
                        clock,
                        tasks,
                        config.factsPeriod());
        around.metrics()
                .gauge(
                        "hypervisor.agent.orphans",
                        this,
                        core -> core.orphans().map(Set::size).orElse(0));
        this.door =
                new Door(
                        journal,
                        reconciler,
                        sightings,
                        this::nodeId,
                        clock,
                        new Ids(clock, around.random()),
                        tasks,
                        facts::look);
    }

    /** Before the instances' own passes, which wait for ports. */
    private Optional<NetworkReconciler> network(AgentConfig.Network wanted) {
        if (wanted.enabled() == AgentConfig.Presence.FALSE) {
            ports.settle();
            return Optional.empty();
        }
        drivers.forEach(driver -> driver.ports(ports));
        return Optional.of(
                new NetworkReconciler(
                        wanted,
                        config.deviceMark(),
                        new NetworkReconciler.Parts(
                                journal, this::nodeId, contact, ports, this::found),
                        around.tasks(),
                        around.metrics()));
    }

    /** What the node should be. */
    public Intent intent() {
        return journal.intent();
    }

    /** What others may call on the node. */
    public List<BindableService> services() {
        return List.of(door);
    }

    /** What the node's instances use, for Prometheus. */
    public InstanceMetrics instanceMetrics() {
        return door.metrics();
    }

    /** What every call to a service passes through. */
    public List<ServerInterceptor> interceptors() {
        return List.of(new InstanceHeader());
    }

    /**
     * Begins to connect to a controller, for ever, if the configuration names any.
     *
     * @param port where the node's services are reached
     * @param channels opens a channel to "host:port", with keep-alive
     */
    public void connect(int port, Function<String, ManagedChannel> channels) {
        if (!config.controllers().isEmpty()) {
            Link opened = link(port, channels);
            link = Optional.of(opened);
            opened.start();
        }
    }

    private Link link(int port, Function<String, ManagedChannel> channels) {
        return new Link(
                config.controllers().stream().map(HostPort::toString).toList(),
                channels,
                () -> registration(port),
                new Link.Parts(dataDir, journal, reconciler, sightings, contact, facts, ports),
                around.clock(),
                around.tasks(),
                around.random(),
                around.metrics());
    }

    private static Resources reserve(AgentConfig.Reserve reserve) {
        return Resources.newBuilder()
                .setCpuCores(reserve.cpuCores())
                .setMemoryBytes(reserve.memoryBytes())
                .setDiskBytes(reserve.diskBytes())
                .build();
    }

    private Optional<Set<String>> found() {
        return reconciler.found();
    }

    /** Read in this order: what is made after the first look is wanted at the second. */
    private Optional<Set<String>> orphans() {
        return found().map(
                        ids -> {
                            Intent intent = journal.intent();
                            return ids.stream()
                                    .filter(id -> intent.assignment(id).isEmpty())
                                    .collect(Collectors.toSet());
                        });
    }

    private String nodeId() {
        return dataDir.identity().map(DataDir.Identity::nodeId).orElse("");
    }

    private RegisterNodeRequest registration(int port) {
        NodeState state = facts.state();
        return RegisterNodeRequest.newBuilder()
                .setHostname(config.hostname().orElseGet(machine::hostname))
                .setIp(config.reachableIp())
                .setPort(port)
                .setRole(
                        switch (config.role()) {
                            case MASTER -> NodeRole.NODE_ROLE_MASTER;
                            case WORKER -> NodeRole.NODE_ROLE_WORKER;
                        })
                .setRegion(config.region())
                .setZone(config.zone())
                .setCapacity(state.getCapacity())
                .setMetadata(Metadata.newBuilder().putAllLabels(config.labels()))
                // What the drivers can run once they work: a driver that is down at this moment
                // shows as a condition.
                .addAllSupportedInstanceTypes(
                        drivers.stream().map(d -> NodeFacts.typeName(d.type())).toList())
                .putAllVersions(state.getVersionsMap())
                .build();
    }

    /** Ends the stream to the controller; nothing is journaled for it when this has returned. */
    public void disconnect() {
        link.ifPresent(Link::close);
        link = Optional.empty();
    }

    /** Leaves in order; instances run on unless the configuration says otherwise. */
    @Override
    public void close() {
        disconnect();
        if (config.stopInstancesOnExit()) {
            reconciler.stopAll(config.stopGrace());
        }
        facts.close();
        reconciler.close();
        network.ifPresent(NetworkReconciler::close);
        drivers.forEach(InstanceDriver::close);
        journal.close();
        dataDir.close();
    }
}
