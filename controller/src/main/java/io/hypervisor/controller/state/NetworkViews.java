package io.hypervisor.controller.state;

import io.hypervisor.api.internal.v1.AllocationRecord;
import io.hypervisor.api.internal.v1.NetworkRecord;
import io.hypervisor.api.internal.v1.PortRecord;
import io.hypervisor.api.internal.v1.PortState;
import io.hypervisor.api.internal.v1.SecurityGroupRecord;
import io.hypervisor.api.internal.v1.SubnetRecord;
import io.hypervisor.api.v1.IPAllocation;
import io.hypervisor.api.v1.Network;
import io.hypervisor.api.v1.Port;
import io.hypervisor.api.v1.SecurityGroup;
import io.hypervisor.api.v1.SecurityGroupRule;
import io.hypervisor.api.v1.Subnet;

import java.util.Optional;

/** Joins the network's records to the API's resources. Pure. */
public final class NetworkViews {
    private NetworkViews() {}

    /** The network of this id. */
    public static Optional<Network> network(Snapshot now, String id) {
        return Optional.ofNullable(now.network().networks().get(id)).map(NetworkViews::network);
    }

    private static Network network(Entry<NetworkRecord> entry) {
        return entry.value().getNetwork().toBuilder().setRevision(entry.revision()).build();
    }

    /** The subnet of this id. */
    public static Optional<Subnet> subnet(Snapshot now, String id) {
        return Optional.ofNullable(now.network().subnets().get(id)).map(NetworkViews::subnet);
    }

    private static Subnet subnet(Entry<SubnetRecord> entry) {
        return entry.value().getSubnet().toBuilder().setRevision(entry.revision()).build();
    }

    /** The allocation of this id, as {@link NetworkKeys#allocation} makes it. */
    public static Optional<IPAllocation> allocation(Snapshot now, String id) {
        return Optional.ofNullable(now.network().allocations().get(id))
                .map(entry -> allocation(now.network(), entry));
    }

    /** Who uses a port's own address is the port's affair; of a reserved one it was said. */
    private static IPAllocation allocation(NetworkState state, Entry<AllocationRecord> entry) {
        IPAllocation.Builder view =
                entry.value().getAllocation().toBuilder().setRevision(entry.revision());
        if (entry.value().getHolder() == AllocationRecord.Holder.HOLDER_PORT) {
            view.setInstanceId(
                    state.ports().get(view.getPortId()).value().getPort().getInstanceId());
        }
        return view.build();
    }

    /** The port of this id. */
    public static Optional<Port> port(Snapshot now, String id) {
        return Optional.ofNullable(now.network().ports().get(id)).map(entry -> port(now, entry));
    }

    private static Port port(Snapshot now, Entry<PortRecord> entry) {
        Port port = entry.value().getPort();
        Port.Builder view = port.toBuilder().setRevision(entry.revision());
        String node = now.nodeOf(port);
        view.setNodeId(node);
        if (!entry.value().getRouterId().isEmpty()) {
            return view.setStatus("ACTIVE").build();
        }
        Optional<PortState> reported =
                Optional.ofNullable(now.network().portStates().get(port.getId()))
                        .map(Entry::value)
                        .filter(state -> !node.isEmpty() && state.getNodeId().equals(node));
        if (reported.isPresent()) {
            view.setStatus(reported.get().getStatus()).setStatusReason(reported.get().getReason());
            if (port.getDeviceName().isEmpty()) {
                view.setDeviceName(reported.get().getDeviceName());
            }
        } else if (!node.isEmpty()) {
            view.setStatus("BUILD").setStatusReason("its node has not told of it yet");
        } else {
            boolean bound = !port.getInstanceId().isEmpty();
            view.setStatus("DOWN")
                    .setStatusReason(bound ? "its instance has no node" : "it is not bound");
        }
        return view.build();
    }

    /** The security group of this id, with its rules. */
    public static Optional<SecurityGroup> securityGroup(Snapshot now, String id) {
        return Optional.ofNullable(now.network().securityGroups().get(id))
                .map(NetworkViews::securityGroup);
    }

    private static SecurityGroup securityGroup(Entry<SecurityGroupRecord> entry) {
        SecurityGroup.Builder view = entry.value().getSecurityGroup().toBuilder();
        for (SecurityGroupRule.Builder rule : view.getRulesBuilderList()) {
            // The write that added it is the last one; nobody knew its revision then.
            if (rule.getRevision() == 0) {
                rule.setRevision(entry.revision());
            }
        }
        return view.setRevision(entry.revision()).build();
    }
}
