package io.hypervisor.controller.store.history;

import com.google.protobuf.ByteString;

import io.hypervisor.controller.store.Store.Write;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;

/** Draws commits. Every one puts at least one value, and no value twice. */
final class Operations {
    private static final List<String> TABLES = List.of("a", "instance", "node", "z");
    private static final int KEYS = 48;

    private final String name;
    private final SplittableRandom random;
    private int commits;

    /** Values begin with the name, which is this generator's alone. */
    Operations(String name, SplittableRandom random) {
        this.name = name;
        this.random = random;
    }

    SplittableRandom random() {
        return random;
    }

    boolean chance(double probability) {
        return random.nextDouble() < probability;
    }

    List<Write> commit() {
        commits++;
        List<String> keys = keys();
        List<Write> writes = new ArrayList<>();
        for (String key : keys) {
            boolean delete = !writes.isEmpty() && chance(0.3);
            writes.add(new Write(key, delete ? Optional.empty() : Optional.of(value(writes))));
        }
        return writes;
    }

    private List<String> keys() {
        int size = chance(0.01) ? KEYS : 1 + random.nextInt(4);
        Set<String> keys = new LinkedHashSet<>();
        for (int i = 0; i < size; i++) {
            // Some keys are written all the time, some very seldom.
            double place = Math.pow(random.nextDouble(), 4);
            int key = (int) (KEYS * place);
            keys.add(TABLES.get(key % TABLES.size()) + "/" + key);
        }
        return List.copyOf(keys);
    }

    private ByteString value(List<Write> before) {
        int size = chance(0.001) ? 100_000 : random.nextInt(100);
        String unique = name + "." + commits + "." + before.size();
        return ByteString.copyFromUtf8(unique + " " + "x".repeat(size));
    }
}
