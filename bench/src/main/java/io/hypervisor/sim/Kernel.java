package io.hypervisor.sim;

import io.hypervisor.core.Clock;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/**
 * Time and order of one simulation. All processes run on the thread that makes it and calls {@link
 * #run}: a process's virtual threads hand their continuations in here, and a seeded generator
 * chooses which of the ready ones goes on. When none is ready, time jumps to the next event.
 * Nothing is preempted: a thread runs until it waits.
 */
final class Kernel {
    /** More steps than that without time passing is a loop without end. */
    private static final int MOST_STEPS_AT_ONCE = 100_000;

    private static final int SHOWN = 100;
    private static final Clock REAL = Clock.system();

    private final SplittableRandom random;
    private final SplittableRandom seeds;
    private final Trace trace;
    private final List<Ready> ready = new ArrayList<>();
    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private Optional<Failure> failure = Optional.empty();
    // By threads of the JDK or of other simulations, which let go of a lock that was waited for.
    private final Queue<SimProcess.Scheduler> unblocked = new ConcurrentLinkedQueue<>();
    private Optional<SimProcess.Scheduler> current = Optional.empty();
    private boolean again;
    private final Thread carrier = Thread.currentThread();
    private long now;
    private long steps;
    private long stepsSinceTick;
    private long sequence;

    /** A rule that did not hold. */
    record Failure(String rule, String detail, long step, long nanos) {}

    private record Ready(SimProcess process, SimProcess.Scheduler thread) {}

    /** Something that happens at a time, on the kernel's thread; must not wait. */
    final class Event implements Comparable<Event> {
        private final long at;
        private final long order = sequence++;
        private final Runnable action;
        private boolean cancelled;

        private Event(long at, Runnable action) {
            this.at = at;
            this.action = action;
        }

        void cancel() {
            cancelled = true;
        }

        @Override
        public int compareTo(Event other) {
            return at != other.at ? Long.compare(at, other.at) : Long.compare(order, other.order);
        }
    }

    Kernel(long seed, Trace trace) {
        this.seeds = new SplittableRandom(seed);
        this.random = seeds.split();
        this.trace = trace;
    }

    /** A generator of its own for one purpose, so that its draws do not shift those of others. */
    RandomGenerator generator() {
        return seeds.split();
    }

    boolean chance(double share) {
        return random.nextDouble() < share;
    }

    /** Simulated nanoseconds since the beginning. */
    long now() {
        return now;
    }

    long steps() {
        return steps;
    }

    Trace trace() {
        return trace;
    }

    Optional<Failure> failure() {
        return failure;
    }

    /** Shows what a loop without end is made of. */
    void starting(String process, String thread) {
        if (stepsSinceTick > MOST_STEPS_AT_ONCE - SHOWN) {
            note(process, "starts " + thread);
        }
    }

    /** Notes an effect. */
    void note(String who, String what) {
        trace.add(steps, now, who, what);
    }

    /** Ends the run: a rule was broken. The first one counts. */
    void fail(String rule, String detail) {
        if (failure.isEmpty()) {
            failure = Optional.of(new Failure(rule, detail, steps, now));
            note("FAILED", rule + ": " + detail);
        }
    }

    Event after(Duration delay, Runnable action) {
        return after(delay.toNanos(), action);
    }

    /** Lets something happen later. */
    Event after(long nanos, Runnable action) {
        Event event = new Event(now + Math.max(0, nanos), action);
        events.add(event);
        return event;
    }

    /** A thread of a process can go on. */
    void ready(SimProcess process, SimProcess.Scheduler thread) {
        if (!carrier.equals(Outside.carrier())) {
            unblocked.add(thread);
        } else if (current.filter(c -> c == thread).isPresent()) {
            again = true;
        } else {
            ready.add(new Ready(process, thread));
        }
    }

    /**
     * Runs a thread until it waits for something of this simulation. A lock that another simulation
     * holds for a moment is no such thing: it goes on as if nothing had been.
     */
    void go(SimProcess.Scheduler thread) {
        current = Optional.of(thread);
        do {
            again = false;
            thread.run();
        } while (again || unblocked(thread.thread()));
        current = Optional.empty();
    }

    private boolean unblocked(Thread thread) {
        boolean waits =
                switch (thread.getState()) {
                    case WAITING, TIMED_WAITING -> !Outside.holdsWhatIsWaitedFor(thread, this);
                    case TERMINATED -> true;
                    case NEW, RUNNABLE, BLOCKED -> false;
                };
        if (waits) {
            return false;
        }
        long patience = REAL.nanos() + TimeUnit.SECONDS.toNanos(20);
        while (!unblocked.removeIf(woken -> woken.thread().equals(thread))) {
            if (REAL.nanos() > patience) {
                // Its owner waits in this simulation, and would never let go.
                fail("nobody waits while holding a lock", thread.getName() + where(thread));
                return false;
            }
            Thread.onSpinWait();
        }
        return true;
    }

    /**
     * Who lets go of a lock may wake the next owner late, when that has gone on and waits for
     * something else. It looks, and waits on; anything more is not of this simulation's making.
     */
    private void settleLateWakes() {
        for (var woken = unblocked.poll(); woken != null; woken = unblocked.poll()) {
            StackTraceElement[] waiting = woken.thread().getStackTrace();
            woken.process().go(woken);
            if (!Arrays.equals(waiting, woken.thread().getStackTrace())) {
                fail("one thread", "time or a lock woke a thread from outside");
            }
        }
    }

    private static String where(Thread thread) {
        StackTraceElement[] stack = thread.getStackTrace();
        return stack.length == 0 ? "" : " at " + stack[0];
    }

    /** Lets everything happen until a time, or until a rule is broken; calls back at each step. */
    void run(long until, Runnable afterStep) {
        while (failure.isEmpty() && step(until)) {
            steps++;
            stepsSinceTick++;
            if (stepsSinceTick > MOST_STEPS_AT_ONCE) {
                fail("no loop without end", MOST_STEPS_AT_ONCE + " steps without time passing");
            }
            settleLateWakes();
            afterStep.run();
        }
    }

    private boolean step(long until) {
        if (!ready.isEmpty()) {
            int chosen = ready.size() == 1 ? 0 : random.nextInt(ready.size());
            Ready next = ready.get(chosen);
            Ready last = ready.removeLast();
            if (chosen < ready.size()) {
                ready.set(chosen, last);
            }
            next.process.go(next.thread);
            return true;
        }
        while (!events.isEmpty() && events.peek().cancelled) {
            events.remove();
        }
        if (events.isEmpty() || events.peek().at > until) {
            now = Math.max(now, until);
            return false;
        }
        Event event = events.remove();
        if (event.at > now) {
            now = event.at;
            stepsSinceTick = 0;
        }
        event.action.run();
        return true;
    }
}
