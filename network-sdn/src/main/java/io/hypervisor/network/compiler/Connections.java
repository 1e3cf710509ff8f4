package io.hypervisor.network.compiler;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Connection tracking as the switch does it, as far as flows can tell: there and back, translation,
 * the mark. Connections do not age, and the flags of TCP are not looked at.
 */
final class Connections {
    private static final Map<Integer, Integer> ECHO =
            Map.of(
                    8,
                    0,
                    0,
                    8,
                    Icmp6.ECHO_REQUEST,
                    Icmp6.ECHO_REPLY,
                    Icmp6.ECHO_REPLY,
                    Icmp6.ECHO_REQUEST);

    private record Zone(String node, int number) {}

    // Of ICMP, the type there and the type back stand for the ports.
    private record Tuple(
            int protocol,
            boolean v6,
            BigInteger source,
            BigInteger target,
            int sourcePort,
            int targetPort) {
        static Tuple of(Map<Field, BigInteger> packet) {
            boolean v6 = packet.containsKey(Field.IP6_SRC);
            int sourcePort = number(packet, Field.PORT_SRC);
            int targetPort = number(packet, Field.PORT_DST);
            Field type = v6 ? Field.ICMP6_TYPE : Field.ICMP_TYPE;
            if (packet.containsKey(type)) {
                sourcePort = number(packet, type);
                targetPort = ECHO.getOrDefault(sourcePort, sourcePort);
            }
            return new Tuple(
                    number(packet, Field.IP_PROTO),
                    v6,
                    packet.get(v6 ? Field.IP6_SRC : Field.IP_SRC),
                    packet.get(v6 ? Field.IP6_DST : Field.IP_DST),
                    sourcePort,
                    targetPort);
        }

        private static int number(Map<Field, BigInteger> packet, Field field) {
            return packet.getOrDefault(field, BigInteger.ZERO).intValue();
        }

        Tuple reversed() {
            return new Tuple(protocol, v6, target, source, targetPort, sourcePort);
        }

        void writeTo(Map<Field, BigInteger> packet) {
            packet.put(v6 ? Field.IP6_SRC : Field.IP_SRC, source);
            packet.put(v6 ? Field.IP6_DST : Field.IP_DST, target);
        }
    }

    private static final class Connection {
        final Tuple there;
        final Tuple back;
        boolean replied;
        int mark;

        Connection(Tuple there, Tuple back) {
            this.there = there;
            this.back = back;
        }

        Connection copy() {
            Connection copy = new Connection(there, back);
            copy.replied = replied;
            copy.mark = mark;
            return copy;
        }
    }

    private final Map<Zone, List<Connection>> zones = new HashMap<>();

    Connections copy() {
        Connections copy = new Connections();
        zones.forEach(
                (zone, all) ->
                        copy.zones.put(
                                zone,
                                new ArrayList<>(all.stream().map(Connection::copy).toList())));
        return copy;
    }

    /** Writes what is known of the packet's connection into its ct fields. */
    void track(String node, int zone, Map<Field, BigInteger> packet) {
        Tuple tuple = Tuple.of(packet);
        Optional<Connection> found = find(node, zone, tuple);
        int state = CtState.TRACKED;
        if (found.isPresent()) {
            Connection connection = found.get();
            boolean reply = connection.back.equals(tuple);
            connection.replied |= reply;
            state |= connection.replied ? CtState.ESTABLISHED : CtState.NEW;
            state |= reply ? CtState.REPLY : 0;
        } else {
            state |= opens(packet) ? CtState.NEW : CtState.INVALID;
        }
        packet.put(Field.CT_STATE, BigInteger.valueOf(state));
        packet.put(Field.CT_MARK, BigInteger.valueOf(found.map(c -> c.mark).orElse(0)));
    }

    /** Remembers the connection of a tracked packet, and its mark. */
    void commit(String node, int zone, Map<Field, BigInteger> packet, int mark) {
        if (invalid(packet)) {
            return;
        }
        Tuple tuple = Tuple.of(packet);
        Connection connection =
                find(node, zone, tuple)
                        .orElseGet(() -> add(node, zone, new Connection(tuple, tuple.reversed())));
        connection.mark = mark;
    }

    /** Tracks, remembers and translates; a known connection keeps its translation. */
    void translate(String node, Action.Translate action, Map<Field, BigInteger> packet) {
        track(node, action.zone(), packet);
        if (invalid(packet)) {
            return;
        }
        Tuple tuple = Tuple.of(packet);
        if (find(node, action.zone(), tuple).isEmpty()) {
            BigInteger to = action.to().bits();
            Tuple translated =
                    new Tuple(
                            tuple.protocol,
                            tuple.v6,
                            action.source() ? to : tuple.source,
                            action.source() ? tuple.target : to,
                            tuple.sourcePort,
                            tuple.targetPort);
            if (find(node, action.zone(), translated.reversed()).isPresent()) {
                // The switch would take another source port, which nobody can foretell.
                throw new IllegalStateException("two connections translate alike: " + translated);
            }
            add(node, action.zone(), new Connection(tuple, translated.reversed()));
        }
        apply(node, action.zone(), packet);
    }

    /** Tracks, and translates a packet of a translated connection. */
    void untranslate(String node, int zone, Map<Field, BigInteger> packet) {
        track(node, zone, packet);
        apply(node, zone, packet);
    }

    private void apply(String node, int zone, Map<Field, BigInteger> packet) {
        Tuple tuple = Tuple.of(packet);
        find(node, zone, tuple)
                .ifPresent(
                        connection -> {
                            Tuple other =
                                    connection.there.equals(tuple)
                                            ? connection.back
                                            : connection.there;
                            other.reversed().writeTo(packet);
                        });
    }

    private Connection add(String node, int zone, Connection connection) {
        zones.computeIfAbsent(new Zone(node, zone), z -> new ArrayList<>()).add(connection);
        return connection;
    }

    private Optional<Connection> find(String node, int zone, Tuple tuple) {
        return zones.getOrDefault(new Zone(node, zone), List.of()).stream()
                .filter(c -> c.there.equals(tuple) || c.back.equals(tuple))
                .findFirst();
    }

    private static boolean invalid(Map<Field, BigInteger> packet) {
        return (packet.get(Field.CT_STATE).intValue() & CtState.INVALID) != 0;
    }

    // Only a request opens a connection of ICMP.
    private static boolean opens(Map<Field, BigInteger> packet) {
        if (packet.containsKey(Field.ICMP_TYPE)) {
            return packet.get(Field.ICMP_TYPE).intValue() == 8;
        }
        return !packet.containsKey(Field.ICMP6_TYPE)
                || packet.get(Field.ICMP6_TYPE).intValue() == Icmp6.ECHO_REQUEST;
    }
}
