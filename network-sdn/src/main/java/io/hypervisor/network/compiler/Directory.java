package io.hypervisor.network.compiler;

import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.LogicalNetwork;
import io.hypervisor.network.model.LogicalPort;
import io.hypervisor.network.model.LogicalRouter;
import io.hypervisor.network.model.LogicalSubnet;
import io.hypervisor.network.model.Mac;
import io.hypervisor.network.model.NodeView;

import java.math.BigInteger;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntUnaryOperator;
import java.util.stream.Stream;

/**
 * What the agent needs to answer the {@link Question}s of the flows of the same view and wiring.
 */
public final class Directory {
    private static final int WORDS_OF_IPV6 = 4;

    private final NodeView view;
    private final Wiring wiring;
    private final Map<Long, LogicalNetwork> networks = new HashMap<>();
    private final Map<Integer, LogicalPort> ports = new HashMap<>();
    private final Map<String, Map<Address, Known>> known = new HashMap<>();
    private final Set<Address> routers = new HashSet<>();
    private final Map<String, LogicalRouter.Interface> routersBySubnet = new HashMap<>();

    public Directory(NodeView view, Wiring wiring) {
        this.view = view;
        this.wiring = wiring;
        Scene scene = Scene.of(view, wiring);
        for (LogicalNetwork network : scene.active()) {
            networks.put(scene.key(network), network);
            Map<Address, Known> addresses = new HashMap<>();
            view.portsOf(network.id())
                    .forEach(port -> Known.of(port).forEach(one -> put(addresses, one)));
            scene.known(network).forEach(one -> put(addresses, one));
            known.put(network.id(), addresses);
        }
        for (LogicalPort port : view.ports().values()) {
            FlowCompiler.plug(wiring, port, view.networks().get(port.networkId()))
                    .ifPresent(plug -> ports.put(plug.ofport(), port));
        }
        for (LogicalRouter router : view.routers().values()) {
            for (LogicalRouter.Interface end : router.interfaces()) {
                routersBySubnet.put(end.subnetId(), end);
                routers.add(end.address());
            }
            router.gateway()
                    .ifPresent(way -> way.addresses().forEach(own -> routers.add(own.address())));
        }
    }

    private static void put(Map<Address, Known> addresses, Known one) {
        addresses.putIfAbsent(one.address(), one);
    }

    /**
     * What the registers of a packet ask; empty: nothing that this view knows, as when it was sent
     * by flows of a former one.
     */
    public Optional<Asked> asked(IntUnaryOperator register) {
        long code = value(register, Field.QUESTION);
        Optional<Question> question =
                Arrays.stream(Question.values()).filter(q -> q.code() == code).findFirst();
        Optional<LogicalNetwork> network =
                Optional.ofNullable(networks.get(value(register, Field.NETWORK)));
        return question.flatMap(q -> network.map(n -> asked(q, n, register)));
    }

    private Asked asked(Question question, LogicalNetwork network, IntUnaryOperator register) {
        Optional<LogicalPort> port = port((int) value(register, Field.SOURCE));
        boolean physical = value(register, Field.ORIGIN) == Origin.PHYSICAL.code();
        return new Asked(
                question,
                network,
                port,
                physical,
                ipv4(register, Field.NEXT_HOP).or(() -> ipv6(register, Field.NEXT_HOP6)),
                ipv4(register, Field.ASKER));
    }

    private static Optional<Address> ipv4(IntUnaryOperator register, Field field) {
        long bits = value(register, field);
        return bits == 0
                ? Optional.empty()
                : Optional.of(new Address(false, BigInteger.valueOf(bits)));
    }

    private static Optional<Address> ipv6(IntUnaryOperator register, Field field) {
        BigInteger bits = BigInteger.ZERO;
        for (int i = 0; i < WORDS_OF_IPV6; i++) {
            long word = Integer.toUnsignedLong(register.applyAsInt(number(field) + i));
            bits = bits.shiftLeft(Integer.SIZE).or(BigInteger.valueOf(word));
        }
        return bits.signum() == 0 ? Optional.empty() : Optional.of(new Address(true, bits));
    }

    private static long value(IntUnaryOperator register, Field field) {
        return Integer.toUnsignedLong(register.applyAsInt(number(field)));
    }

    // "reg7", or "xxreg3", which is registers 12 to 15.
    private static int number(Field field) {
        String symbol = field.symbol();
        return symbol.startsWith("xxreg")
                ? Integer.parseInt(symbol.substring("xxreg".length())) * WORDS_OF_IPV6
                : Integer.parseInt(symbol.substring("reg".length()));
    }

    /** The local port with this interface. */
    public Optional<LogicalPort> port(int ofport) {
        return Optional.ofNullable(ports.get(ofport));
    }

    /** The interfaces of local ports, with the ports. */
    public Map<Integer, LogicalPort> ports() {
        return Map.copyOf(ports);
    }

    public LogicalNetwork network(LogicalPort port) {
        return view.networks().get(port.networkId());
    }

    public List<LogicalSubnet> subnets(LogicalNetwork network) {
        return view.subnetsOf(network.id());
    }

    /** All ports of a network, wherever they are. */
    public List<LogicalPort> ports(LogicalNetwork network) {
        return view.portsOf(network.id());
    }

    /** The interface through which a network's physical hosts are reached; none for an overlay. */
    public Optional<Integer> physical(LogicalNetwork network) {
        return Optional.ofNullable(wiring.patches().get(network.physicalNetwork()));
    }

    /** Addresses that physical hosts find at this node, with the MAC addresses they see. */
    public Map<LogicalNetwork, Map<Address, Neighbour>> atThisNode() {
        Map<LogicalNetwork, Map<Address, Neighbour>> found = new HashMap<>();
        for (LogicalNetwork network : networks.values()) {
            Map<Address, Neighbour> addresses = new HashMap<>();
            known.get(network.id()).values().stream()
                    .filter(one -> !network.overlay() && one.here())
                    .forEach(one -> addresses.put(one.address(), seenFromOutside(one)));
            found.put(network, addresses);
        }
        return found;
    }

    private Neighbour seenFromOutside(Known one) {
        return new Neighbour(one.outside(), routers.contains(one.address()));
    }

    /** A router's end in a subnet; it has the gateway address. */
    public Optional<LogicalRouter.Interface> router(LogicalSubnet subnet) {
        return Optional.ofNullable(routersBySubnet.get(subnet.id()));
    }

    /** The MAC address in whose name a subnet's gateway is spoken for. */
    public Mac gateway(LogicalSubnet subnet) {
        return router(subnet).map(LogicalRouter.Interface::mac).orElse(Mac.GATEWAY);
    }

    /**
     * Who has an address of a network, as far as this node answers for it.
     *
     * @param physical a physical host asks
     */
    public Optional<Neighbour> neighbour(
            LogicalNetwork network, Address address, boolean physical) {
        Known one = known.getOrDefault(network.id(), Map.of()).get(address);
        if (one == null) {
            return physical ? Optional.empty() : unregistered(network, address);
        }
        if (physical) {
            return Optional.of(one).filter(Known::here).map(this::seenFromOutside);
        }
        return Optional.of(new Neighbour(one.mac(), routers.contains(address)));
    }

    // Addresses that nobody registers: a subnet's gateway without a router, and link-local ones.
    private Optional<Neighbour> unregistered(LogicalNetwork network, Address address) {
        Stream<Neighbour> gateways =
                subnets(network).stream()
                        .filter(
                                subnet ->
                                        subnet.gateway().equals(address)
                                                || Address.linkLocal(gateway(subnet))
                                                        .equals(address))
                        .map(subnet -> new Neighbour(gateway(subnet), true));
        Stream<Neighbour> others =
                ports(network).stream()
                        .filter(port -> port.linkLocal().equals(address))
                        .map(port -> new Neighbour(port.mac(), false));
        return Stream.concat(gateways, others).findFirst();
    }

    /** Who has an address, and whether it is a router. */
    public record Neighbour(Mac mac, boolean router) {}
}
