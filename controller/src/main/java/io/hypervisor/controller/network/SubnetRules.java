package io.hypervisor.controller.network;

import io.hypervisor.api.v1.IPPool;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.controller.state.HeldAddresses;
import io.hypervisor.core.Violations;
import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.Prefix;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What a subnet's fields may be, and what they are when nobody says. */
public final class SubnetRules {
    private static final int MAX_DNS_SERVERS = 8;
    private static final int MAX_POOLS = 16;
    private static final int MIN_IPV4 = 8;
    private static final int MAX_IPV4 = 30;
    private static final int MIN_IPV6 = 48;
    private static final int MAX_IPV6 = 126;

    private SubnetRules() {}

    /** A checked CIDR; empty with a violation for anything that no subnet may have. */
    public static Optional<Prefix> cidr(Violations v, String field, String cidr) {
        Optional<Prefix> range =
                Addresses.prefix(cidr)
                        .filter(
                                p ->
                                        p.v6()
                                                ? p.length() >= MIN_IPV6 && p.length() <= MAX_IPV6
                                                : p.length() >= MIN_IPV4 && p.length() <= MAX_IPV4);
        v.check(
                range.isPresent(),
                field,
                cidr,
                "an IPv4 range from /8 to /30 or an IPv6 range from /48 to /126, host bits zero");
        range.ifPresent(
                p ->
                        v.check(
                                Addresses.isForHosts(p),
                                field,
                                cidr,
                                "unicast addresses, neither loopback nor link-local"));
        return range;
    }

    /** A gateway in the range, which a host could have; may be empty. */
    public static void gateway(Violations v, String field, Prefix range, String gateway) {
        v.check(
                gateway.isEmpty()
                        || Addresses.address(gateway)
                                .filter(address -> Addresses.isHost(range, address))
                                .isPresent(),
                field,
                gateway,
                "an address in " + range + ", neither its network nor its broadcast address");
    }

    /** DNS servers of the range's family. */
    public static void dnsServers(Violations v, String field, Prefix range, List<String> servers) {
        v.check(
                servers.size() <= MAX_DNS_SERVERS,
                field,
                servers.size() + " servers",
                "at most " + MAX_DNS_SERVERS);
        for (int i = 0; i < servers.size(); i++) {
            v.check(
                    Addresses.address(servers.get(i))
                            .filter(address -> address.v6() == range.v6())
                            .isPresent(),
                    field + "[" + i + "]",
                    servers.get(i),
                    range.v6() ? "an IPv6 address" : "an IPv4 address");
        }
    }

    /** Checked DNS servers in canonical spelling. */
    public static List<String> dnsServers(List<String> servers) {
        return servers.stream().map(Address::parse).map(Address::toString).toList();
    }

    /** Pools in the range that do not overlap. */
    public static void pools(Violations v, String field, Prefix range, List<IPPool> pools) {
        v.check(pools.size() <= MAX_POOLS, field, pools.size() + " ranges", "at most " + MAX_POOLS);
        List<Pool> read = new ArrayList<>();
        for (int i = 0; i < pools.size(); i++) {
            String at = field + "[" + i + "]";
            IPPool pool = pools.get(i);
            Optional<Address> start = within(v, at + ".start", range, pool.getStart());
            Optional<Address> end = within(v, at + ".end", range, pool.getEnd());
            if (start.isEmpty() || end.isEmpty()) {
                continue;
            }
            Pool one = new Pool(start.get(), end.get());
            v.check(
                    one.start.compareTo(one.end) <= 0,
                    at + ".end",
                    pool.getEnd(),
                    "not before start, " + pool.getStart());
            v.check(
                    read.stream().noneMatch(one::overlaps),
                    at,
                    pool.getStart() + "-" + pool.getEnd(),
                    "no address of another pool");
            read.add(one);
        }
    }

    private static Optional<Address> within(
            Violations v, String field, Prefix range, String address) {
        Optional<Address> read = Addresses.address(address).filter(range::contains);
        v.check(read.isPresent(), field, address, "an address in " + range);
        return read;
    }

    /** A range of addresses, both ends included. */
    private record Pool(Address start, Address end) {
        boolean overlaps(Pool other) {
            return start.compareTo(other.end) <= 0 && other.start.compareTo(end) <= 0;
        }

        IPPool toProto() {
            return IPPool.newBuilder().setStart(start.toString()).setEnd(end.toString()).build();
        }
    }

    /**
     * Checked pools in canonical spelling; without any, all that hosts may have but the gateway.
     */
    public static List<IPPool> pools(Prefix range, Address gateway, List<IPPool> pools) {
        if (!pools.isEmpty()) {
            return pools.stream().map(SubnetRules::read).map(Pool::toProto).toList();
        }
        List<Pool> all =
                List.of(
                        new Pool(Addresses.firstHost(range), gateway.step(-1)),
                        new Pool(gateway.step(1), Addresses.lastHost(range)));
        return all.stream()
                .filter(pool -> pool.start.compareTo(pool.end) <= 0)
                .map(Pool::toProto)
                .toList();
    }

    private static Pool read(IPPool pool) {
        return new Pool(Address.parse(pool.getStart()), Address.parse(pool.getEnd()));
    }

    /** A checked subnet's addresses; its names, times and the rest are the caller's. */
    public static Subnet.Builder subnet(Prefix range, Address gateway, List<IPPool> pools) {
        return Subnet.newBuilder()
                .setCidr(range.toString())
                .setIpv6(range.v6())
                .setGatewayIp(gateway.toString())
                .addAllAllocationPools(pools(range, gateway, pools));
    }

    /** A subnet's range. */
    public static Prefix range(Subnet subnet) {
        return Prefix.parse(subnet.getCidr());
    }

    /** The first address from the pools that nothing in {@code held} has. */
    static Optional<Address> nextFree(Subnet subnet, HeldAddresses held) {
        Prefix range = range(subnet);
        for (IPPool pool : subnet.getAllocationPoolsList()) {
            Pool read = read(pool);
            Address first = Addresses.firstHost(range);
            Address last = Addresses.lastHost(range);
            Optional<Address> free =
                    held.nextFree(
                            read.start.compareTo(first) < 0 ? first : read.start,
                            read.end.compareTo(last) > 0 ? last : read.end);
            if (free.isPresent()) {
                return free;
            }
        }
        return Optional.empty();
    }
}
