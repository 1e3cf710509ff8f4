package io.hypervisor.controller.edge;

import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.ListInstancesRequest;
import io.hypervisor.api.v1.ListInstancesResponse;
import io.hypervisor.api.v1.WatchInstanceRequest;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Views;

import java.util.Iterator;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** Lists a snapshot's instances, local ones included. Pure. */
public final class InstanceLists {
    private InstanceLists() {}

    /** The page that a checked request asks for. */
    public static ListInstancesResponse list(Snapshot now, ListInstancesRequest request) {
        ListInstancesRequest filters = request.toBuilder().clearPageSize().clearPageToken().build();
        Pages.Cursor cursor =
                Pages.of(now).open(filters, request.getPageSize(), request.getPageToken());
        Iterator<Instance> rest = matching(now, request, cursor.after()).iterator();
        Pages.Page<Instance> page = cursor.take(rest, Instance::getId);
        return ListInstancesResponse.newBuilder()
                .addAllInstances(page.items())
                .setNextPageToken(page.nextToken())
                .setTotalCount(count(now, request))
                .setRevision(now.revision())
                .build();
    }

    private static Stream<Instance> matching(
            Snapshot now, ListInstancesRequest request, String after) {
        Predicate<Instance> test =
                test(
                        request.getType(),
                        request.getState(),
                        request.getNodeId(),
                        request.getLabelSelectorMap());
        String name = request.getName();
        return ids(now, request, after)
                .flatMap(id -> Views.instance(now, id).stream())
                .filter(instance -> name.isEmpty() || instance.getName().equals(name))
                .filter(test);
    }

    /** The ids that may match, in order, those up to {@code after} left out. */
    private static Stream<String> ids(Snapshot now, ListInstancesRequest request, String after) {
        if (!request.getName().isEmpty()) {
            NavigableSet<String> named = new TreeSet<>();
            now.instanceByName(request.getName()).ifPresent(named::add);
            now.locals().values().stream()
                    .map(local -> local.value().getInstance())
                    .filter(instance -> instance.getName().equals(request.getName()))
                    .forEach(instance -> named.add(instance.getId()));
            return named.stream().filter(id -> id.compareTo(after) > 0);
        }
        String node = request.getNodeId();
        return node.isEmpty()
                ? merge(tail(now.instances(), after), tail(now.locals(), after))
                : merge(tail(now.placedOn(node), after), tail(now.localOn(node), after));
    }

    private static int count(Snapshot now, ListInstancesRequest request) {
        String node = request.getNodeId();
        boolean scan =
                request.getTypeValue() != 0
                        || request.getStateValue() != 0
                        || request.getLabelSelectorCount() > 0
                        || !request.getName().isEmpty();
        if (scan) {
            return (int) matching(now, request, "").count();
        }
        return node.isEmpty()
                ? now.instances().size() + now.locals().size()
                : now.placedOn(node).size() + now.localOn(node).size();
    }

    /** The filters that list and watch have in common; unset ones let everything through. */
    private static Predicate<Instance> test(
            InstanceType type, InstanceState state, String node, Map<String, String> labels) {
        return instance ->
                (type == InstanceType.INSTANCE_TYPE_UNSPECIFIED || instance.getType() == type)
                        && (state == InstanceState.INSTANCE_STATE_UNSPECIFIED
                                || instance.getState() == state)
                        && (node.isEmpty() || instance.getNodeId().equals(node))
                        && hasLabels(instance.getMetadata().getLabelsMap(), labels);
    }

    static Predicate<Instance> test(WatchInstanceRequest request) {
        return test(
                request.getType(),
                request.getState(),
                request.getNodeId(),
                request.getLabelSelectorMap());
    }

    static boolean hasLabels(Map<String, String> labels, Map<String, String> wanted) {
        return wanted.isEmpty() || labels.entrySet().containsAll(wanted.entrySet());
    }

    static Iterator<String> tail(NavigableMap<String, ?> map, String after) {
        return after.isEmpty()
                ? map.keySet().iterator()
                : map.tailMap(after, false).keySet().iterator();
    }

    private static Iterator<String> tail(NavigableSet<String> set, String after) {
        return after.isEmpty() ? set.iterator() : set.tailSet(after, false).iterator();
    }

    /** Two ordered, disjoint sequences as one. */
    private static Stream<String> merge(Iterator<String> a, Iterator<String> b) {
        Iterable<String> merged = () -> new Merged(a, b);
        return StreamSupport.stream(merged.spliterator(), false);
    }

    private static final class Merged implements Iterator<String> {
        private final Iterator<String> a;
        private final Iterator<String> b;
        private Optional<String> nextA;
        private Optional<String> nextB;

        Merged(Iterator<String> a, Iterator<String> b) {
            this.a = a;
            this.b = b;
            this.nextA = next(a);
            this.nextB = next(b);
        }

        private static Optional<String> next(Iterator<String> from) {
            return from.hasNext() ? Optional.of(from.next()) : Optional.empty();
        }

        @Override
        public boolean hasNext() {
            return nextA.isPresent() || nextB.isPresent();
        }

        @Override
        public String next() {
            boolean takeA =
                    nextB.isEmpty()
                            || (nextA.isPresent() && nextA.get().compareTo(nextB.get()) < 0);
            String taken = (takeA ? nextA : nextB).orElseThrow();
            if (takeA) {
                nextA = next(a);
            } else {
                nextB = next(b);
            }
            return taken;
        }
    }
}
