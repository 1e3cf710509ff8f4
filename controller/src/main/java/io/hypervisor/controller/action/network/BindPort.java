package io.hypervisor.controller.action.network;

import com.google.protobuf.Timestamp;

import io.hypervisor.api.internal.v1.NodeRecord;
import io.hypervisor.api.internal.v1.PortRecord;
import io.hypervisor.api.v1.BindPortRequest;
import io.hypervisor.api.v1.Network;
import io.hypervisor.api.v1.Port;
import io.hypervisor.api.v1.PortBindingType;
import io.hypervisor.controller.action.Action;
import io.hypervisor.controller.network.Lookup;
import io.hypervisor.controller.network.PortRules;
import io.hypervisor.controller.state.Carriage;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Fault;

import java.util.List;

/** Binds a port by hand to an instance, or to a device of a node. */
public record BindPort(BindPortRequest request, Timestamp at) implements Action<Port> {
    // All of them change with the instance, in one transaction.
    private static final int MAX_OF_INSTANCE = 8;

    @Override
    public Decision<Port> decide(Snapshot now) {
        String id = request.getPortId();
        PortRecord record = Lookup.port(now, id, request.getExpectedRevision());
        PortRules.requireNoRouters(record);
        String node = request.getInstanceId().isEmpty() ? deviceNode(now) : instanceNode(now);
        Port port = record.getPort();
        if (PortRules.bound(port)) {
            if (!isAsAsked(port)) {
                throw Fault.wrongState(
                        Lookup.type(Table.PORT), id, "bound to " + describe(port), "unbound");
            }
            return Answers.port(id, List.of());
        }
        requireCarried(now, port, Lookup.node(now, node));
        requireFreeDevice(now, node);
        Port.Builder bound =
                port.toBuilder()
                        .setInstanceId(request.getInstanceId())
                        .setDeviceName(request.getDeviceName())
                        .setUpdatedAt(at);
        if (request.getInstanceId().isEmpty()) {
            bound.setNodeId(node);
        }
        return Answers.port(
                id, List.of(Edit.put(Table.PORT, id, record.toBuilder().setPort(bound).build())));
    }

    private String deviceNode(Snapshot now) {
        return Lookup.node(now, request.getNodeId()).getId();
    }

    /** Where the instance is; it must be somewhere, to stay, and where the request says. */
    private String instanceNode(Snapshot now) {
        String id = request.getInstanceId();
        Lookup.requireInstance(now, id);
        if (!request.getNodeId().isEmpty()) {
            Lookup.node(now, request.getNodeId());
        }
        String type = Lookup.type(Table.INSTANCE);
        boolean stays =
                now.instance(id)
                        .map(entry -> entry.value())
                        .filter(instance -> !instance.getDeleting())
                        .isPresent();
        if (!stays) {
            throw Fault.wrongState(
                    type,
                    id,
                    now.instance(id).isPresent() ? "being deleted" : "local to its node",
                    "an instance of the cluster that stays");
        }
        String node = now.placement(id).map(p -> p.value().getNodeId()).orElse("");
        boolean there =
                !node.isEmpty()
                        && (request.getNodeId().isEmpty() || request.getNodeId().equals(node));
        if (!there) {
            throw Fault.wrongState(
                    type,
                    id,
                    node.isEmpty() ? "placed on no node" : "placed on node " + node,
                    request.getNodeId().isEmpty()
                            ? "placed on a node"
                            : "placed on node " + request.getNodeId());
        }
        int ports = now.network().portsOfInstance(id).size();
        if (ports >= MAX_OF_INSTANCE
                && !now.network().portsOfInstance(id).contains(request.getPortId())) {
            throw Fault.of(
                    Fault.Kind.RESOURCE_EXHAUSTED,
                    "TOO_MANY_PORTS",
                    "instance "
                            + id
                            + ": has "
                            + ports
                            + " ports (expected: fewer than "
                            + MAX_OF_INSTANCE
                            + ")");
        }
        return node;
    }

    private boolean isAsAsked(Port port) {
        boolean device =
                request.getDeviceName().isEmpty()
                        || request.getDeviceName().equals(port.getDeviceName());
        return device
                && request.getInstanceId().equals(port.getInstanceId())
                && (!request.getInstanceId().isEmpty()
                        || request.getNodeId().equals(port.getNodeId()));
    }

    private static void requireCarried(Snapshot now, Port port, NodeRecord node) {
        if (port.getBindingType() != PortBindingType.PORT_BINDING_OVS) {
            throw Fault.wrongState(
                    Lookup.type(Table.NODE),
                    node.getId(),
                    "offers " + PortBindingType.PORT_BINDING_OVS,
                    "one that offers " + port.getBindingType());
        }
        Network network = Lookup.network(now, port.getNetworkId(), 0).getNetwork();
        Carriage.refusal(node, network.getPhysicalNetwork())
                .ifPresent(
                        why -> {
                            throw Fault.wrongState(
                                    Lookup.type(Table.NODE),
                                    node.getId(),
                                    why,
                                    "a node that carries network " + network.getId());
                        });
    }

    /** No other port may have the device on the node, bound to an instance or not. */
    private void requireFreeDevice(Snapshot now, String node) {
        String device = request.getDeviceName();
        if (device.isEmpty()) {
            return;
        }
        now.portsOn(node)
                .filter(id -> Lookup.port(now, id, 0).getPort().getDeviceName().equals(device))
                .findFirst()
                .ifPresent(
                        id -> {
                            throw Lookup.taken(Table.PORT, id, "device_name", device);
                        });
    }

    /** What a port is bound to, as errors name it. */
    static String describe(Port port) {
        return port.getInstanceId().isEmpty()
                ? "device " + port.getDeviceName() + " of node " + port.getNodeId()
                : "instance " + port.getInstanceId();
    }
}
