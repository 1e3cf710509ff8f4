package io.hypervisor.agent.driver.fake;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.DriverHealth;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.Map;

/** How long a fake driver's calls take and which of them fail. Everything succeeds at once. */
public final class FakeScript {
    /** The calls that take time and may fail. */
    public enum Call {
        LIST,
        CREATE,
        START,
        STOP,
        DESTROY,
        WIRE,
        RESHAPE,
        STATS,
        PULL
    }

    private static final String DOWN = "nobody answers";

    private final Map<Call, Duration> latency = new EnumMap<>(Call.class);
    private final Map<Call, Deque<DriverException>> failures = new EnumMap<>(Call.class);
    private final Map<Call, Integer> calls = new EnumMap<>(Call.class);
    private DriverHealth health = new DriverHealth(true, "", Map.of("fake", "1"));
    private boolean down;

    /** Makes every such call take so long. */
    public synchronized FakeScript takes(Call call, Duration duration) {
        latency.put(call, duration);
        return this;
    }

    /**
     * Makes the next such call fail, after those that were told to fail before. A create or destroy
     * that fails leaves something half-made.
     */
    public synchronized FakeScript fail(Call call, DriverException failure) {
        failures.computeIfAbsent(call, c -> new ArrayDeque<>()).add(failure);
        return this;
    }

    /** What {@link FakeDriver#health} answers from now on. */
    public synchronized FakeScript health(DriverHealth next) {
        health = next;
        return this;
    }

    /** Whether nothing is there that could answer: every call fails then, and changes nothing. */
    public synchronized FakeScript down(boolean now) {
        down = now;
        return this;
    }

    /** No call fails any more. */
    public synchronized FakeScript works() {
        down = false;
        failures.clear();
        return this;
    }

    /** How many such calls there were, failed ones included. */
    public synchronized int calls(Call call) {
        return calls.getOrDefault(call, 0);
    }

    synchronized DriverHealth health() {
        return down ? new DriverHealth(false, DOWN, Map.of()) : health;
    }

    synchronized void failIfDown() {
        if (down) {
            throw DriverException.passing(DOWN, null);
        }
    }

    /** Counts a call and returns how long it takes. */
    synchronized Duration enter(Call call) {
        calls.merge(call, 1, Integer::sum);
        return latency.getOrDefault(call, Duration.ZERO);
    }

    /** Throws what the call was told to fail with. */
    synchronized void failIfTold(Call call) {
        Deque<DriverException> waiting = failures.get(call);
        if (waiting != null && !waiting.isEmpty()) {
            throw waiting.remove();
        }
    }
}
