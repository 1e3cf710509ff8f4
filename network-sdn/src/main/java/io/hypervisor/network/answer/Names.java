package io.hypervisor.network.answer;

import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.LogicalPort;
import io.hypervisor.network.model.LogicalSubnet;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** The names of one network's ports, and whose they are. */
final class Names {
    private static final int MOST_ADDRESSES = 8;
    private static final List<String> REVERSE_IPV4 = List.of("in-addr", "arpa");
    private static final List<String> REVERSE_IPV6 = List.of("ip6", "arpa");

    private final List<String> domain;
    private final List<LogicalSubnet> subnets;
    private final Map<String, List<Address>> addresses = new HashMap<>();
    private final Map<Address, String> hostnames = new HashMap<>();

    Names(String domain, List<LogicalSubnet> subnets, List<LogicalPort> ports) {
        this.domain = labels(domain);
        this.subnets = subnets;
        for (LogicalPort port : ports) {
            List<String> names = port.source().getHostnamesList();
            for (String name : names) {
                List<Address> all =
                        addresses.computeIfAbsent(
                                name.toLowerCase(Locale.ROOT), n -> new ArrayList<>());
                port.addresses().stream().limit(MOST_ADDRESSES - all.size()).forEach(all::add);
            }
            if (!names.isEmpty()) {
                port.addresses().forEach(a -> hostnames.putIfAbsent(a, names.getFirst()));
            }
        }
    }

    static List<String> labels(String name) {
        return Arrays.asList(name.toLowerCase(Locale.ROOT).split("\\."));
    }

    /** The host that a name may mean: "web" or "web.domain"; empty: it is of another domain. */
    Optional<String> host(List<String> name) {
        boolean bare = name.size() == 1;
        boolean full = name.size() > 1 && name.subList(1, name.size()).equals(domain);
        return bare || full ? Optional.of(name.getFirst()) : Optional.empty();
    }

    /** Whether the name is the domain or in it, or without a domain: nobody else knows it. */
    boolean ours(List<String> name) {
        int more = name.size() - domain.size();
        boolean within = more >= 0 && name.subList(more, name.size()).equals(domain);
        return within || name.size() <= 1;
    }

    boolean isDomain(List<String> name) {
        return name.equals(domain);
    }

    Optional<List<Address>> addresses(String host) {
        return Optional.ofNullable(addresses.get(host));
    }

    /** The full name of the host that has an address. */
    Optional<List<String>> name(Address address) {
        return Optional.ofNullable(hostnames.get(address))
                .map(
                        host -> {
                            List<String> name = new ArrayList<>(List.of(host));
                            name.addAll(domain);
                            return name;
                        });
    }

    /** Whether the address is of the network. */
    boolean holds(Address address) {
        return subnets.stream().anyMatch(subnet -> subnet.cidr().contains(address));
    }

    /** The address that a name under in-addr.arpa or ip6.arpa stands for. */
    static Optional<Address> reverse(List<String> name) {
        int count = name.size() - 2;
        boolean v6 = count == 32 && name.subList(count, count + 2).equals(REVERSE_IPV6);
        boolean v4 = count == 4 && name.subList(count, count + 2).equals(REVERSE_IPV4);
        if (!v4 && !v6) {
            return Optional.empty();
        }
        BigInteger bits = BigInteger.ZERO;
        for (String label : name.subList(0, count).reversed()) {
            if (!label.matches(v6 ? "[0-9a-f]" : "[0-9]{1,3}")) {
                return Optional.empty();
            }
            int part = Integer.parseInt(label, v6 ? 16 : 10);
            if (part > 255) {
                return Optional.empty();
            }
            bits = bits.shiftLeft(v6 ? 4 : 8).or(BigInteger.valueOf(part));
        }
        return Optional.of(new Address(v6, bits));
    }

    /** A name as DNS and DHCP carry it. */
    static ByteBuffer encoded(List<String> name) {
        int length = name.stream().mapToInt(label -> label.length() + 1).sum() + 1;
        ByteBuffer out = ByteBuffer.allocate(length);
        for (String label : name) {
            out.put((byte) label.length()).put(label.getBytes(StandardCharsets.ISO_8859_1));
        }
        return out.put((byte) 0).flip();
    }
}
