package io.hypervisor.controller.state;

import io.hypervisor.network.model.Address;

import org.pcollections.PSortedMap;
import org.pcollections.TreePMap;

import java.util.Map;
import java.util.Optional;

/**
 * The held addresses of one subnet as runs without gaps, so that the next free one is found in
 * O(log n) whatever the subnet's size. Immutable.
 */
public final class HeldAddresses {
    static final HeldAddresses NONE = new HeldAddresses(TreePMap.empty(), 0);

    // From the first address of a run to its last; no two runs touch.
    private final PSortedMap<Address, Address> runs;
    private final int count;

    private HeldAddresses(PSortedMap<Address, Address> runs, int count) {
        this.runs = runs;
        this.count = count;
    }

    /** With one more. */
    HeldAddresses plus(Address address) {
        if (contains(address)) {
            return this;
        }
        Map.Entry<Address, Address> below = runs.floorEntry(address);
        Address after = address.step(1);
        Address start =
                below != null && below.getValue().step(1).equals(address)
                        ? below.getKey()
                        : address;
        Address end = runs.getOrDefault(after, address);
        return new HeldAddresses(runs.minus(after).plus(start, end), count + 1);
    }

    /** With one less. */
    HeldAddresses minus(Address address) {
        if (!contains(address)) {
            return this;
        }
        Map.Entry<Address, Address> run = runs.floorEntry(address);
        PSortedMap<Address, Address> rest = runs.minus(run.getKey());
        if (run.getKey().compareTo(address) < 0) {
            rest = rest.plus(run.getKey(), address.step(-1));
        }
        if (address.compareTo(run.getValue()) < 0) {
            rest = rest.plus(address.step(1), run.getValue());
        }
        return new HeldAddresses(rest, count - 1);
    }

    /** How many there are. */
    public int count() {
        return count;
    }

    /** Whether an address is held. */
    public boolean contains(Address address) {
        Map.Entry<Address, Address> below = runs.floorEntry(address);
        return below != null && address.compareTo(below.getValue()) <= 0;
    }

    /** The first address from one to another, both included, that is not held. */
    public Optional<Address> nextFree(Address from, Address to) {
        // No two runs touch: behind the run that holds the first is a free one.
        Address free = contains(from) ? runs.floorEntry(from).getValue().step(1) : from;
        return free.compareTo(to) <= 0 ? Optional.of(free) : Optional.empty();
    }

    /** How many runs there are. */
    int runs() {
        return runs.size();
    }
}
