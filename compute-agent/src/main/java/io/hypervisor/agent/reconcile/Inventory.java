package io.hypervisor.agent.reconcile;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.Found;
import io.hypervisor.agent.driver.InstanceDriver;
import io.hypervisor.core.Tasks;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

/**
 * What one driver's {@code list} says, kept up to date by its events, by the node's own actions and
 * by listing everything periodically.
 *
 * <p>A list that began before an action ended may show the state before it; so what the action left
 * stands until a list that began later.
 */
public final class Inventory implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Inventory.class);
    // An action's own idea of when an instance started differs from the daemon's by less than this.
    private static final Duration SAME_START = Duration.ofSeconds(10);

    private final InstanceDriver driver;
    private final Executor executor;
    private final Tasks.Timer periodic;
    private final Consumer<Set<String>> changed;
    private final Set<String> busy = new HashSet<>();
    private final Map<String, Long> actedAt = new HashMap<>();
    private Map<String, Found> found = new HashMap<>();
    private long listsBegun;
    private long lastComplete;
    private String failure = "";
    private boolean listing;
    private boolean again;

    /**
     * Starts listing.
     *
     * @param period between full lists
     * @param changed called with the ids that changed, and with all ids after the first list; with
     *     an empty set after a failed list
     */
    Inventory(InstanceDriver driver, Tasks tasks, Duration period, Consumer<Set<String>> changed) {
        this.driver = driver;
        this.changed = changed;
        this.executor = tasks.concurrent("list-" + driver.type());
        driver.events(id -> refresh());
        this.periodic = tasks.every(period, executor, this::refresh);
        refresh();
    }

    InstanceDriver driver() {
        return driver;
    }

    /** Makes sure that a list begins after this call. */
    synchronized void refresh() {
        if (listing) {
            again = true;
            return;
        }
        listing = true;
        again = false;
        listsBegun++;
        long number = listsBegun;
        executor.execute(() -> list(number));
    }

    private void list(long number) {
        Set<String> ids = Set.of();
        try {
            ids = apply(number, driver.list());
        } catch (RuntimeException e) {
            failed(e);
        } finally {
            finish();
        }
        changed.accept(ids);
    }

    private synchronized void finish() {
        listing = false;
        if (again) {
            refresh();
        }
    }

    private synchronized void failed(RuntimeException e) {
        if (failure.isEmpty()) {
            log.warn("driver={}: cannot list: {}", driver.type(), e.getMessage());
            // Of a daemon that is away the message says it all.
            if (!(e instanceof DriverException)) {
                log.error("driver={}: defect", driver.type(), e);
            }
        }
        failure = String.valueOf(e.getMessage());
    }

    private synchronized Set<String> apply(long number, List<Found> list) {
        if (!failure.isEmpty()) {
            log.info("driver={}: lists again", driver.type());
        }
        failure = "";
        Map<String, Found> next = new HashMap<>();
        list.forEach(f -> next.put(f.instanceId(), f));
        Set<String> ids = new HashSet<>(next.keySet());
        ids.addAll(found.keySet());
        boolean first = lastComplete == 0;
        for (String id : List.copyOf(ids)) {
            Optional<Found> before = find(id);
            boolean stale = busy.contains(id) || actedAt.getOrDefault(id, 0L) >= number;
            if (stale || same(before, Optional.ofNullable(next.get(id)))) {
                keep(next, id, before);
                if (!first) {
                    ids.remove(id);
                }
            }
        }
        actedAt.values().removeIf(at -> at < number);
        found = next;
        lastComplete = number;
        return ids;
    }

    private static void keep(Map<String, Found> map, String id, Optional<Found> value) {
        value.ifPresentOrElse(f -> map.put(id, f), () -> map.remove(id));
    }

    private static boolean same(Optional<Found> before, Optional<Found> after) {
        if (before.isEmpty() || after.isEmpty()) {
            return before.equals(after);
        }
        Optional<Instant> start = before.get().startedAt();
        return before.equals(after)
                || (close(start, after.get().startedAt())
                        && before.get().equals(withStart(after.get(), start)));
    }

    private static boolean close(Optional<Instant> a, Optional<Instant> b) {
        return a.isPresent()
                && b.isPresent()
                && Duration.between(a.get(), b.get()).abs().compareTo(SAME_START) < 0;
    }

    private static Found withStart(Found f, Optional<Instant> startedAt) {
        return new Found(
                f.instanceId(),
                f.epoch(),
                f.runGeneration(),
                f.local(),
                f.state(),
                f.exit(),
                f.exitCode(),
                f.reason(),
                startedAt,
                f.guestAddress());
    }

    /** Whether it has ever listed everything; before that absence means nothing. */
    synchronized boolean isComplete() {
        return lastComplete > 0;
    }

    /** Whether it has listed everything, or has tried to and failed. */
    synchronized boolean isSettled() {
        return lastComplete > 0 || !failure.isEmpty();
    }

    /** Why the last list failed; empty if it did not. */
    synchronized String failure() {
        return failure;
    }

    /** The number of the last complete list. */
    synchronized long lastComplete() {
        return lastComplete;
    }

    /** A number that only lists that begin after this call will exceed. */
    synchronized long listsBegun() {
        return listsBegun;
    }

    synchronized Optional<Found> find(String id) {
        return Optional.ofNullable(found.get(id));
    }

    synchronized Collection<Found> all() {
        return List.copyOf(found.values());
    }

    /** An action on the instance begins: lists say nothing about it until it ends. */
    synchronized void begin(String id) {
        busy.add(id);
    }

    /** An action has ended and left this. A list follows. */
    synchronized void end(String id, Optional<Found> left) {
        busy.remove(id);
        actedAt.put(id, listsBegun);
        keep(found, id, left);
        refresh();
    }

    @Override
    public void close() {
        periodic.cancel();
    }
}
