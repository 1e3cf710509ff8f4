package io.hypervisor.controller.network;

import com.google.protobuf.Timestamp;

import io.hypervisor.api.internal.v1.FloatingIPRecord;
import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.internal.v1.NodeRecord;
import io.hypervisor.api.internal.v1.PortRecord;
import io.hypervisor.api.v1.CreatePortRequest;
import io.hypervisor.api.v1.FloatingIP;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.Network;
import io.hypervisor.api.v1.NetworkSpec;
import io.hypervisor.api.v1.Port;
import io.hypervisor.controller.state.Carriage;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.NetworkKeys;
import io.hypervisor.controller.state.NetworkState;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Fault;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The ports that come and go with instances, in the transactions of these. */
public final class InstancePorts {
    /** How many ids a port takes with all that belongs to it. */
    public static final int IDS = NewPort.IDS + FloatingIps.IDS;

    private static final String FIELD = "spec.network.";

    private InstancePorts() {}

    /** A spec with its network written out, if it asks for one without saying which. */
    public static InstanceSpec withDefaults(Snapshot now, InstanceSpec spec, NetworkConfig config) {
        if (!spec.hasNetwork() || !spec.getNetwork().getNetworkId().isEmpty()) {
            return spec;
        }
        String network =
                DefaultNetwork.find(now, config)
                        .orElseThrow(
                                () ->
                                        Fault.invalid(
                                                FIELD + "network_id",
                                                "",
                                                "a network: the cluster has no default one"));
        InstanceSpec.Builder full = spec.toBuilder();
        full.getNetworkBuilder().setNetworkId(network);
        return full.build();
    }

    /** The port that an instance's spec asks for; nothing if it asks for none. */
    public static List<Edit> wanted(
            Snapshot now, InstanceRecord instance, Fresh fresh, NetworkConfig config) {
        return instance.getSpec().hasNetwork()
                ? make(now, instance, instance.getSpec().getNetwork(), fresh, config)
                : List.of();
    }

    /**
     * The port in the default network of an instance that asks for none, once it is placed on a
     * node that carries that network; nothing if it has one.
     */
    public static List<Edit> unasked(
            Snapshot now,
            InstanceRecord instance,
            String nodeId,
            Fresh fresh,
            NetworkConfig config) {
        if (instance.getSpec().hasNetwork() || has(now, instance.getId())) {
            return List.of();
        }
        return DefaultNetwork.find(now, config)
                .filter(id -> carries(now, nodeId, id))
                .map(id -> NetworkSpec.newBuilder().setNetworkId(id).build())
                .map(spec -> make(now, named(now, instance, spec), spec, fresh, config))
                .orElse(List.of());
    }

    /** Without its name where a port has that: nobody asked for this one. */
    private static InstanceRecord named(Snapshot now, InstanceRecord instance, NetworkSpec spec) {
        String key = NetworkKeys.portNamed(spec.getNetworkId(), instance.getName());
        return now.network().find(key).isEmpty()
                ? instance
                : instance.toBuilder().clearName().build();
    }

    private static boolean carries(Snapshot now, String nodeId, String networkId) {
        Optional<NodeRecord> node = now.node(nodeId).map(entry -> entry.value());
        String physical = Lookup.network(now, networkId, 0).getNetwork().getPhysicalNetwork();
        return node.filter(n -> Carriage.refusal(n, physical).isEmpty()).isPresent();
    }

    private static boolean has(Snapshot now, String instanceId) {
        return now.network().portsOfInstance(instanceId).stream()
                .anyMatch(id -> now.network().ports().get(id).value().getOfInstance());
    }

    private static List<Edit> make(
            Snapshot now,
            InstanceRecord instance,
            NetworkSpec spec,
            Fresh fresh,
            NetworkConfig config) {
        CreatePortRequest request =
                CreatePortRequest.newBuilder()
                        .setName(instance.getName())
                        .setNetworkId(spec.getNetworkId())
                        .setSubnetId(spec.getSubnetId())
                        .addAllSecurityGroups(spec.getSecurityGroupsList())
                        .build();
        NewPort made = NewPort.of(now, request, FIELD, fresh, config);
        PortRecord record =
                PortRecord.newBuilder()
                        .setPort(made.port().toBuilder().setInstanceId(instance.getId()))
                        .setOfInstance(true)
                        .build();
        List<Edit> edits = new ArrayList<>(made.others());
        edits.add(Edit.put(Table.PORT, record.getPort().getId(), record));
        if (spec.getAssignPublicIp()) {
            edits.addAll(publicIp(now, record.getPort(), fresh.after(NewPort.IDS), config));
        }
        return edits;
    }

    private static List<Edit> publicIp(Snapshot now, Port port, Fresh fresh, NetworkConfig config) {
        String field = FIELD + "assign_public_ip";
        if (port.getIpAddress().contains(":")) {
            throw Fault.of(
                    Fault.Kind.FAILED_PRECONDITION,
                    "NOT_IPV4",
                    field
                            + ": value: true (expected: false for an IPv6 address, "
                            + port.getIpAddress()
                            + ")");
        }
        String outside =
                now.network().find(NetworkKeys.routerOfSubnet(port.getSubnetId())).stream()
                        .map(id -> now.network().routers().get(id).value().getRouter())
                        .map(router -> router.getExternalGateway().getNetworkId())
                        .filter(id -> !id.isEmpty())
                        .findFirst()
                        .orElseThrow(
                                () ->
                                        Fault.of(
                                                Fault.Kind.FAILED_PRECONDITION,
                                                "NO_ROUTER",
                                                field
                                                        + ": value: true (expected: a router with"
                                                        + " an external gateway in subnet "
                                                        + port.getSubnetId()
                                                        + ")"));
        FloatingIPRecord.Builder record =
                FloatingIPRecord.newBuilder()
                        .setFloatingIp(
                                FloatingIP.newBuilder()
                                        .setTenantId(port.getTenantId())
                                        .setPortId(port.getId())
                                        .setFixedIp(port.getIpAddress()))
                        .setOfInstance(true);
        Network network = Lookup.network(now, outside, 0).getNetwork();
        return FloatingIps.create(now, record, network, fresh, config);
    }

    /**
     * An instance is forgotten: its own port goes with its address, others are bound to nothing.
     */
    public static List<Edit> leave(Snapshot now, String instanceId, Timestamp at) {
        NetworkState state = now.network();
        List<Edit> edits = new ArrayList<>();
        for (String id : state.portsOfInstance(instanceId)) {
            PortRecord record = state.ports().get(id).value();
            if (record.getOfInstance()) {
                edits.addAll(PortRules.delete(now, record, at));
            } else {
                edits.add(PortRules.unbind(record, at));
                edits.addAll(PortRules.forgetState(state, id));
            }
        }
        return edits;
    }

    /** An instance has left its node: what that said of its ports counts no more. */
    public static List<Edit> moved(Snapshot now, String instanceId) {
        return now.network().portsOfInstance(instanceId).stream()
                .flatMap(id -> PortRules.forgetState(now.network(), id).stream())
                .toList();
    }
}
