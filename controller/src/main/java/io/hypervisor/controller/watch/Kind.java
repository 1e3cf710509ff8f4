package io.hypervisor.controller.watch;

import com.google.protobuf.Timestamp;

import io.hypervisor.api.v1.EventType;
import io.hypervisor.api.v1.FloatingIP;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceEvent;
import io.hypervisor.api.v1.NetworkEvent;
import io.hypervisor.api.v1.Node;
import io.hypervisor.api.v1.NodeEvent;
import io.hypervisor.api.v1.Port;
import io.hypervisor.api.v1.Router;
import io.hypervisor.api.v1.SecurityGroup;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.controller.state.NodeViews;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Views;

import java.util.Iterator;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.stream.Stream;

/** What differs between the things that are watched. {@code T} resource, {@code E} event. */
interface Kind<T, E> {
    /** The name of the resource in faults. */
    String name();

    /** The ids that exist. */
    Stream<String> ids(Snapshot now);

    /** The resource. */
    Optional<T> view(Snapshot now, String id);

    /** What a change did to resources of this kind. */
    SortedMap<String, Delta<T, E>> deltas(Change change);

    /** An event; without a resource a bookmark. */
    E event(EventType type, Optional<T> resource, long revision, Timestamp at);

    /** Those that pass a filter, looked up one by one as the reader takes them. */
    default Iterator<T> current(Snapshot now, Filter<T> filter) {
        Stream<String> ids = filter.ids().isEmpty() ? ids(now) : filter.ids().stream().sorted();
        return ids.flatMap(id -> view(now, id).filter(t -> filter.passes(id, t)).stream())
                .iterator();
    }

    /** The deltas of a change that a filter may let through. */
    default Iterator<Map.Entry<String, Delta<T, E>>> deltas(Change change, Filter<T> filter) {
        SortedMap<String, Delta<T, E>> all = deltas(change);
        if (filter.ids().size() != 1) {
            return all.entrySet().iterator();
        }
        String id = filter.ids().iterator().next();
        return Stream.ofNullable(all.get(id)).map(delta -> Map.entry(id, delta)).iterator();
    }

    /** Instances, local ones included. */
    record Instances() implements Kind<Instance, InstanceEvent> {
        @Override
        public String name() {
            return "instance";
        }

        @Override
        public Stream<String> ids(Snapshot now) {
            return Stream.concat(now.instances().keySet().stream(), now.locals().keySet().stream());
        }

        @Override
        public Optional<Instance> view(Snapshot now, String id) {
            return Views.instance(now, id);
        }

        @Override
        public SortedMap<String, Delta<Instance, InstanceEvent>> deltas(Change change) {
            return change.instances();
        }

        @Override
        public InstanceEvent event(
                EventType type, Optional<Instance> resource, long revision, Timestamp at) {
            InstanceEvent.Builder event =
                    InstanceEvent.newBuilder().setType(type).setRevision(revision).setTimestamp(at);
            resource.ifPresent(event::setInstance);
            return event.build();
        }
    }

    /** Nodes. */
    record Nodes() implements Kind<Node, NodeEvent> {
        @Override
        public String name() {
            return "node";
        }

        @Override
        public Stream<String> ids(Snapshot now) {
            return now.nodes().keySet().stream();
        }

        @Override
        public Optional<Node> view(Snapshot now, String id) {
            return NodeViews.node(now, id);
        }

        @Override
        public SortedMap<String, Delta<Node, NodeEvent>> deltas(Change change) {
            return change.nodes();
        }

        @Override
        public NodeEvent event(
                EventType type, Optional<Node> resource, long revision, Timestamp at) {
            NodeEvent.Builder event =
                    NodeEvent.newBuilder().setType(type).setRevision(revision).setTimestamp(at);
            resource.ifPresent(event::setNode);
            return event.build();
        }
    }

    /** Networks and what belongs to them; ids are keys of {@link NetworkItem}. */
    record Network() implements Kind<NetworkItem, NetworkEvent> {
        @Override
        public String name() {
            return "network resource";
        }

        @Override
        public Stream<String> ids(Snapshot now) {
            return NetworkItem.keys(now);
        }

        @Override
        public Optional<NetworkItem> view(Snapshot now, String id) {
            return NetworkItem.of(now, id);
        }

        @Override
        public SortedMap<String, Delta<NetworkItem, NetworkEvent>> deltas(Change change) {
            return change.network();
        }

        @Override
        public NetworkEvent event(
                EventType type, Optional<NetworkItem> resource, long revision, Timestamp at) {
            NetworkEvent.Builder event =
                    NetworkEvent.newBuilder().setType(type).setRevision(revision).setTimestamp(at);
            resource.ifPresent(
                    item -> {
                        switch (item.view()) {
                            case io.hypervisor.api.v1.Network it -> event.setNetwork(it);
                            case Subnet it -> event.setSubnet(it);
                            case Port it -> event.setPort(it);
                            case SecurityGroup it -> event.setSecurityGroup(it);
                            case Router it -> event.setRouter(it);
                            case FloatingIP it -> event.setFloatingIp(it);
                            default -> throw new IllegalArgumentException(item.kind().name());
                        }
                    });
            return event.build();
        }
    }
}
