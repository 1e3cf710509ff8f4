package io.hypervisor.controller.network;

import com.google.protobuf.Timestamp;

import io.hypervisor.api.internal.v1.AllocationRecord;
import io.hypervisor.api.internal.v1.AllocationRecord.Holder;
import io.hypervisor.api.internal.v1.FloatingIPRecord;
import io.hypervisor.api.internal.v1.PortRecord;
import io.hypervisor.api.v1.Port;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.NetworkKeys;
import io.hypervisor.controller.state.NetworkState;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Fault;

import java.util.ArrayList;
import java.util.List;

/** What becomes of ports and of what hangs on them. */
public final class PortRules {
    private PortRules() {}

    /** FAILED_PRECONDITION for a router's interface, which follows its router. */
    public static void requireNoRouters(PortRecord record) {
        if (!record.getRouterId().isEmpty()) {
            throw Fault.of(
                    Fault.Kind.FAILED_PRECONDITION,
                    "ROUTER_INTERFACE",
                    "port "
                            + record.getPort().getId()
                            + ": is an interface of router "
                            + record.getRouterId()
                            + " (expected: another port; change the router instead)");
        }
    }

    /** Whether something carries the port. */
    public static boolean bound(Port port) {
        return !port.getInstanceId().isEmpty() || !port.getNodeId().isEmpty();
    }

    /** The port bound to nothing; MAC and IP address stay. */
    public static Edit unbind(PortRecord record, Timestamp at) {
        Port port =
                record.getPort().toBuilder()
                        .clearInstanceId()
                        .clearNodeId()
                        .clearDeviceName()
                        .setUpdatedAt(at)
                        .build();
        return Edit.put(Table.PORT, port.getId(), record.toBuilder().setPort(port).build());
    }

    /**
     * Removes a port, its own address and what its node said of it. Floating IPs stay their
     * tenants', and addresses that were reserved for it by hand stay reserved.
     */
    public static List<Edit> delete(Snapshot now, PortRecord record, Timestamp at) {
        NetworkState state = now.network();
        String id = record.getPort().getId();
        List<Edit> edits = new ArrayList<>();
        edits.add(Edit.delete(Table.PORT, id));
        for (String held : state.find(NetworkKeys.allocationOfPort(id))) {
            AllocationRecord allocation = state.allocations().get(held).value();
            edits.add(
                    allocation.getHolder() == Holder.HOLDER_BY_HAND
                            ? Edit.put(Table.ALLOCATION, held, withoutPort(allocation))
                            : Edit.delete(Table.ALLOCATION, held));
        }
        for (String floating : state.find(NetworkKeys.floatingIpOfPort(id))) {
            FloatingIPRecord mapped = state.floatingIps().get(floating).value();
            if (mapped.getOfInstance()) {
                edits.addAll(FloatingIps.delete(now, mapped.getFloatingIp()));
            } else {
                edits.add(FloatingIps.write(mapped, "", "", at));
            }
        }
        edits.addAll(forgetState(state, id));
        return edits;
    }

    private static AllocationRecord withoutPort(AllocationRecord record) {
        AllocationRecord.Builder next = record.toBuilder();
        next.getAllocationBuilder().clearPortId();
        return next.build();
    }

    /** Forgets what a node said of a port that it does not carry any more. */
    public static List<Edit> forgetState(NetworkState state, String portId) {
        return state.portStates().containsKey(portId)
                ? List.of(Edit.delete(Table.PORT_STATE, portId))
                : List.of();
    }
}
