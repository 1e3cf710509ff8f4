package io.hypervisor.sim;

import com.google.protobuf.Message;

import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.NodeViews;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.controller.state.Views;

import java.util.EnumMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What every revision changed in the resources that the API shows, found by comparing them all:
 * what watchers have to be told.
 */
final class Changes implements Checker {
    /** One kind of resource. */
    enum Kind {
        INSTANCES,
        NODES;

        /** Everything of this kind. */
        Map<String, Message> all(Snapshot now) {
            Map<String, Message> all = new TreeMap<>();
            Set<String> ids =
                    switch (this) {
                        case INSTANCES -> instances(now);
                        case NODES -> now.nodes().keySet();
                    };
            ids.forEach(id -> one(now, id).ifPresent(view -> all.put(id, view)));
            return all;
        }

        /** One of this kind. */
        Optional<Message> one(Snapshot now, String id) {
            return switch (this) {
                case INSTANCES -> Views.instance(now, id).map(Message.class::cast);
                case NODES -> NodeViews.node(now, id).map(Message.class::cast);
            };
        }
    }

    /** One resource before and after a revision. */
    record Change(Optional<Message> before, Optional<Message> after) {}

    private final Map<Kind, NavigableMap<Long, Map<String, Change>>> changes =
            new EnumMap<>(Kind.class);

    Changes() {
        for (Kind kind : Kind.values()) {
            changes.put(kind, new TreeMap<>());
        }
    }

    private static Set<String> instances(Snapshot now) {
        Set<String> ids = new TreeSet<>(now.instances().keySet());
        ids.addAll(now.locals().keySet());
        return ids;
    }

    @Override
    public void committed(Truth.Commit commit) {
        boolean everything = commit.edits().stream().anyMatch(Changes::isOfNode);
        Set<String> ids = new TreeSet<>();
        if (everything) {
            ids.addAll(instances(commit.before()));
            ids.addAll(instances(commit.after()));
        } else {
            commit.edits().forEach(edit -> ids.add(edit.id()));
        }
        compare(Kind.INSTANCES, commit, ids);
        Set<String> nodes = new TreeSet<>(commit.before().nodes().keySet());
        nodes.addAll(commit.after().nodes().keySet());
        compare(Kind.NODES, commit, nodes);
    }

    private static boolean isOfNode(Edit edit) {
        return edit.table() == Table.NODE || edit.table() == Table.HEALTH;
    }

    private void compare(Kind kind, Truth.Commit commit, Set<String> ids) {
        Map<String, Change> changed = new TreeMap<>();
        for (String id : ids) {
            Optional<Message> before = kind.one(commit.before(), id);
            Optional<Message> after = kind.one(commit.after(), id);
            if (!before.equals(after)) {
                changed.put(id, new Change(before, after));
            }
        }
        if (!changed.isEmpty()) {
            changes.get(kind).put(commit.revision(), changed);
        }
    }

    /** What was changed after a revision and up to another, by revision and id. */
    NavigableMap<Long, Map<String, Change>> between(Kind kind, long after, long upTo) {
        return after >= upTo ? new TreeMap<>() : changes.get(kind).subMap(after, false, upTo, true);
    }
}
