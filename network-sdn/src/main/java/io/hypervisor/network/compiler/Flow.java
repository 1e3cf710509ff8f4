package io.hypervisor.network.compiler;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;

/**
 * One flow. Stage, priority and matches tell it from others.
 *
 * @param matches in the order of their fields, one of each
 * @param actions none: drop
 * @param cookie see {@link FlowTable#serves}
 */
public record Flow(
        Stage stage, int priority, List<Match> matches, List<Action> actions, long cookie)
        implements Comparable<Flow> {
    private static final Comparator<Flow> ORDER =
            Comparator.comparing(Flow::stage)
                    .thenComparing(Comparator.comparingInt(Flow::priority).reversed())
                    .thenComparing(Flow::matches, Flow::compare);

    public Flow {
        matches = matches.stream().sorted(Comparator.comparing(Match::field)).toList();
        actions = List.copyOf(actions);
    }

    /** As ovs-ofctl reads it and dump-flows shows it. */
    public String text() {
        return "cookie=0x" + Long.toHexString(cookie) + ", " + body();
    }

    /** Without the cookie. */
    String body() {
        return "table="
                + stage.table()
                + ", priority="
                + priority
                + (matches.isEmpty() ? "" : ",")
                + condition(matches)
                + " actions="
                + (actions.isEmpty()
                        ? "drop"
                        : actions.stream().map(Action::text).collect(Collectors.joining(",")));
    }

    /** Table, priority and matches, as ovs-ofctl --strict del-flows reads them. */
    public String key() {
        return "table="
                + stage.table()
                + ",priority="
                + priority
                + (matches.isEmpty() ? "" : ",")
                + condition(matches);
    }

    /** Conditions as flows show them, with the short name of their protocol. */
    static String condition(List<Match> matches) {
        String protocol = protocol(matches);
        List<String> parts = new ArrayList<>();
        if (!protocol.isEmpty()) {
            parts.add(protocol);
        }
        for (Match match : matches) {
            boolean said = match.field() == Field.ETH_TYPE || match.field() == Field.IP_PROTO;
            if (!said || protocol.isEmpty()) {
                parts.add(match.text());
            }
        }
        return String.join(",", parts);
    }

    // The short name for the values of dl_type and nw_proto.
    private static String protocol(List<Match> matches) {
        int type = number(matches, Field.ETH_TYPE);
        int proto = number(matches, Field.IP_PROTO);
        return switch (type) {
            case Match.ARP -> "arp";
            case Match.RARP -> "rarp";
            case Match.IPV4 ->
                    switch (proto) {
                        case Match.ICMP -> "icmp";
                        case Match.TCP -> "tcp";
                        case Match.UDP -> "udp";
                        default -> "ip";
                    };
            case Match.IPV6 ->
                    switch (proto) {
                        case Match.ICMP6 -> "icmp6";
                        case Match.TCP -> "tcp6";
                        case Match.UDP -> "udp6";
                        default -> "ipv6";
                    };
            default -> "";
        };
    }

    private static int number(List<Match> matches, Field field) {
        return matches.stream()
                .filter(match -> match.field() == field)
                .findFirst()
                .map(match -> match.value().intValue())
                .orElse(-1);
    }

    private static int compare(List<Match> left, List<Match> right) {
        for (int i = 0; i < Math.min(left.size(), right.size()); i++) {
            int difference = left.get(i).compareTo(right.get(i));
            if (difference != 0) {
                return difference;
            }
        }
        return Integer.compare(left.size(), right.size());
    }

    @Override
    public int compareTo(Flow other) {
        return ORDER.compare(this, other);
    }
}
