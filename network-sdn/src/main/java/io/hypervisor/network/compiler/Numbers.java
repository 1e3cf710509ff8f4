package io.hypervisor.network.compiler;

import io.hypervisor.network.model.Hashes;

import java.util.Collection;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Numbers of 31 bits for names. A name keeps its number when others come and go, but for one case
 * in millions: two names of equal hash, where the one that sorts later takes the next free number.
 */
final class Numbers {
    private Numbers() {}

    static Map<String, Integer> of(Collection<String> names) {
        SortedMap<String, Integer> numbers = new TreeMap<>();
        Set<Integer> taken = new HashSet<>();
        for (String name : new TreeSet<>(names)) {
            int number = (int) (Hashes.of64(name) & Integer.MAX_VALUE);
            while (number == 0 || !taken.add(number)) {
                number = number + 1 & Integer.MAX_VALUE;
            }
            numbers.put(name, number);
        }
        return numbers;
    }
}
