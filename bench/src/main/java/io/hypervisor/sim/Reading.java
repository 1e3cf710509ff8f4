package io.hypervisor.sim;

import com.google.protobuf.Message;

import io.hypervisor.api.v1.EventType;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * One reader's watch, over all the streams that it took: events come in revision order (ordered),
 * each once (unique), all of a revision before any of the next (atomic), none left out (reliable),
 * after a new stream too (resumable), and a bookmark comes only when everything before it was told
 * (bookmarkable). What has to come is derived from the store's own history.
 */
final class Reading {
    static final String NAME = "watch";

    private final String name;
    private final Changes.Kind kind;
    private final Predicate<Message> filter;
    private final Truth truth;
    private final Changes changes;
    private final Map<String, EventType> due = new HashMap<>();
    private boolean anew = true;
    private long group;
    private long complete;

    Reading(
            String name,
            Changes.Kind kind,
            Predicate<Message> filter,
            Truth truth,
            Changes changes) {
        this.name = name;
        this.kind = kind;
        this.filter = filter;
        this.truth = truth;
        this.changes = changes;
    }

    /** Where the next stream may resume: everything up to there was told. 0 before anything was. */
    long complete() {
        return complete;
    }

    /** A stream begins: at the present state, or after {@link #complete}. */
    void opened(boolean fromNow) {
        anew = fromNow;
        complete = fromNow ? 0 : complete;
        group = 0;
        due.clear();
    }

    /** An event with a resource. */
    void event(EventType type, String id, Message resource, long revision) {
        reached(revision);
        if (anew) {
            anew = false;
            group = revision;
            kind.all(truth.at(revision)).forEach(this::exists);
        } else if (revision != group) {
            next(revision);
        }
        EventType expected = due.remove(id);
        if (expected != type) {
            throw broken(
                    "%s %s at revision %d (expected: %s)".formatted(type, id, revision, expected));
        }
        Optional<Message> shown = content(id, revision, type);
        if (!shown.equals(Optional.of(resource))) {
            throw broken(
                    "content of %s at revision %d: %s (expected: %s)"
                            .formatted(id, revision, resource, shown));
        }
        if (due.isEmpty()) {
            complete = Math.max(complete, group);
        }
    }

    private void exists(String id, Message resource) {
        if (filter.test(resource)) {
            due.put(id, EventType.EVENT_TYPE_ADDED);
        }
    }

    private Optional<Message> content(String id, long revision, EventType type) {
        Optional<Changes.Change> change =
                Optional.ofNullable(changes.between(kind, revision - 1, revision).get(revision))
                        .map(all -> all.get(id));
        if (change.isEmpty() || type == EventType.EVENT_TYPE_ADDED) {
            return kind.one(truth.at(revision), id);
        }
        return change.get().after().or(change.get()::before);
    }

    private void next(long revision) {
        if (!due.isEmpty()) {
            throw broken("revision " + revision + " begins, revision " + group + " lacks " + due);
        }
        if (revision <= complete) {
            throw broken("revision " + revision + " comes after " + complete);
        }
        requireNothing(complete, revision - 1);
        group = revision;
        changes.between(kind, revision - 1, revision)
                .values()
                .forEach(all -> all.forEach(this::changed));
    }

    private void changed(String id, Changes.Change change) {
        boolean before = change.before().filter(filter).isPresent();
        boolean after = change.after().filter(filter).isPresent();
        if (before && after) {
            due.put(id, EventType.EVENT_TYPE_MODIFIED);
        } else if (after) {
            due.put(id, EventType.EVENT_TYPE_ADDED);
        } else if (before) {
            due.put(id, EventType.EVENT_TYPE_DELETED);
        }
    }

    private void requireNothing(long after, long upTo) {
        changes.between(kind, after, upTo)
                .forEach(
                        (revision, all) ->
                                all.forEach(
                                        (id, change) -> {
                                            boolean told =
                                                    change.before().filter(filter).isPresent()
                                                            || change.after()
                                                                    .filter(filter)
                                                                    .isPresent();
                                            if (told) {
                                                throw broken(
                                                        "%s at revision %d was left out"
                                                                .formatted(id, revision));
                                            }
                                        }));
    }

    /** A bookmark. */
    void bookmark(long revision) {
        reached(revision);
        if (anew) {
            anew = false;
            group = revision;
            kind.all(truth.at(revision)).forEach(this::exists);
            complete = Math.max(complete, due.isEmpty() ? revision : 0);
        }
        if (!due.isEmpty()) {
            throw broken("bookmark " + revision + " before " + due + " of revision " + group);
        }
        if (revision < complete) {
            throw broken("bookmark " + revision + " after " + complete);
        }
        requireNothing(complete, revision);
        complete = revision;
    }

    private void reached(long revision) {
        if (revision > truth.now().revision()) {
            throw broken("revision " + revision + " is not in the store");
        }
    }

    /** Whether something that happened up to this revision was not told yet. */
    boolean behind(long revision) {
        try {
            requireNothing(complete, revision);
            return anew || !due.isEmpty();
        } catch (Violation missing) {
            return true;
        }
    }

    @Override
    public String toString() {
        return name;
    }

    private Violation broken(String what) {
        return new Violation(NAME, name + ": " + what);
    }
}
