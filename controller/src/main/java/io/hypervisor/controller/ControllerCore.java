package io.hypervisor.controller;

import io.grpc.BindableService;
import io.grpc.Channel;
import io.grpc.ServerInterceptor;
import io.hypervisor.controller.commit.ChangeListener;
import io.hypervisor.controller.commit.Replica;
import io.hypervisor.controller.commit.ReplicaConfig;
import io.hypervisor.controller.edge.Edge;
import io.hypervisor.controller.feed.AgentLinks;
import io.hypervisor.controller.feed.Contacts;
import io.hypervisor.controller.feed.NodeFeed;
import io.hypervisor.controller.fence.Fencer;
import io.hypervisor.controller.fence.LostContactFencer;
import io.hypervisor.controller.fence.OperatorFencer;
import io.hypervisor.controller.network.DefaultNetwork;
import io.hypervisor.controller.network.Fresh;
import io.hypervisor.controller.network.InstancePorts;
import io.hypervisor.controller.network.NetworkConfig;
import io.hypervisor.controller.reconcile.DrainReconciler;
import io.hypervisor.controller.reconcile.GatewayReconciler;
import io.hypervisor.controller.reconcile.NodeMonitor;
import io.hypervisor.controller.reconcile.PlacementReconciler;
import io.hypervisor.controller.reconcile.Reconciliation;
import io.hypervisor.controller.reconcile.ReleaseReconciler;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.store.Store;
import io.hypervisor.controller.watch.WatchHub;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Ids;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.server.HostPort;
import io.micrometer.core.instrument.MeterRegistry;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.random.RandomGenerator;

/**
 * One controller replica without its doors, wired by hand, in the order in which its parts need
 * each other: what the doors serve, over whatever carries the calls.
 */
public final class ControllerCore implements AutoCloseable {
    private final Replica replica;
    private final AgentLinks links;
    private final NodeMonitor monitor;
    private final Reconciliation reconciliation;
    private final WatchHub hub;
    private final List<BindableService> publicServices;
    private final List<BindableService> services;
    private final List<ServerInterceptor> interceptors;

    /**
     * Starts a replica over a store; it serves once its doors are open.
     *
     * @param random for ids; cryptographic outside simulations
     * @param channels connections to replicas and nodes
     */
    public ControllerCore(
            ControllerConfig config,
            Store store,
            Clock clock,
            RandomGenerator random,
            Tasks tasks,
            MeterRegistry metrics,
            Function<HostPort, Channel> channels) {
        Ids ids = new Ids(clock, random);
        NodeFeed.Timing timing =
                new NodeFeed.Timing(config.heartbeat().interval(), config.heartbeat().timeout());
        replica = newReplica(config, store, clock, ids, tasks, metrics);
        Contacts contacts = new Contacts(clock);
        NodeFeed feed = new NodeFeed(replica, contacts, timing, clock, tasks, metrics);
        links =
                new AgentLinks(
                        replica,
                        contacts,
                        node -> channels.apply(new HostPort(node.getIp(), node.getPort())),
                        timing.heartbeatTimeout(),
                        clock,
                        tasks,
                        metrics);
        monitor =
                new NodeMonitor(
                        replica,
                        contacts,
                        timing.heartbeatTimeout(),
                        feed::endSilent,
                        clock,
                        tasks,
                        metrics);
        reconciliation =
                newReconciliation(replica, contacts, config.network(), ids, clock, tasks, metrics);
        hub = new WatchHub(WatchHub.RING_CAPACITY, config.watchBookmarks(), clock, tasks, metrics);

        replica.onChange(hub);
        replica.onChange(new Listeners(feed, links, reconciliation));
        replica.onLeadership(
                leading -> {
                    feed.leading(leading);
                    links.leading(leading);
                    monitor.leading(leading);
                    reconciliation.leading(leading);
                });
        replica.start();

        Edge edge = Edge.of(replica, hub, contacts, timing, config.network(), channels, clock, ids);
        publicServices = edge.services();
        interceptors = edge.interceptors();
        services = new ArrayList<>(publicServices);
        services.add(feed);
    }

    private static Replica newReplica(
            ControllerConfig config,
            Store store,
            Clock clock,
            Ids ids,
            Tasks tasks,
            MeterRegistry metrics) {
        String address = config.advertiseAddr().orElse(config.grpcAddr()).toString();
        ReplicaConfig replica =
                new ReplicaConfig(
                        config.clusterName(),
                        address,
                        address + "/" + ids.next(),
                        config.placement().toConfig(),
                        config.supersededTerms(),
                        now ->
                                DefaultNetwork.edits(
                                        now,
                                        config.network(),
                                        Fresh.of(ids, clock, DefaultNetwork.IDS)));
        return new Replica(store, replica, tasks, clock, ids, metrics);
    }

    private static Reconciliation newReconciliation(
            Replica replica,
            Contacts contacts,
            NetworkConfig networks,
            Ids ids,
            Clock clock,
            Tasks tasks,
            MeterRegistry metrics) {
        List<Fencer> fencers = List.of(new OperatorFencer(), new LostContactFencer(contacts));
        return new Reconciliation(
                replica,
                List.of(
                        new PlacementReconciler(
                                replica, networks, () -> Fresh.of(ids, clock, InstancePorts.IDS)),
                        new DrainReconciler(replica),
                        new GatewayReconciler(replica),
                        new ReleaseReconciler(replica, fencers, clock)),
                tasks,
                metrics);
    }

    /** Why this replica cannot serve yet; empty when it can. */
    public Optional<String> unready() {
        if (replica.snapshot().cluster().isEmpty()) {
            return Optional.of("the cluster's state is not loaded yet");
        }
        return replica.leaderAddress().isEmpty()
                ? Optional.of("no replica leads at present")
                : Optional.empty();
    }

    /** Whether this replica leads. */
    public boolean leading() {
        return replica.leading();
    }

    /** Follows, stands for election, leads. */
    public Replica replica() {
        return replica;
    }

    /** What clients may call. */
    public List<BindableService> publicServices() {
        return publicServices;
    }

    /** What clients and nodes may call. */
    public List<BindableService> services() {
        return List.copyOf(services);
    }

    /** What every call to a service passes through, innermost first. */
    public List<ServerInterceptor> interceptors() {
        return interceptors;
    }

    /** Ends watches, so that they do not hold a door open. */
    public void endWatches() {
        hub.close();
    }

    /** Gives leadership up and stops; the doors are closed. */
    @Override
    public void close() {
        hub.close();
        reconciliation.close();
        monitor.close();
        links.close();
        replica.close();
    }

    /** Those who act on changes as the leader. */
    private record Listeners(NodeFeed feed, AgentLinks links, Reconciliation reconciliation)
            implements ChangeListener {
        @Override
        public void changed(Snapshot before, Snapshot after, List<Edit> edits) {
            feed.changed(before, after, edits);
            links.changed(before, after, edits);
            reconciliation.changed(before, after, edits);
        }

        @Override
        public void reset(Snapshot now) {
            feed.reset(now);
            reconciliation.reset(now);
        }
    }
}
