package io.hypervisor.controller.network;

import io.hypervisor.api.internal.v1.NetworkRecord;
import io.hypervisor.api.internal.v1.SubnetRecord;
import io.hypervisor.api.v1.Network;
import io.hypervisor.api.v1.NetworkType;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.NetworkKeys;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.network.model.Prefix;

import java.util.List;
import java.util.Optional;

/** The network of instances that name none. */
public final class DefaultNetwork {
    /** How many ids a new one takes: its own, its subnet's and that of the gateway's address. */
    public static final int IDS = 3;

    private DefaultNetwork() {}

    /** Its id, if there is one and it is wanted. */
    public static Optional<String> find(Snapshot now, NetworkConfig config) {
        return config.defaultNetwork().enabled()
                ? now.network().find(key(config)).stream().findFirst()
                : Optional.empty();
    }

    private static String key(NetworkConfig config) {
        return NetworkKeys.networkNamed(Tenants.DEFAULT, config.defaultNetwork().name());
    }

    /** What makes it with a subnet, if it is wanted and there is none of its name. */
    public static List<Edit> edits(Snapshot now, NetworkConfig config, Fresh fresh) {
        boolean missing = now.network().find(key(config)).isEmpty();
        return config.defaultNetwork().enabled() && missing ? make(now, config, fresh) : List.of();
    }

    private static List<Edit> make(Snapshot now, NetworkConfig config, Fresh fresh) {
        Network network =
                Network.newBuilder()
                        .setId(fresh.id())
                        .setName(config.defaultNetwork().name())
                        .setType(NetworkType.NETWORK_TYPE_VXLAN)
                        .setVni(Segments.nextVni(now, config))
                        .setMtu(Segments.OVERLAY_MTU)
                        .setAdminState(true)
                        .setTenantId(Tenants.DEFAULT)
                        .setCreatedAt(fresh.at())
                        .setUpdatedAt(fresh.at())
                        .build();
        Prefix range = Prefix.parse(config.defaultNetwork().cidr());
        Subnet subnet =
                SubnetRules.subnet(range, Addresses.firstHost(range), List.of())
                        .setId(fresh.ids().get(1))
                        .setName(config.defaultNetwork().name())
                        .setNetworkId(network.getId())
                        .setEnableDhcp(true)
                        .setCreatedAt(fresh.at())
                        .setUpdatedAt(fresh.at())
                        .build();
        return List.of(
                Edit.put(
                        Table.NETWORK,
                        network.getId(),
                        NetworkRecord.newBuilder().setNetwork(network).build()),
                Edit.put(
                        Table.SUBNET,
                        subnet.getId(),
                        SubnetRecord.newBuilder().setSubnet(subnet).build()),
                Ipam.gateway(subnet, fresh.ids().get(2)));
    }
}
