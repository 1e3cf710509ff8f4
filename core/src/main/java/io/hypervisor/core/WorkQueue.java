package io.hypervisor.core;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * Calls a reconciler for keys: one pass per key at a time, keys among each other concurrently. A
 * key that is added while its pass runs gets one more pass. A pass that throws, or is Blocked, is
 * repeated with backoff.
 *
 * <p>Bounded by the number of distinct keys, which is the number of resources.
 */
public final class WorkQueue<K> implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(WorkQueue.class);

    private final String name;
    private final Tasks tasks;
    private final Executor executor;
    private final Backoff backoff;
    private final Function<K, Outcome> reconciler;
    private final Map<K, Work> works = new HashMap<>();
    private int running;
    private boolean closed;

    /** State of one key; guarded by the queue's lock. Absent: idle, nothing due. */
    private static final class Work {
        boolean running;
        boolean again;
        int failures;
        Tasks.Timer timer = () -> {};
    }

    /** A queue named for logs and threads. */
    public WorkQueue(String name, Tasks tasks, Backoff backoff, Function<K, Outcome> reconciler) {
        this.name = name;
        this.tasks = tasks;
        this.executor = tasks.concurrent(name);
        this.backoff = backoff;
        this.reconciler = reconciler;
    }

    /** Makes sure that a pass over the key begins after this call. */
    public synchronized void add(K key) {
        if (closed) {
            return;
        }
        Work work = works.computeIfAbsent(key, k -> new Work());
        if (work.running) {
            work.again = true;
            return;
        }
        work.timer.cancel();
        start(key, work);
    }

    /** Whether the key runs, or waits for its next pass. */
    public synchronized boolean has(K key) {
        return works.containsKey(key);
    }

    /** How many keys run or wait. */
    public synchronized int size() {
        return works.size();
    }

    /** Waits until no pass runs, at most so long; says whether that came. */
    public synchronized boolean awaitIdle(Duration most) throws InterruptedException {
        long deadline = System.nanoTime() + most.toNanos();
        long left = most.toNanos();
        while (running > 0 && left > 0) {
            TimeUnit.NANOSECONDS.timedWait(this, left);
            left = deadline - System.nanoTime();
        }
        return running == 0;
    }

    /** Begins no more passes; those that run end by themselves. */
    @Override
    public synchronized void close() {
        closed = true;
        works.values().forEach(work -> work.timer.cancel());
        works.clear();
    }

    private void start(K key, Work work) {
        work.running = true;
        work.again = false;
        running++;
        executor.execute(() -> pass(key, work));
    }

    private void pass(K key, Work work) {
        Outcome outcome;
        try {
            outcome = reconciler.apply(key);
        } catch (RuntimeException e) {
            log.warn("{} {}: pass failed", name, key, e);
            outcome = Outcome.blocked(String.valueOf(e.getMessage()));
        }
        finish(key, work, outcome);
    }

    private synchronized void finish(K key, Work work, Outcome outcome) {
        work.running = false;
        running--;
        notifyAll();
        if (closed) {
            return;
        }
        if (work.again) {
            start(key, work);
            return;
        }
        switch (outcome) {
            case Outcome.Done() -> works.remove(key);
            case Outcome.Again(Duration after) -> {
                work.failures = 0;
                if (after.isZero()) {
                    start(key, work);
                } else {
                    arm(key, work, after);
                }
            }
            case Outcome.Blocked(String reason) -> {
                work.failures++;
                Duration pause = backoff.pause(work.failures);
                log.debug("{} {}: blocked, again in {}: {}", name, key, pause, reason);
                arm(key, work, pause);
            }
        }
    }

    private void arm(K key, Work work, Duration after) {
        work.timer = tasks.after(after, executor, () -> due(key, work));
    }

    private synchronized void due(K key, Work work) {
        if (!closed && !work.running && works.get(key) == work) {
            start(key, work);
        }
    }
}
