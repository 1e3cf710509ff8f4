package io.hypervisor.network.compiler;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** Finds the flow that a packet matches, as the switch does. */
final class Lookup {
    // By stage, the highest priority first.
    private final Map<Stage, SortedMap<Integer, List<Flow>>> flows = new EnumMap<>(Stage.class);

    Lookup(Collection<Flow> all) {
        for (Flow flow : all) {
            flows.computeIfAbsent(flow.stage(), s -> new TreeMap<>(Comparator.reverseOrder()))
                    .computeIfAbsent(flow.priority(), p -> new ArrayList<>())
                    .add(flow);
        }
    }

    /** The flow that decides; of a conjunction, the one that matches its number. */
    Optional<Flow> find(Stage stage, Map<Field, BigInteger> packet) {
        for (List<Flow> equals : flows.getOrDefault(stage, new TreeMap<>()).values()) {
            Map<Integer, BitSet> clauses = new TreeMap<>();
            for (Flow flow : equals) {
                if (!matches(flow, packet)) {
                    continue;
                }
                if (!(flow.actions().stream().findFirst().orElse(null)
                        instanceof Action.Conjunction)) {
                    return Optional.of(flow);
                }
                for (Action action : flow.actions()) {
                    Action.Conjunction clause = (Action.Conjunction) action;
                    clauses.computeIfAbsent(clause.id(), id -> missing(clause.of()))
                            .clear(clause.clause());
                }
            }
            for (Map.Entry<Integer, BitSet> conjunction : clauses.entrySet()) {
                if (conjunction.getValue().isEmpty()) {
                    return Optional.of(ofConjunction(stage, conjunction.getKey()));
                }
            }
        }
        return Optional.empty();
    }

    private static BitSet missing(int clauses) {
        BitSet missing = new BitSet();
        missing.set(1, clauses + 1);
        return missing;
    }

    private Flow ofConjunction(Stage stage, int number) {
        return flows.get(stage).values().stream()
                .flatMap(List::stream)
                .filter(
                        flow ->
                                flow.matches().stream()
                                        .anyMatch(m -> m.is(Field.CONJUNCTION, number)))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("no flow for conjunction " + number));
    }

    private static boolean matches(Flow flow, Map<Field, BigInteger> packet) {
        for (Match match : flow.matches()) {
            BigInteger value = packet.get(match.field());
            if (value == null) {
                if (!match.field().ofTheSwitch()) {
                    return false;
                }
                value = BigInteger.ZERO;
            }
            if (!match.holds(value)) {
                return false;
            }
        }
        return true;
    }
}
