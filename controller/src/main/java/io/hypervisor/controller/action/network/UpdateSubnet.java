package io.hypervisor.controller.action.network;

import com.google.protobuf.Timestamp;

import io.hypervisor.api.internal.v1.SubnetRecord;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.api.v1.UpdateSubnetRequest;
import io.hypervisor.controller.action.Action;
import io.hypervisor.controller.network.Lookup;
import io.hypervisor.controller.network.Masks;
import io.hypervisor.controller.network.SubnetRules;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.NetworkKeys;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Violations;
import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.Prefix;

import java.util.List;
import java.util.Set;

/** Writes the fields of a subnet that the mask names. */
public record UpdateSubnet(UpdateSubnetRequest request, Timestamp at) implements Action<Subnet> {
    /** What may be written. */
    public static final Set<String> FIELDS =
            Set.of("name", "dns_servers", "allocation_pools", "enable_dhcp");

    @Override
    public Decision<Subnet> decide(Snapshot now) {
        String id = request.getSubnet().getId();
        SubnetRecord record = Lookup.subnet(now, id, request.getExpectedRevision());
        Subnet old = record.getSubnet();
        check(SubnetRules.range(old));
        Subnet next = Masks.write(old, canonical(old), request.getUpdateMask());
        if (next.equals(old)) {
            return Answers.subnet(id, List.of());
        }
        Lookup.requireFree(
                now,
                Table.SUBNET,
                NetworkKeys.subnetNamed(next.getNetworkId(), next.getName()),
                next.getName(),
                id);
        SubnetRecord written =
                record.toBuilder().setSubnet(next.toBuilder().setUpdatedAt(at)).build();
        return Answers.subnet(id, List.of(Edit.put(Table.SUBNET, id, written)));
    }

    /** What the edge cannot: fields that have to fit the subnet's range. */
    private void check(Prefix range) {
        Violations v = new Violations();
        List<String> written = request.getUpdateMask().getPathsList();
        Subnet subnet = request.getSubnet();
        if (written.contains("dns_servers")) {
            SubnetRules.dnsServers(v, "subnet.dns_servers", range, subnet.getDnsServersList());
        }
        if (written.contains("allocation_pools")) {
            SubnetRules.pools(v, "subnet.allocation_pools", range, subnet.getAllocationPoolsList());
        }
        v.throwIfAny();
    }

    /** The request's fields as they are stored; those that are not written do not matter. */
    private Subnet canonical(Subnet old) {
        Subnet subnet = request.getSubnet();
        Subnet.Builder canonical = subnet.toBuilder().clearDnsServers().clearAllocationPools();
        List<String> written = request.getUpdateMask().getPathsList();
        if (written.contains("dns_servers")) {
            canonical.addAllDnsServers(SubnetRules.dnsServers(subnet.getDnsServersList()));
        }
        if (written.contains("allocation_pools")) {
            canonical.addAllAllocationPools(
                    SubnetRules.pools(
                            SubnetRules.range(old),
                            Address.parse(old.getGatewayIp()),
                            subnet.getAllocationPoolsList()));
        }
        return canonical.build();
    }
}
