package io.hypervisor.agent.reconcile;

import io.hypervisor.api.internal.v1.ObservedRecord;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/**
 * What the node says of its instances, local ones included. Written by passes alone; bounded by the
 * number of instances.
 */
public final class Sightings {
    private final Map<String, ObservedRecord> records = new ConcurrentSkipListMap<>();
    private final List<Consumer<String>> listeners = new CopyOnWriteArrayList<>();

    /** Calls the listener with the id of every instance whose sighting changes. Must not block. */
    public void listen(Consumer<String> changed) {
        listeners.add(changed);
    }

    /** Stops calling a listener. */
    public void unlisten(Consumer<String> changed) {
        listeners.remove(changed);
    }

    /** What is said of one instance. */
    public Optional<ObservedRecord> get(String id) {
        return Optional.ofNullable(records.get(id));
    }

    /** Everything that is said, by id. */
    public Map<String, ObservedRecord> all() {
        return Collections.unmodifiableMap(new TreeMap<>(records));
    }

    void put(ObservedRecord record) {
        if (!record.equals(records.put(record.getInstanceId(), record))) {
            announce(record.getInstanceId());
        }
    }

    void remove(String id) {
        records.remove(id);
        // Always: a local instance may be spoken of before it is seen.
        announce(id);
    }

    private void announce(String id) {
        listeners.forEach(listener -> listener.accept(id));
    }
}
