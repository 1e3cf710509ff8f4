package io.hypervisor.controller.watch;

import com.google.protobuf.Timestamp;

import io.hypervisor.api.v1.EventType;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Fault;

import java.util.Collections;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;

/**
 * One stream: a cursor into the ring and a filter. Runs on its shard's executor alone, so it needs
 * no lock.
 */
final class Watcher<T, E> {
    private final Kind<T, E> kind;
    private final Filter<T> filter;
    private final Sink<E> sink;
    private final Clock clock;

    // The group on its way out: the resources that exist at the start, or one change's deltas.
    private Iterator<T> existing = Collections.emptyIterator();
    private Iterator<Map.Entry<String, Delta<T, E>>> deltas = Collections.emptyIterator();
    private boolean inGroup;
    private long groupRevision;
    private Timestamp groupTime = Timestamp.getDefaultInstance();
    private int groupSize;
    private boolean initial;

    private long next;
    private boolean gone;
    private boolean ended;
    private boolean sentSinceTick;

    /** Begins with what exists in a snapshot; {@code next} is the number of the change after it. */
    static <T, E> Watcher<T, E> anew(
            Kind<T, E> kind, Filter<T> filter, Sink<E> sink, Clock clock, Snapshot now, long next) {
        Watcher<T, E> watcher = new Watcher<>(kind, filter, sink, clock, next);
        watcher.existing = kind.current(now, filter);
        watcher.initial = true;
        watcher.begin(now.revision(), clock.timestamp());
        return watcher;
    }

    /** Goes on with the change of number {@code next}. */
    static <T, E> Watcher<T, E> resumed(
            Kind<T, E> kind, Filter<T> filter, Sink<E> sink, Clock clock, long next) {
        return new Watcher<>(kind, filter, sink, clock, next);
    }

    private Watcher(Kind<T, E> kind, Filter<T> filter, Sink<E> sink, Clock clock, long next) {
        this.kind = kind;
        this.filter = filter;
        this.sink = sink;
        this.clock = clock;
        this.next = next;
    }

    boolean ended() {
        return ended;
    }

    void cancel() {
        end();
    }

    void fail(Fault fault) {
        if (!ended) {
            end();
            sink.fail(fault);
        }
    }

    private void end() {
        ended = true;
        existing = Collections.emptyIterator();
        deltas = Collections.emptyIterator();
    }

    /** Sends what there is to send, as far as the reader takes it. */
    void pump(WatchHub hub) {
        if (ended) {
            return;
        }
        // Even a reader that takes nothing learns it now, so that it holds nothing any longer.
        if (hub.next(next) instanceof WatchHub.Next.Lost) {
            fail(tooSlow());
        }
        while (!ended && sink.ready()) {
            if (!inGroup && !advance(hub)) {
                return;
            }
            if (!sendNext()) {
                finish();
            }
        }
    }

    /** Takes the next change; false if there is none. */
    private boolean advance(WatchHub hub) {
        switch (hub.next(next)) {
            case WatchHub.Next.Come(Change change) -> {
                next++;
                deltas = kind.deltas(change, filter);
                begin(change.revision(), change.at());
                return true;
            }
            case WatchHub.Next.Lost() -> {
                fail(tooSlow());
                return false;
            }
            case WatchHub.Next.None(Snapshot now) -> {
                filter.single()
                        .filter(id -> kind.view(now, id).isEmpty())
                        .ifPresent(id -> fail(Fault.notFound(kind.name(), id)));
                return false;
            }
        }
    }

    private static Fault tooSlow() {
        return Fault.of(
                Fault.Kind.OUT_OF_RANGE,
                "WATCH_TOO_SLOW",
                "the reader fell behind the changes that are kept (expected: list again, then"
                        + " watch)");
    }

    private void begin(long revision, Timestamp at) {
        inGroup = true;
        groupRevision = revision;
        groupTime = at;
        groupSize = 0;
    }

    private void finish() {
        inGroup = false;
        if (gone) {
            end();
            sink.complete();
        } else if (groupSize > 1 || (initial && groupSize == 0 && filter.single().isEmpty())) {
            // Shows that the group is complete; one event alone shows it itself.
            bookmark(groupRevision);
        }
        initial = false;
    }

    /** Sends the group's next event; false at its end. */
    private boolean sendNext() {
        if (existing.hasNext()) {
            Optional<T> resource = Optional.of(existing.next());
            send(kind.event(EventType.EVENT_TYPE_ADDED, resource, groupRevision, groupTime));
            return true;
        }
        while (deltas.hasNext()) {
            Map.Entry<String, Delta<T, E>> entry = deltas.next();
            if (sendDelta(entry.getKey(), entry.getValue())) {
                return true;
            }
        }
        return false;
    }

    private boolean sendDelta(String id, Delta<T, E> delta) {
        boolean before = delta.before().filter(t -> filter.passes(id, t)).isPresent();
        boolean after = delta.after().filter(t -> filter.passes(id, t)).isPresent();
        gone |= delta.after().isEmpty() && filter.single().filter(id::equals).isPresent();
        if (!before && !after) {
            return false;
        }
        EventType type =
                before
                        ? after ? EventType.EVENT_TYPE_MODIFIED : EventType.EVENT_TYPE_DELETED
                        : EventType.EVENT_TYPE_ADDED;
        Optional<T> resource = delta.after().or(delta::before);
        send(delta.event(type, () -> kind.event(type, resource, groupRevision, groupTime)));
        return true;
    }

    private void send(E event) {
        groupSize++;
        sentSinceTick = true;
        sink.send(event);
    }

    private void bookmark(long revision) {
        sentSinceTick = true;
        sink.send(
                kind.event(
                        EventType.EVENT_TYPE_UNSPECIFIED,
                        Optional.empty(),
                        revision,
                        clock.timestamp()));
    }

    /** Sends a bookmark if nothing was sent since the last call. */
    void tick(WatchHub hub) {
        pump(hub);
        if (!ended && !inGroup && !sentSinceTick && sink.ready()) {
            if (hub.next(next) instanceof WatchHub.Next.None(Snapshot now)) {
                bookmark(now.revision());
            }
        }
        sentSinceTick = false;
    }
}
