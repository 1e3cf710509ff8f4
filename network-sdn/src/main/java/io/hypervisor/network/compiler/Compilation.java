package io.hypervisor.network.compiler;

import io.hypervisor.network.compiler.Flows.Place;
import io.hypervisor.network.compiler.Flows.Written;
import io.hypervisor.network.model.NodeView;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A table that is kept: only what depends on what changed is written anew, and the table is the
 * same as if all of it were. Not for several threads.
 */
public final class Compilation {
    private Map<String, Output> outputs = Map.of();
    private final Map<Place, List<Claim>> claims = new HashMap<>();
    private final Map<Place, Flow> flows = new HashMap<>();
    private final Map<Place, List<String>> conflicts = new HashMap<>();

    /** What a part wrote. */
    private static final class Output {
        final Part part;
        final Flows flows = new Flows();
        int position;

        Output(Part part) {
            this.part = part;
            part.write(flows);
        }
    }

    /** A part wrote something there, as its flow of this number. */
    private record Claim(Output by, int number) {
        private static final Comparator<Claim> ORDER =
                Comparator.<Claim>comparingInt(claim -> claim.by().position)
                        .thenComparingInt(Claim::number);

        Written written() {
            return by.flows.written().get(number);
        }
    }

    /**
     * Makes the table that of a view and a wiring.
     *
     * @return what that changes
     */
    public FlowChanges update(NodeView view, Wiring wiring) {
        Map<String, Output> next = new HashMap<>();
        Set<Place> touched = new HashSet<>();
        List<Output> added = new ArrayList<>();
        int position = 0;
        for (Part part : FlowCompiler.parts(view, wiring)) {
            Output output = outputs.get(part.name());
            if (output == null || !output.part.equals(part)) {
                output = new Output(part);
                added.add(output);
            }
            output.position = position++;
            next.put(part.name(), output);
        }
        outputs.forEach(
                (name, output) -> {
                    if (next.get(name) != output) {
                        withdraw(output, touched);
                    }
                });
        added.forEach(output -> claim(output, touched));
        outputs = next;
        return settle(touched);
    }

    private void withdraw(Output output, Set<Place> touched) {
        for (Written written : output.flows.written()) {
            Place place = Place.of(written.flow());
            touched.add(place);
            claims.computeIfPresent(
                    place,
                    (p, all) -> {
                        List<Claim> rest =
                                all.stream().filter(claim -> claim.by() != output).toList();
                        return rest.isEmpty() ? null : rest;
                    });
        }
    }

    private void claim(Output output, Set<Place> touched) {
        List<Written> written = output.flows.written();
        for (int i = 0; i < written.size(); i++) {
            Place place = Place.of(written.get(i).flow());
            touched.add(place);
            claims.merge(place, List.of(new Claim(output, i)), Compilation::concatenated);
        }
    }

    private static <T> List<T> concatenated(List<T> first, List<T> second) {
        List<T> both = new ArrayList<>(first);
        both.addAll(second);
        return both;
    }

    private FlowChanges settle(Set<Place> touched) {
        List<Flow> removed = new ArrayList<>();
        List<Flow> put = new ArrayList<>();
        for (Place place : touched) {
            Flow before = flows.get(place);
            conflicts.remove(place);
            if (!claims.containsKey(place)) {
                if (before != null) {
                    removed.add(flows.remove(place));
                }
                continue;
            }
            Flow after = resolve(place);
            if (!after.equals(before)) {
                flows.put(place, after);
                put.add(after);
            }
        }
        return new FlowChanges(
                List.copyOf(removed), List.copyOf(put), meters(), conflicts(), flows.size());
    }

    /** What is first keeps what several claim, but clauses are joined. */
    private Flow resolve(Place place) {
        List<Claim> all = claims.get(place).stream().sorted(Claim.ORDER).toList();
        Written first = all.getFirst().written();
        Flow flow = first.flow();
        for (Claim claim : all.subList(1, all.size())) {
            Written other = claim.written();
            if (other.clause()) {
                flow = joined(flow, other.flow());
            } else if (!other.flow().actions().equals(flow.actions())) {
                conflicts.merge(
                        place,
                        List.of(
                                other.serves()
                                        + " is shadowed by "
                                        + first.serves()
                                        + ": "
                                        + other.flow().body()),
                        Compilation::concatenated);
            }
        }
        return flow;
    }

    private static Flow joined(Flow old, Flow added) {
        List<Action> actions = new ArrayList<>(old.actions());
        actions.removeAll(added.actions());
        actions.addAll(added.actions());
        return new Flow(old.stage(), old.priority(), old.matches(), actions, old.cookie());
    }

    private SortedSet<Meter> meters() {
        SortedSet<Meter> meters = new TreeSet<>();
        outputs.values().forEach(output -> meters.addAll(output.flows.meters()));
        return Collections.unmodifiableSortedSet(meters);
    }

    private List<String> conflicts() {
        return conflicts.values().stream().flatMap(List::stream).sorted().toList();
    }

    /** All of it. */
    public FlowTable table() {
        SortedMap<Long, String> served = new TreeMap<>();
        outputs.values().forEach(output -> served.putAll(output.flows.served()));
        return new FlowTable(
                Collections.unmodifiableSortedSet(new TreeSet<>(flows.values())),
                meters(),
                Collections.unmodifiableSortedMap(served),
                conflicts());
    }
}
