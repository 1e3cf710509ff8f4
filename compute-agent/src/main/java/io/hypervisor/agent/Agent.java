package io.hypervisor.agent;

import io.grpc.ManagedChannel;
import io.hypervisor.agent.door.Door;
import io.hypervisor.agent.door.InstanceHeader;
import io.hypervisor.agent.driver.InstanceDriver;
import io.hypervisor.agent.journal.DataDir;
import io.hypervisor.agent.journal.Journal;
import io.hypervisor.agent.link.Link;
import io.hypervisor.agent.node.Machine;
import io.hypervisor.agent.node.NodeFacts;
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
import io.hypervisor.core.Tasks;
import io.hypervisor.core.server.GrpcServer;
import io.hypervisor.core.server.HostPort;
import io.micrometer.core.instrument.MeterRegistry;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.random.RandomGenerator;

/** One running agent. Several may live in one process, with a data folder each. */
public final class Agent implements AutoCloseable {
    private static final Path PROC = Path.of("/proc");
    private static final Duration SERVER_GRACE = Duration.ofSeconds(2);

    private final AgentConfig config;
    private final DataDir dataDir;
    private final List<? extends InstanceDriver> drivers;
    private final Journal journal;
    private final Sightings sightings = new Sightings();
    private final Reconciler reconciler;
    private final NodeFacts facts;
    private final GrpcServer server;
    private final Optional<Link> link;

    /** What an agent takes from its surroundings. */
    public record Surroundings(
            Clock clock, Tasks tasks, RandomGenerator random, MeterRegistry metrics) {}

    /**
     * Starts an agent over a data folder that the caller has opened; both it and the drivers belong
     * to the agent from now on.
     */
    public Agent(
            AgentConfig config,
            DataDir dataDir,
            List<? extends InstanceDriver> drivers,
            Surroundings around) {
        this.config = config;
        this.dataDir = dataDir;
        this.drivers = List.copyOf(drivers);
        this.journal = Journal.open(dataDir.root());
        Clock clock = around.clock();
        Tasks tasks = around.tasks();
        Contact contact = new Contact(clock);
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
                        new Machine(PROC, dataDir.root()),
                        reserve(config.reserve()),
                        drivers,
                        reconciler::isHolding,
                        version(),
                        clock,
                        tasks,
                        config.factsPeriod());
        Door door =
                new Door(
                        journal,
                        reconciler,
                        sightings,
                        this::nodeId,
                        clock,
                        new Ids(clock, around.random()),
                        tasks);
        this.server =
                new GrpcServer(
                        config.grpcAddr(),
                        config.tls(),
                        tasks,
                        around.metrics(),
                        List.of(new InstanceHeader()),
                        List.of(door),
                        SERVER_GRACE);
        this.link =
                config.controllers().isEmpty()
                        ? Optional.empty()
                        : Optional.of(link(contact, around));
        link.ifPresent(Link::start);
    }

    private Link link(Contact contact, Surroundings around) {
        Function<String, ManagedChannel> channels = new Channels(config.tls(), around.tasks());
        return new Link(
                config.controllers().stream().map(HostPort::toString).toList(),
                channels,
                this::registration,
                new Link.Parts(dataDir, journal, reconciler, sightings, contact, facts),
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

    private static String version() {
        return Optional.ofNullable(Agent.class.getPackage().getImplementationVersion())
                .orElse("development");
    }

    private String nodeId() {
        return dataDir.identity().map(DataDir.Identity::nodeId).orElse("");
    }

    private RegisterNodeRequest registration() {
        NodeState state = facts.state();
        return RegisterNodeRequest.newBuilder()
                .setHostname(config.hostname().orElseGet(Agent::machineName))
                .setIp(config.reachableIp())
                .setPort(server.port())
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

    private static String machineName() {
        try {
            return Files.readString(PROC.resolve("sys/kernel/hostname"))
                    .strip()
                    .toLowerCase(Locale.ROOT);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the host's name", e);
        }
    }

    /** The port that AgentService listens on. */
    public int port() {
        return server.port();
    }

    /** Leaves in order; instances run on unless the configuration says otherwise. */
    @Override
    public void close() {
        link.ifPresent(Link::close);
        server.close();
        if (config.stopInstancesOnExit()) {
            reconciler.stopAll(config.stopGrace());
        }
        facts.close();
        reconciler.close();
        drivers.forEach(InstanceDriver::close);
        journal.close();
        dataDir.close();
    }
}
