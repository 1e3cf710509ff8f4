package io.hypervisor.network.compiler;

import io.hypervisor.api.internal.v1.NodeFloatingIP;
import io.hypervisor.api.internal.v1.NodePort;
import io.hypervisor.api.internal.v1.NodeRouter;
import io.hypervisor.api.internal.v1.RouterInterface;
import io.hypervisor.api.v1.EtherType;
import io.hypervisor.api.v1.FixedIP;
import io.hypervisor.api.v1.Network;
import io.hypervisor.api.v1.NetworkType;
import io.hypervisor.api.v1.Route;
import io.hypervisor.api.v1.SecurityGroupRule;
import io.hypervisor.api.v1.SecurityRuleDirection;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.Prefix;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * What the logical model says of the first packet of a flow. It knows nothing of nodes, tables and
 * flows, but that a router's way out needs a node.
 */
final class Oracle {
    /** The first packet of a flow. Port 0: ping. */
    record Probe(String port, Address source, Address target, String protocol, int number) {}

    /** What becomes of it. */
    sealed interface Fate {}

    /** A port gets it, under these addresses. */
    record Delivered(String port, Address source, Address target) implements Fate {}

    /** A host outside of the cluster gets it, if there is one. */
    record Left(Address source, Address hop) implements Fate {}

    /** A router answers. */
    record Answered() implements Fate {}

    /** Nobody gets it. */
    record Dropped(String why) implements Fate {}

    private final Topology topology;

    /** It depends on who else has the sender's untranslated address. */
    record Unsure() implements Fate {}

    Oracle(Topology topology) {
        this.topology = topology;
    }

    Fate fate(Probe probe) {
        NodePort port = topology.ports.get(probe.port);
        if (!up(port)) {
            return new Dropped("sender is down");
        }
        if (!allowed(
                port, SecurityRuleDirection.SECURITY_RULE_DIRECTION_EGRESS, probe.target, probe)) {
            return new Dropped("egress");
        }
        String network = port.getPort().getNetworkId();
        Subnet subnet = subnet(network, probe.source).orElseThrow();
        if (cidr(subnet).contains(probe.target)) {
            return inNetwork(network, probe.source, probe.target, probe.target, probe, true);
        }
        return interfaces()
                .filter(end -> end.end.getSubnetId().equals(subnet.getId()))
                .map(end -> routed(end.router, probe.source, probe.target, probe, false))
                .findFirst()
                .orElse(new Dropped("no router"));
    }

    private record End(NodeRouter router, RouterInterface end) {}

    private Stream<End> interfaces() {
        return topology.routers.values().stream()
                .flatMap(
                        router -> router.getInterfacesList().stream().map(e -> new End(router, e)));
    }

    // Handed to whoever has the hop's address in the network.
    private Fate inNetwork(
            String id, Address source, Address target, Address hop, Probe probe, boolean direct) {
        Network network = topology.networks.get(id);
        if (!network.getAdminState()) {
            return new Dropped("network is down");
        }
        for (NodePort port : topology.ports.values()) {
            if (port.getPort().getNetworkId().equals(id)
                    && !port.getRouterInterface()
                    && !port.getPort().getNodeId().isEmpty()
                    && addresses(port).contains(hop)) {
                if (direct && port.getPort().getId().equals(probe.port)) {
                    return new Dropped("to itself");
                }
                return deliver(port, source, target, probe);
            }
        }
        Optional<End> end =
                interfaces()
                        .filter(e -> e.end.getNetworkId().equals(id))
                        .filter(e -> Address.parse(e.end.getIpAddress()).equals(hop))
                        .findFirst();
        if (end.isPresent()) {
            return routed(end.get().router, source, target, probe, false);
        }
        for (NodeFloatingIP floating : topology.floatingIps.values()) {
            if (Address.parse(floating.getFloatingIp().getFloatingIp()).equals(hop)
                    && floating.getFloatingIp().getFloatingNetworkId().equals(id)
                    && translates(floating)) {
                return entered(router(floating), source, target, probe);
            }
        }
        for (NodeRouter router : topology.routers.values()) {
            if (leadsOut(router, id) && gatewayAddresses(router).anyMatch(hop::equals)) {
                return entered(router, source, target, probe);
            }
        }
        return network.getType() == NetworkType.NETWORK_TYPE_VXLAN
                ? new Dropped("nobody has " + hop)
                : new Left(source, hop);
    }

    private Fate deliver(NodePort port, Address source, Address target, Probe probe) {
        if (!up(port)) {
            return new Dropped("receiver is down");
        }
        return allowed(port, SecurityRuleDirection.SECURITY_RULE_DIRECTION_INGRESS, source, probe)
                ? new Delivered(port.getPort().getId(), source, target)
                : new Dropped("ingress");
    }

    private Fate routed(
            NodeRouter router, Address source, Address target, Probe probe, boolean outside) {
        if (!router.getRouter().getAdminState()) {
            return new Dropped("router is down");
        }
        if (router.getInterfacesList().stream()
                .anyMatch(end -> Address.parse(end.getIpAddress()).equals(target))) {
            return answer(probe);
        }
        for (RouterInterface end : router.getInterfacesList()) {
            if (cidr(topology.subnets.get(end.getSubnetId())).contains(target)) {
                return inNetwork(end.getNetworkId(), source, target, target, probe, false);
            }
        }
        for (FixedIP fixed : router.getRouter().getExternalGateway().getExternalFixedIpsList()) {
            if (cidr(topology.subnets.get(fixed.getSubnetId())).contains(target)) {
                return leaves(router, source, target, target, probe, outside);
            }
        }
        Optional<Route> route =
                router.getRouter().getRoutesList().stream()
                        .filter(r -> Prefix.parse(r.getDestination()).contains(target))
                        .max(
                                Comparator.comparingInt(
                                        r -> Prefix.parse(r.getDestination()).length()));
        if (route.isPresent()) {
            Address hop = Address.parse(route.get().getNexthop());
            for (RouterInterface end : router.getInterfacesList()) {
                if (cidr(topology.subnets.get(end.getSubnetId())).contains(hop)) {
                    return inNetwork(end.getNetworkId(), source, target, hop, probe, false);
                }
            }
        }
        for (FixedIP fixed : router.getRouter().getExternalGateway().getExternalFixedIpsList()) {
            Subnet subnet = topology.subnets.get(fixed.getSubnetId());
            if (subnet.getIpv6() == target.v6()) {
                Address hop = Address.parse(subnet.getGatewayIp());
                return leaves(router, source, target, hop, probe, outside);
            }
        }
        return new Dropped("no route");
    }

    private Fate leaves(
            NodeRouter router,
            Address source,
            Address target,
            Address hop,
            Probe probe,
            boolean outside) {
        if (outside) {
            return new Dropped("from outside to outside");
        }
        String network = router.getRouter().getExternalGateway().getNetworkId();
        for (NodeFloatingIP floating : topology.floatingIps.values()) {
            if (floating.getRouterId().equals(router.getRouter().getId())
                    && Address.parse(floating.getFloatingIp().getFixedIp()).equals(source)
                    && translates(floating)) {
                Address own = Address.parse(floating.getFloatingIp().getFloatingIp());
                return inNetwork(network, own, target, hop, probe, false);
            }
        }
        if (!leadsOut(router, network)) {
            return new Dropped("no way out");
        }
        boolean translate = router.getRouter().getExternalGateway().getEnableSnat() && !source.v6();
        if (gatewayAddresses(router).anyMatch(target::equals)) {
            return answer(probe);
        }
        Address seen =
                translate
                        ? gatewayAddresses(router).filter(a -> !a.v6()).findFirst().orElseThrow()
                        : source;
        return inNetwork(network, seen, target, hop, probe, false);
    }

    private Fate entered(NodeRouter router, Address source, Address target, Probe probe) {
        for (NodeFloatingIP floating : topology.floatingIps.values()) {
            if (floating.getRouterId().equals(router.getRouter().getId())
                    && Address.parse(floating.getFloatingIp().getFloatingIp()).equals(target)
                    && translates(floating)) {
                Address fixed = Address.parse(floating.getFloatingIp().getFixedIp());
                return routed(router, source, fixed, probe, true);
            }
        }
        if (gatewayAddresses(router).anyMatch(target::equals)) {
            String network = router.getRouter().getExternalGateway().getNetworkId();
            return subnet(network, source).isPresent() ? answer(probe) : new Unsure();
        }
        return target.v6() || !router.getRouter().getExternalGateway().getEnableSnat()
                ? routed(router, source, target, probe, true)
                : new Dropped("not translated");
    }

    private static Fate answer(Probe probe) {
        return probe.protocol.equals("icmp") ? new Answered() : new Dropped("to a router");
    }

    private boolean translates(NodeFloatingIP floating) {
        return !floating.getNodeId().isEmpty()
                && router(floating).getRouter().getAdminState()
                && topology.networks
                        .get(floating.getFloatingIp().getFloatingNetworkId())
                        .getAdminState();
    }

    private NodeRouter router(NodeFloatingIP floating) {
        return topology.routers.get(floating.getRouterId());
    }

    private boolean leadsOut(NodeRouter router, String network) {
        return router.getRouter().hasExternalGateway()
                && router.getRouter().getAdminState()
                && router.getRouter().getExternalGateway().getNetworkId().equals(network)
                && topology.networks.get(network).getAdminState()
                && !router.getGatewayNodeId().isEmpty();
    }

    private static Stream<Address> gatewayAddresses(NodeRouter router) {
        return router.getRouter().getExternalGateway().getExternalFixedIpsList().stream()
                .map(fixed -> Address.parse(fixed.getIpAddress()));
    }

    private boolean up(NodePort port) {
        return port.getPort().getAdminState()
                && topology.networks.get(port.getPort().getNetworkId()).getAdminState();
    }

    private boolean allowed(NodePort port, SecurityRuleDirection way, Address other, Probe probe) {
        return port.getPort().getSecurityGroupsList().stream()
                .flatMap(group -> topology.groups.get(group).getRulesList().stream())
                .filter(rule -> rule.getDirection() == way)
                .filter(rule -> (rule.getEtherType() == EtherType.ETHER_TYPE_IPV6) == other.v6())
                .filter(rule -> List.of("any", probe.protocol).contains(rule.getProtocol()))
                .filter(
                        rule ->
                                rule.getPortRangeMin() == 0
                                        || (rule.getPortRangeMin() <= probe.number
                                                && probe.number <= rule.getPortRangeMax()))
                .anyMatch(rule -> concerns(rule, port, other));
    }

    private boolean concerns(SecurityGroupRule rule, NodePort port, Address other) {
        if (!rule.getRemoteIpPrefix().isEmpty()) {
            return Prefix.parse(rule.getRemoteIpPrefix()).contains(other);
        }
        if (rule.getRemoteGroupId().isEmpty()) {
            return true;
        }
        Set<String> domain = domain(port.getPort().getNetworkId());
        return topology.ports.values().stream()
                .filter(member -> domain.contains(member.getPort().getNetworkId()))
                .filter(
                        member ->
                                member.getPort()
                                        .getSecurityGroupsList()
                                        .contains(rule.getRemoteGroupId()))
                .anyMatch(member -> addresses(member).contains(other));
    }

    private Set<String> domain(String network) {
        Set<String> domain = new TreeSet<>(Set.of(network));
        boolean grows = true;
        while (grows) {
            grows = false;
            for (NodeRouter router : topology.routers.values()) {
                List<String> ends =
                        router.getInterfacesList().stream()
                                .map(RouterInterface::getNetworkId)
                                .toList();
                if (ends.stream().anyMatch(domain::contains)) {
                    grows |= domain.addAll(ends);
                }
            }
        }
        return domain;
    }

    Optional<Subnet> subnet(String network, Address address) {
        return topology.subnets.values().stream()
                .filter(subnet -> subnet.getNetworkId().equals(network))
                .filter(subnet -> cidr(subnet).contains(address))
                .findFirst();
    }

    static Prefix cidr(Subnet subnet) {
        return Prefix.parse(subnet.getCidr());
    }

    static List<Address> addresses(NodePort port) {
        return port.getAddressesList().stream().map(Address::parse).toList();
    }
}
