package io.hypervisor.controller.watch;

import java.util.Optional;

/**
 * The latest changes, numbered from 0 in the order they came. Bounded by the number of resources
 * they changed, because that is what takes memory. Not safe for concurrent use.
 */
final class Ring {
    private final Change[] slots;
    private long first;
    private long end;
    private long floor;
    private long weight;

    /** A ring for that many changed resources, which begins after a revision. */
    Ring(int capacity, long floor) {
        this.slots = new Change[capacity];
        this.floor = floor;
    }

    void add(Change change) {
        if (end - first == slots.length) {
            dropFirst();
        }
        slots[slot(end)] = change;
        end++;
        weight += change.size();
        // The newest stays, however large it is.
        while (weight > slots.length && end - first > 1) {
            dropFirst();
        }
    }

    /** Forgets everything, and goes on after a revision. */
    void restart(long revision) {
        while (first < end) {
            dropFirst();
        }
        // A number is left out, so that cursors that were up to date notice the break too.
        first = ++end;
        floor = revision;
    }

    private void dropFirst() {
        Change dropped = slots[slot(first)];
        slots[slot(first)] = null;
        first++;
        weight -= dropped.size();
        floor = dropped.revision();
    }

    /** The revision after which everything is kept. */
    long floor() {
        return floor;
    }

    /** The number that the next change will get. */
    long end() {
        return end;
    }

    /** Whether the change of this number is no longer kept. */
    boolean dropped(long number) {
        return number < first;
    }

    /** The change of this number, absent if it has not come yet. */
    Optional<Change> get(long number) {
        return number < end ? Optional.of(slots[slot(number)]) : Optional.empty();
    }

    /** The number of the first change after a revision, absent if some of them were dropped. */
    Optional<Long> after(long revision) {
        if (revision < floor) {
            return Optional.empty();
        }
        long low = first;
        long high = end;
        while (low < high) {
            long middle = (low + high) / 2;
            if (slots[slot(middle)].revision() <= revision) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return Optional.of(low);
    }

    private int slot(long number) {
        return (int) (number % slots.length);
    }
}
