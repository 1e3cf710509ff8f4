package io.hypervisor.controller;

import io.grpc.BindableService;
import io.hypervisor.controller.commit.ChangeListener;
import io.hypervisor.controller.commit.Replica;
import io.hypervisor.controller.commit.ReplicaConfig;
import io.hypervisor.controller.edge.Edge;
import io.hypervisor.controller.edge.HttpDoor;
import io.hypervisor.controller.feed.AgentChannels;
import io.hypervisor.controller.feed.AgentLinks;
import io.hypervisor.controller.feed.Contacts;
import io.hypervisor.controller.feed.NodeFeed;
import io.hypervisor.controller.fence.Fencer;
import io.hypervisor.controller.fence.LostContactFencer;
import io.hypervisor.controller.fence.OperatorFencer;
import io.hypervisor.controller.reconcile.DrainReconciler;
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
import io.hypervisor.core.server.GrpcServer;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/** One controller replica, wired by hand, in the order in which its parts need each other. */
public final class Controller implements AutoCloseable {
    private final AgentChannels channels;
    private final Replica replica;
    private final AgentLinks links;
    private final NodeMonitor monitor;
    private final Reconciliation reconciliation;
    private final WatchHub hub;
    private final GrpcServer grpc;
    private final HttpDoor http;

    /**
     * Starts a replica over a store; returns when it serves.
     *
     * @param random for ids; cryptographic
     */
    public Controller(
            ControllerConfig config,
            Store store,
            Clock clock,
            RandomGenerator random,
            Tasks tasks,
            PrometheusMeterRegistry metrics) {
        Ids ids = new Ids(clock, random);
        NodeFeed.Timing timing =
                new NodeFeed.Timing(config.heartbeat().interval(), config.heartbeat().timeout());
        channels = new AgentChannels(config.tls(), tasks);
        replica = newReplica(config, store, clock, ids, tasks, metrics);
        Contacts contacts = new Contacts(clock);
        NodeFeed feed = new NodeFeed(replica, contacts, timing, clock, tasks, metrics);
        links =
                new AgentLinks(
                        replica,
                        contacts,
                        channels::to,
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
        reconciliation = newReconciliation(replica, contacts, tasks, metrics);
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

        Edge edge = Edge.of(replica, hub, contacts, timing, channels::to, clock, ids);
        List<BindableService> services = new ArrayList<>(edge.services());
        services.add(feed);
        grpc =
                new GrpcServer(
                        config.grpcAddr(),
                        config.tls(),
                        tasks,
                        metrics,
                        edge.interceptors(),
                        services,
                        config.shutdownGrace());
        http =
                new HttpDoor(
                        config.httpAddr(),
                        tasks,
                        metrics,
                        edge.interceptors(),
                        edge.services(),
                        this::unready,
                        config.shutdownGrace());
    }

    private static Replica newReplica(
            ControllerConfig config,
            Store store,
            Clock clock,
            Ids ids,
            Tasks tasks,
            PrometheusMeterRegistry metrics) {
        String address = config.advertiseAddr().orElse(config.grpcAddr()).toString();
        ReplicaConfig replica =
                new ReplicaConfig(
                        config.clusterName(),
                        address,
                        address + "/" + ids.next(),
                        config.placement().toConfig());
        return new Replica(store, replica, tasks, clock, ids, metrics);
    }

    private static Reconciliation newReconciliation(
            Replica replica, Contacts contacts, Tasks tasks, PrometheusMeterRegistry metrics) {
        List<Fencer> fencers = List.of(new OperatorFencer(), new LostContactFencer(contacts));
        return new Reconciliation(
                replica,
                List.of(
                        new PlacementReconciler(replica),
                        new DrainReconciler(replica),
                        new ReleaseReconciler(replica, fencers)),
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

    /** The gRPC port that is bound. */
    public int grpcPort() {
        return grpc.port();
    }

    /** The HTTP port that is bound. */
    public int httpPort() {
        return http.port();
    }

    /** Ends watches, lets running calls finish, and gives leadership up. */
    @Override
    public void close() {
        grpc.serving(false);
        hub.close();
        http.close();
        grpc.close();
        reconciliation.close();
        monitor.close();
        links.close();
        replica.close();
        channels.close();
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
