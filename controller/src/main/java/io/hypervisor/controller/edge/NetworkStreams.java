package io.hypervisor.controller.edge;

import io.grpc.stub.StreamObserver;
import io.hypervisor.api.internal.v1.NodeNetworkState;
import io.hypervisor.api.v1.AwaitNetworkRequest;
import io.hypervisor.api.v1.AwaitNetworkResponse;
import io.hypervisor.api.v1.NetworkEvent;
import io.hypervisor.api.v1.NetworkResource;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.WatchNetworkRequest;
import io.hypervisor.controller.feed.Contacts;
import io.hypervisor.controller.state.Entry;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.watch.Filter;
import io.hypervisor.controller.watch.NetworkItem;
import io.hypervisor.controller.watch.WatchHub;
import io.hypervisor.core.Violations;

import java.time.Duration;
import java.util.Set;

/** What takes longer than a look: NetworkService's watch, and waiting for the nodes. */
record NetworkStreams(Networking networking, WatchHub hub, Contacts contacts) {
    // Less than the caller waits, so that the answer is in time.
    private static final Duration MARGIN = Duration.ofMillis(200);
    private static final Duration LOOK = Duration.ofSeconds(1);
    private static final int MAX_KINDS = 16;

    void watch(WatchNetworkRequest request, StreamObserver<NetworkEvent> observer) {
        check(request);
        Calls.at(networking.replica(), request.getResumeRevision());
        Set<NetworkResource> kinds = Set.copyOf(request.getResourcesList());
        Filter<NetworkItem> filter =
                Filter.where(
                        item ->
                                (kinds.isEmpty() || kinds.contains(item.kind()))
                                        && (request.getNetworkId().isEmpty()
                                                || item.networkId().equals(request.getNetworkId()))
                                        && (request.getTenantId().isEmpty()
                                                || item.tenantId().equals(request.getTenantId())));
        EventSink.connect(
                observer, sink -> hub.watchNetwork(filter, request.getResumeRevision(), sink));
    }

    private static void check(WatchNetworkRequest request) {
        Violations v = new Violations();
        v.check(
                request.getResourcesCount() <= MAX_KINDS,
                "resources",
                request.getResourcesCount() + " kinds",
                "at most " + MAX_KINDS);
        for (int i = 0; i < Math.min(request.getResourcesCount(), MAX_KINDS); i++) {
            String field = "resources[" + i + "]";
            v.known(field, request.getResources(i), request.getResourcesValue(i));
            v.check(
                    request.getResources(i) != NetworkResource.NETWORK_RESOURCE_UNSPECIFIED,
                    field,
                    request.getResourcesValue(i),
                    "a kind of resource");
        }
        v.optionalId("network_id", request.getNetworkId());
        NetworkRequests.optionalName(v, "tenant_id", request.getTenantId());
        v.revision("resume_revision", request.getResumeRevision());
        v.throwIfAny();
    }

    AwaitNetworkResponse await(AwaitNetworkRequest request) {
        new Violations().range("revision", request.getRevision(), 1, Long.MAX_VALUE).throwIfAny();
        Snapshot now = Calls.at(networking.replica(), request.getRevision());
        AwaitNetworkResponse answer = answer(now, request.getRevision());
        while (answer.getPendingNodeIdsCount() > 0 && Calls.left().compareTo(MARGIN) > 0) {
            // What is waited for is a report, and each one that matters makes a revision.
            Duration rest = Calls.left().minus(MARGIN);
            now = after(now.revision(), rest.compareTo(LOOK) < 0 ? rest : LOOK);
            answer = answer(now, request.getRevision());
        }
        return answer;
    }

    private Snapshot after(long revision, Duration patience) {
        return Calls.within(networking.replica(), revision + 1, patience);
    }

    private AwaitNetworkResponse answer(Snapshot now, long revision) {
        AwaitNetworkResponse.Builder answer = AwaitNetworkResponse.newBuilder();
        for (String node : now.nodes().keySet()) {
            if (now.portsOn(node).findAny().isEmpty()) {
                continue;
            }
            if (isLost(now, node)) {
                answer.addUnreachableNodeIds(node);
            } else if (applied(now, node) < Math.min(due(node), revision)) {
                answer.addPendingNodeIds(node);
            }
        }
        return answer.build();
    }

    /** A leader that has not heard of the node yet knows only that it may be behind. */
    private long due(String node) {
        long due = contacts.networkDue(node);
        return due == 0 ? Long.MAX_VALUE : due;
    }

    private static long applied(Snapshot now, String node) {
        Entry<NodeNetworkState> state = now.network().nodeStates().get(node);
        return state == null ? 0 : state.value().getAppliedRevision();
    }

    private static boolean isLost(Snapshot now, String node) {
        return now.health(node)
                .filter(h -> h.value().getStatus() == NodeStatus.NODE_STATUS_UNREACHABLE)
                .isPresent();
    }
}
