package io.hypervisor.network.compiler;

import io.hypervisor.api.v1.EtherType;
import io.hypervisor.api.v1.SecurityGroup;
import io.hypervisor.api.v1.SecurityGroupRule;
import io.hypervisor.network.compiler.Action.Conjunction;
import io.hypervisor.network.compiler.Action.Resubmit;
import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.LogicalPort;
import io.hypervisor.network.model.NodeView;
import io.hypervisor.network.model.Prefix;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

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
record Rules(List<Instance> instances) implements Part {
    private static final int PRIORITY = 50;
    private static final SortedSet<String> NOWHERE = Collections.emptySortedSet();

    /**
     * A rule for ports of one domain, where addresses of a remote group are those of its ports.
     *
     * @param domain empty: the rule has no remote group, and is for ports of all domains
     * @param number of its conjunction
     */
    record Instance(SecurityGroupRule rule, Direction direction, String domain, int number) {
        String name() {
            return rule.getId() + (remoteGroup() ? "/" + domain : "");
        }

        boolean remoteGroup() {
            return !domain.isEmpty();
        }

        boolean v6() {
            return rule.getEtherType() == EtherType.ETHER_TYPE_IPV6;
        }

        int clauses() {
            return remoteGroup() ? 3 : 2;
        }

        Instance numbered(Map<String, Integer> numbers) {
            return new Instance(rule, direction, domain, numbers.get(name()));
        }
    }

    /**
     * What a port has to do with a rule.
     *
     * @param remote it is in the remote group; else the rule is for it
     */
    record Clause(Direction direction, Conjunction conjunction, boolean v6, boolean remote) {}

    /** The rules for plugged ports that pass packets. */
    static Rules of(NodeView view, Collection<LogicalPort> ports) {
        Map<String, SortedSet<String>> domains = new TreeMap<>();
        for (LogicalPort port : ports) {
            String domain = view.domain(port.networkId()).id();
            for (String group : port.groups()) {
                domains.computeIfAbsent(group, id -> new TreeSet<>()).add(domain);
            }
        }
        List<Instance> instances = new ArrayList<>();
        for (Direction direction : Direction.values()) {
            List<Instance> found = new ArrayList<>();
            for (SecurityGroup group : view.groups().values()) {
                for (SecurityGroupRule rule : group.getRulesList()) {
                    if (rule.getDirection() == direction.ofRules) {
                        domains(rule, domains.getOrDefault(group.getId(), NOWHERE))
                                .forEach(d -> found.add(new Instance(rule, direction, d, 0)));
                    }
                }
            }
            Map<String, Integer> numbers = Numbers.of(found.stream().map(Instance::name).toList());
            found.forEach(instance -> instances.add(instance.numbered(numbers)));
        }
        return new Rules(List.copyOf(instances));
    }

    private static Collection<String> domains(SecurityGroupRule rule, SortedSet<String> ofPorts) {
        return rule.getRemoteGroupId().isEmpty() && !ofPorts.isEmpty() ? List.of("") : ofPorts;
    }

    /**
     * The clauses of a port of a domain and these groups.
     *
     * @param passes it is plugged and passes packets
     */
    List<Clause> clauses(String domain, Set<String> groups, boolean passes) {
        List<Clause> clauses = new ArrayList<>();
        for (Instance one : instances) {
            boolean within = !one.remoteGroup() || one.domain().equals(domain);
            if (passes && within && groups.contains(one.rule().getSecurityGroupId())) {
                clauses.add(clause(one, 1, false));
            }
            if (within && one.remoteGroup() && groups.contains(one.rule().getRemoteGroupId())) {
                clauses.add(clause(one, 3, true));
            }
        }
        return List.copyOf(clauses);
    }

    private static Clause clause(Instance one, int clause, boolean remote) {
        Conjunction conjunction = new Conjunction(one.number(), clause, one.clauses());
        return new Clause(one.direction(), conjunction, one.v6(), remote);
    }

    /** The clauses that are about a port. */
    static void write(PortPart part, Flows flows) {
        for (Clause clause : part.clauses()) {
            Direction direction = clause.direction();
            if (clause.remote()) {
                for (Address address : addresses(part.port(), clause.v6())) {
                    flows.in(direction.rules, PRIORITY, part.name())
                            .ip(address.v6())
                            .is(direction.remote(address.v6()), address)
                            .clause(clause.conjunction());
                }
            } else {
                flows.in(direction.rules, PRIORITY, part.name())
                        .is(direction.port, part.plug().orElseThrow().ofport())
                        .clause(clause.conjunction());
            }
        }
    }

    private static List<Address> addresses(LogicalPort member, boolean v6) {
        List<Address> addresses = new ArrayList<>(member.addresses());
        addresses.removeIf(address -> address.v6() != v6);
        if (v6) {
            addresses.add(member.linkLocal());
        }
        return addresses;
    }

    @Override
    public String name() {
        return "security rules";
    }

    @Override
    public void write(Flows flows) {
        for (Instance one : instances) {
            for (List<Match> what : what(one)) {
                Flows.Draft draft = flows.in(one.direction().rules, PRIORITY, name());
                what.forEach(draft::is);
                draft.clause(new Conjunction(one.number(), 2, one.clauses()));
            }
            SecurityGroupRule rule = one.rule();
            String serves = "rule " + rule.getId() + " of group " + rule.getSecurityGroupId();
            flows.in(one.direction().rules, PRIORITY, serves)
                    .is(Field.CONJUNCTION, one.number())
                    .then(new Resubmit(one.direction().allowed));
        }
    }

    private static List<List<Match>> what(Instance instance) {
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
                common.add(Match.of(instance.direction().remote(v6), prefix));
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
}
