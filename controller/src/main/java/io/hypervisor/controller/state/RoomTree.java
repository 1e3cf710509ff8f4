package io.hypervisor.controller.state;

import io.hypervisor.api.v1.Resources;

import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * An immutable sorted set of rooms that skips whole branches in which nobody has enough left. A
 * treap: the priority of a room is the hash of its id, so equal sets have equal shapes. The empty
 * tree is {@link #EMPTY}.
 */
final class RoomTree {
    static final RoomTree EMPTY = new RoomTree();

    private final Room room;
    private final int priority;
    private final RoomTree less;
    private final RoomTree more;
    // The most that any room of this branch has free, of each kind on its own.
    private final int mostCpu;
    private final long mostMemory;
    private final long mostDisk;
    private final int mostGpus;

    private RoomTree() {
        room = null;
        priority = Integer.MIN_VALUE;
        less = this;
        more = this;
        mostCpu = Integer.MIN_VALUE;
        mostMemory = Long.MIN_VALUE;
        mostDisk = Long.MIN_VALUE;
        mostGpus = Integer.MIN_VALUE;
    }

    private RoomTree(Room room, int priority, RoomTree less, RoomTree more) {
        this.room = room;
        this.priority = priority;
        this.less = less;
        this.more = more;
        Resources free = room.free();
        mostCpu = Math.max(free.getCpuCores(), Math.max(less.mostCpu, more.mostCpu));
        mostMemory = Math.max(free.getMemoryBytes(), Math.max(less.mostMemory, more.mostMemory));
        mostDisk = Math.max(free.getDiskBytes(), Math.max(less.mostDisk, more.mostDisk));
        mostGpus = Math.max(free.getGpuCount(), Math.max(less.mostGpus, more.mostGpus));
    }

    boolean isEmpty() {
        return room == null;
    }

    /** This set and a room that it does not hold. */
    RoomTree plus(Room added) {
        int addedPriority = scramble(added.id().hashCode());
        if (isEmpty() || addedPriority > priority) {
            return new RoomTree(added, addedPriority, before(added), after(added));
        }
        return added.compareTo(room) < 0
                ? new RoomTree(room, priority, less.plus(added), more)
                : new RoomTree(room, priority, less, more.plus(added));
    }

    /** This set without a room that it holds. */
    RoomTree minus(Room removed) {
        int order = removed.compareTo(room);
        if (order == 0) {
            return joined(less, more);
        }
        return order < 0
                ? new RoomTree(room, priority, less.minus(removed), more)
                : new RoomTree(room, priority, less, more.minus(removed));
    }

    /** The first room in order, or in reverse order, that has {@code need} free and is accepted. */
    Optional<Room> first(Resources need, boolean reverse, Predicate<Room> accepted) {
        if (need.getCpuCores() > mostCpu
                || need.getMemoryBytes() > mostMemory
                || need.getDiskBytes() > mostDisk
                || need.getGpuCount() > mostGpus) {
            return Optional.empty();
        }
        Optional<Room> found = (reverse ? more : less).first(need, reverse, accepted);
        if (found.isPresent()) {
            return found;
        }
        if (Amounts.fits(need, room.free()) && accepted.test(room)) {
            return Optional.of(room);
        }
        return (reverse ? less : more).first(need, reverse, accepted);
    }

    /** In order. */
    void forEach(Consumer<Room> visitor) {
        if (!isEmpty()) {
            less.forEach(visitor);
            visitor.accept(room);
            more.forEach(visitor);
        }
    }

    private RoomTree before(Room bound) {
        if (isEmpty()) {
            return this;
        }
        return room.compareTo(bound) < 0
                ? new RoomTree(room, priority, less, more.before(bound))
                : less.before(bound);
    }

    private RoomTree after(Room bound) {
        if (isEmpty()) {
            return this;
        }
        return room.compareTo(bound) > 0
                ? new RoomTree(room, priority, less.after(bound), more)
                : more.after(bound);
    }

    /** All of {@code low}, which comes before all of {@code high}. */
    private static RoomTree joined(RoomTree low, RoomTree high) {
        if (low.isEmpty()) {
            return high;
        }
        if (high.isEmpty()) {
            return low;
        }
        return low.priority > high.priority
                ? new RoomTree(low.room, low.priority, low.less, joined(low.more, high))
                : new RoomTree(high.room, high.priority, joined(low, high.less), high.more);
    }

    /** Spreads the hashes of ids that differ in their last characters only. */
    private static int scramble(int hash) {
        int h = hash * 0x9E3779B9;
        h ^= h >>> 16;
        h *= 0x85EBCA6B;
        return h ^ (h >>> 13);
    }
}
