package io.hypervisor.network.compiler;

import io.hypervisor.api.v1.EtherType;
import io.hypervisor.api.v1.SecurityGroup;
import io.hypervisor.api.v1.SecurityGroupRule;
import io.hypervisor.network.compiler.Action.Conjunction;
import io.hypervisor.network.compiler.Action.Resubmit;
import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.Domain;
import io.hypervisor.network.model.LogicalPort;
import io.hypervisor.network.model.Prefix;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What security groups let pass. A rule is a conjunction: its ports, and what it allows, and with a
 * remote group the addresses of that group's ports. So flows are as many as ports, rules and
 * addresses together, and never one times another.
 *
 * <pre>
 * table=61, priority=50,reg3=0x4 actions=conjunction(77,1/3),conjunction(91,1/2)
 * table=61, priority=50,tcp,tp_dst=80 actions=conjunction(77,2/3)
 * table=61, priority=50,ip,nw_src=10.0.0.6 actions=conjunction(77,3/3)
 * table=61, priority=50,conj_id=77 actions=resubmit(,62)
 * </pre>
 */
final class Rules {
    private static final int PRIORITY = 50;

    private final Scene scene;
    private final Flows flows;
    private final Direction direction;
    private final List<Instance> instances = new ArrayList<>();

    /** A rule for ports of one domain, where addresses of a remote group are those of its ports. */
    private record Instance(SecurityGroupRule rule, Domain domain, List<Local> ports) {
        String name() {
            return rule.getId() + (remoteGroup() ? "/" + domain.id() : "");
        }

        boolean remoteGroup() {
            return !rule.getRemoteGroupId().isEmpty();
        }

        boolean v6() {
            return rule.getEtherType() == EtherType.ETHER_TYPE_IPV6;
        }
    }

    private Rules(Scene scene, Flows flows, Direction direction) {
        this.scene = scene;
        this.flows = flows;
        this.direction = direction;
    }

    static void write(Scene scene, Flows flows) {
        for (Direction direction : Direction.values()) {
            new Rules(scene, flows, direction).write();
        }
    }

    private void write() {
        for (SecurityGroup group : scene.view.groups().values()) {
            List<Local> ports =
                    scene.locals.values().stream()
                            .filter(local -> local.up())
                            .filter(local -> local.port().groups().contains(group.getId()))
                            .toList();
            for (SecurityGroupRule rule : group.getRulesList()) {
                if (rule.getDirection() == direction.ofRules && !ports.isEmpty()) {
                    addInstances(rule, ports);
                }
            }
        }
        Map<String, Integer> numbers = Numbers.of(instances.stream().map(Instance::name).toList());
        instances.forEach(instance -> write(instance, numbers.get(instance.name())));
    }

    private void addInstances(SecurityGroupRule rule, List<Local> ports) {
        if (rule.getRemoteGroupId().isEmpty()) {
            instances.add(
                    new Instance(rule, scene.view.domain(ports.get(0).network().id()), ports));
            return;
        }
        ports.stream()
                .map(local -> scene.view.domain(local.network().id()))
                .distinct()
                .forEach(
                        domain -> instances.add(new Instance(rule, domain, within(domain, ports))));
    }

    private static List<Local> within(Domain domain, List<Local> ports) {
        return ports.stream()
                .filter(local -> domain.networks().contains(local.network().id()))
                .toList();
    }

    private void write(Instance instance, int number) {
        SecurityGroupRule rule = instance.rule();
        int clauses = instance.remoteGroup() ? 3 : 2;
        for (Local local : instance.ports()) {
            in(local.name())
                    .is(direction.port, local.ofport())
                    .clause(new Conjunction(number, 1, clauses));
        }
        for (List<Match> what : what(instance)) {
            Flows.Draft draft = in("security rules");
            what.forEach(draft::is);
            draft.clause(new Conjunction(number, 2, clauses));
        }
        if (instance.remoteGroup()) {
            for (LogicalPort member :
                    scene.view.members(rule.getRemoteGroupId(), instance.domain())) {
                for (Address address : addresses(member, instance.v6())) {
                    in("port " + member.id())
                            .ip(address.v6())
                            .is(direction.remote(address.v6()), address)
                            .clause(new Conjunction(number, 3, clauses));
                }
            }
        }
        in("rule " + rule.getId() + " of group " + rule.getSecurityGroupId())
                .is(Field.CONJUNCTION, number)
                .then(new Resubmit(direction.allowed));
    }

    private static List<Address> addresses(LogicalPort member, boolean v6) {
        List<Address> addresses = new ArrayList<>(member.addresses());
        addresses.removeIf(address -> address.v6() != v6);
        if (v6) {
            addresses.add(member.linkLocal());
        }
        return addresses;
    }

    private List<List<Match>> what(Instance instance) {
        SecurityGroupRule rule = instance.rule();
        boolean v6 = instance.v6();
        List<Match> common = new ArrayList<>();
        common.add(Match.of(Field.ETH_TYPE, v6 ? Match.IPV6 : Match.IPV4));
        int protocol =
                switch (rule.getProtocol()) {
                    case "tcp" -> Match.TCP;
                    case "udp" -> Match.UDP;
                    case "icmp" -> v6 ? Match.ICMP6 : Match.ICMP;
                    default -> 0;
                };
        if (protocol > 0) {
            common.add(Match.of(Field.IP_PROTO, protocol));
        }
        if (!rule.getRemoteIpPrefix().isEmpty()) {
            Prefix prefix = Prefix.parse(rule.getRemoteIpPrefix());
            if (prefix.length() > 0) {
                common.add(Match.of(direction.remote(v6), prefix));
            }
        }
        if (rule.getPortRangeMin() == 0) {
            return List.of(common);
        }
        List<List<Match>> each = new ArrayList<>();
        for (Match ports : ports(rule.getPortRangeMin(), rule.getPortRangeMax())) {
            List<Match> all = new ArrayList<>(common);
            all.add(ports);
            each.add(all);
        }
        return each;
    }

    /** The fewest values under masks that are just the ports from first to last. */
    static List<Match> ports(int first, int last) {
        List<Match> blocks = new ArrayList<>();
        int from = first;
        while (from <= last) {
            int size = Integer.lowestOneBit(from | 0x10000);
            while (from + size - 1 > last) {
                size >>= 1;
            }
            blocks.add(Match.masked(Field.PORT_DST, from, 0xFFFF & -size));
            from += size;
        }
        return blocks;
    }

    private Flows.Draft in(String serves) {
        return flows.in(direction.rules, PRIORITY, serves);
    }
}
