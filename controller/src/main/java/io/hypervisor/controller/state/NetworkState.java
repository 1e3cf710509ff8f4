package io.hypervisor.controller.state;

import com.google.protobuf.Message;

import io.hypervisor.api.internal.v1.AllocationRecord;
import io.hypervisor.api.internal.v1.FloatingIPRecord;
import io.hypervisor.api.internal.v1.NetworkRecord;
import io.hypervisor.api.internal.v1.NodeNetworkState;
import io.hypervisor.api.internal.v1.PortRecord;
import io.hypervisor.api.internal.v1.PortState;
import io.hypervisor.api.internal.v1.RouterRecord;
import io.hypervisor.api.internal.v1.SecurityGroupRecord;
import io.hypervisor.api.internal.v1.SubnetRecord;
import io.hypervisor.api.v1.Port;
import io.hypervisor.network.model.Address;

import org.pcollections.HashTreePMap;
import org.pcollections.PMap;
import org.pcollections.PSortedMap;
import org.pcollections.PSortedSet;
import org.pcollections.TreePMap;
import org.pcollections.TreePSet;

import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * The network's records at one revision: the tables from NETWORK on, with one index of many keys
 * ({@link NetworkKeys}). Immutable; a part of {@link Snapshot}.
 */
public final class NetworkState {
    static final NetworkState EMPTY =
            new NetworkState(
                    HashTreePMap.empty(),
                    HashTreePMap.empty(),
                    HashTreePMap.empty(),
                    HashTreePMap.empty());

    private final PMap<Table, PSortedMap<String, Entry<Message>>> tables;
    private final PMap<String, PSortedSet<String>> index;
    // How many ports of each network a node carries: by network id, by node id.
    private final PMap<String, PMap<String, Integer>> carriers;
    // By subnet id.
    private final PMap<String, HeldAddresses> held;

    private NetworkState(
            PMap<Table, PSortedMap<String, Entry<Message>>> tables,
            PMap<String, PSortedSet<String>> index,
            PMap<String, PMap<String, Integer>> carriers,
            PMap<String, HeldAddresses> held) {
        this.tables = tables;
        this.index = index;
        this.carriers = carriers;
        this.held = held;
    }

    /**
     * This state after an edit of one of its tables.
     *
     * @param placedOn the node that an instance is placed on, or ""
     */
    NetworkState with(Edit edit, long at, UnaryOperator<String> placedOn) {
        String id = edit.id();
        PSortedMap<String, Entry<Message>> table =
                tables.getOrDefault(edit.table(), TreePMap.empty());
        Optional<Message> old = Optional.ofNullable(table.get(id)).map(Entry::value);
        PMap<String, PSortedSet<String>> newIndex = index;
        for (String key : old.map(NetworkKeys::of).orElse(Set.of())) {
            PSortedSet<String> rest = newIndex.get(key).minus(id);
            newIndex = rest.isEmpty() ? newIndex.minus(key) : newIndex.plus(key, rest);
        }
        for (String key : edit.value().map(NetworkKeys::of).orElse(Set.of())) {
            newIndex = newIndex.plus(key, newIndex.getOrDefault(key, TreePSet.empty()).plus(id));
        }
        PMap<String, PMap<String, Integer>> newCarriers = carriers;
        if (edit.table() == Table.PORT) {
            newCarriers = count(newCarriers, old, placedOn, -1);
            newCarriers = count(newCarriers, edit.value(), placedOn, 1);
        }
        table =
                edit.value().isPresent()
                        ? table.plus(id, new Entry<>(edit.value().get(), at))
                        : table.minus(id);
        PMap<String, HeldAddresses> newHeld =
                edit.table() == Table.ALLOCATION ? held(id, edit.value().isPresent()) : held;
        return new NetworkState(tables.plus(edit.table(), table), newIndex, newCarriers, newHeld);
    }

    private PMap<String, HeldAddresses> held(String allocationId, boolean present) {
        String subnet = NetworkKeys.subnetOf(allocationId);
        Address address = NetworkKeys.addressOf(allocationId);
        HeldAddresses before = held(subnet);
        HeldAddresses after = present ? before.plus(address) : before.minus(address);
        return after.count() == 0 ? held.minus(subnet) : held.plus(subnet, after);
    }

    /** This state after an instance has changed its node; "" is none. */
    NetworkState moved(String instanceId, String from, String to) {
        if (from.equals(to)) {
            return this;
        }
        PMap<String, PMap<String, Integer>> next = carriers;
        for (String id : portsOfInstance(instanceId)) {
            Port port = ports().get(id).value().getPort();
            next = count(next, port.getNetworkId(), from, -1);
            next = count(next, port.getNetworkId(), to, 1);
        }
        return new NetworkState(tables, index, next, held);
    }

    private static PMap<String, PMap<String, Integer>> count(
            PMap<String, PMap<String, Integer>> carriers,
            Optional<Message> record,
            UnaryOperator<String> placedOn,
            int change) {
        if (record.isEmpty()) {
            return carriers;
        }
        Port port = ((PortRecord) record.get()).getPort();
        String node =
                port.getInstanceId().isEmpty()
                        ? port.getNodeId()
                        : placedOn.apply(port.getInstanceId());
        return count(carriers, port.getNetworkId(), node, change);
    }

    private static PMap<String, PMap<String, Integer>> count(
            PMap<String, PMap<String, Integer>> carriers, String network, String node, int change) {
        if (node.isEmpty()) {
            return carriers;
        }
        PMap<String, Integer> nodes = carriers.getOrDefault(network, HashTreePMap.empty());
        int number = nodes.getOrDefault(node, 0) + change;
        PMap<String, Integer> next = number == 0 ? nodes.minus(node) : nodes.plus(node, number);
        return next.isEmpty() ? carriers.minus(network) : carriers.plus(network, next);
    }

    // Each table holds one type of record: that of its parser.
    @SuppressWarnings("unchecked")
    private <T extends Message> PSortedMap<String, Entry<T>> table(Table table) {
        return (PSortedMap<String, Entry<T>>)
                (PSortedMap<String, ?>) tables.getOrDefault(table, TreePMap.empty());
    }

    public PSortedMap<String, Entry<NetworkRecord>> networks() {
        return table(Table.NETWORK);
    }

    public PSortedMap<String, Entry<SubnetRecord>> subnets() {
        return table(Table.SUBNET);
    }

    /** By subnet id, a slash and the address in hexadecimal digits, so in order of addresses. */
    public PSortedMap<String, Entry<AllocationRecord>> allocations() {
        return table(Table.ALLOCATION);
    }

    /** Those of one subnet, in order of addresses. */
    public PSortedMap<String, Entry<AllocationRecord>> allocationsOf(String subnetId) {
        // All that begin with the id and a slash: '0' comes after it.
        return allocations().subMap(subnetId + "/", subnetId + "0");
    }

    /** Which addresses of a subnet are held. */
    public HeldAddresses held(String subnetId) {
        return held.getOrDefault(subnetId, HeldAddresses.NONE);
    }

    public PSortedMap<String, Entry<PortRecord>> ports() {
        return table(Table.PORT);
    }

    public PSortedMap<String, Entry<SecurityGroupRecord>> securityGroups() {
        return table(Table.SECURITY_GROUP);
    }

    public PSortedMap<String, Entry<RouterRecord>> routers() {
        return table(Table.ROUTER);
    }

    public PSortedMap<String, Entry<FloatingIPRecord>> floatingIps() {
        return table(Table.FLOATING_IP);
    }

    public PSortedMap<String, Entry<PortState>> portStates() {
        return table(Table.PORT_STATE);
    }

    public PSortedMap<String, Entry<NodeNetworkState>> nodeStates() {
        return table(Table.NODE_NETWORK);
    }

    /** The nodes that carry ports of a network, and how many. */
    public Map<String, Integer> carriers(String networkId) {
        return carriers.getOrDefault(networkId, HashTreePMap.empty());
    }

    /** Ids of the ports that are bound to an instance. */
    public Set<String> portsOfInstance(String instanceId) {
        return find(NetworkKeys.portOfInstance(instanceId));
    }

    /** Ids of the records that have this key; see {@link NetworkKeys}. */
    public PSortedSet<String> find(String key) {
        return index.getOrDefault(key, TreePSet.empty());
    }
}
