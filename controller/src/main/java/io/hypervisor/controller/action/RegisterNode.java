package io.hypervisor.controller.action;

import com.google.protobuf.Timestamp;

import io.hypervisor.api.internal.v1.NodeRecord;
import io.hypervisor.api.v1.Node;
import io.hypervisor.api.v1.NodeRole;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.RegisterNodeRequest;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Entry;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Fault;

import java.util.List;
import java.util.Optional;

/**
 * Makes a node a member or renews its registration. What an operator has set stays. A node that
 * gives an id that is not known, because it was removed, becomes a member again under that id.
 *
 * @param newId the id of a node that neither gives one nor has a known hostname
 */
public record RegisterNode(RegisterNodeRequest request, String newId, Timestamp at)
        implements Action<Node> {

    @Override
    public Decision<Node> decide(Snapshot now) {
        Optional<String> named = now.nodeByHostname(request.getHostname());
        String id = request.getNodeId().isEmpty() ? named.orElse(newId) : request.getNodeId();
        named.filter(owner -> !owner.equals(id) || usurped(now, owner))
                .ifPresent(
                        owner -> {
                            throw taken(now.node(owner).orElseThrow().value());
                        });
        Optional<NodeRecord> old = now.node(id).map(Entry::value);
        NodeRecord next = record(id, old);
        List<Edit> edits =
                old.filter(next::equals).isPresent()
                        ? List.of()
                        : List.of(Edit.put(Table.NODE, id, next));
        return Answers.node(id, edits);
    }

    /** Whether somebody who does not know the id claims the hostname of a node that is in touch. */
    private boolean usurped(Snapshot now, String owner) {
        NodeRecord node = now.node(owner).orElseThrow().value();
        boolean moved =
                !node.getIp().equals(request.getIp()) || node.getPort() != request.getPort();
        return request.getNodeId().isEmpty()
                && moved
                && now.health(owner).isPresent()
                && !Require.outOfTouch(now, owner);
    }

    private static Fault taken(NodeRecord owner) {
        return Fault.alreadyExists(
                Require.NODE,
                owner.getId(),
                "hostname: value: "
                        + owner.getHostname()
                        + " (expected: a hostname that no other node has; node "
                        + owner.getId()
                        + " at "
                        + owner.getIp()
                        + ":"
                        + owner.getPort()
                        + " has it)");
    }

    private NodeRecord record(String id, Optional<NodeRecord> old) {
        boolean worker = request.getRole() == NodeRole.NODE_ROLE_UNSPECIFIED;
        NodeRecord.Builder next = NodeRecord.newBuilder();
        // Only its reports tell of its switch.
        old.filter(NodeRecord::hasNetwork).ifPresent(o -> next.setNetwork(o.getNetwork()));
        return next.setId(id)
                .setHostname(request.getHostname())
                .setIp(request.getIp())
                .setPort(request.getPort())
                .setRole(worker ? NodeRole.NODE_ROLE_WORKER : request.getRole())
                .setRegion(request.getRegion())
                .setZone(request.getZone())
                .setCapacity(request.getCapacity())
                .setMetadata(request.getMetadata())
                .addAllSupportedInstanceTypes(request.getSupportedInstanceTypesList())
                .putAllVersions(request.getVersionsMap())
                .setRequestId(request.getRequestId())
                .setCreatedAt(old.map(NodeRecord::getCreatedAt).orElse(at))
                .setAdminStatus(
                        old.map(NodeRecord::getAdminStatus).orElse(NodeStatus.NODE_STATUS_READY))
                .build();
    }
}
