package io.hypervisor.agent.reconcile;

import io.hypervisor.agent.journal.Absence;
import io.hypervisor.core.Clock;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Whether the controller is in touch. Written by the link, read by passes; before the first contact
 * it counts as out of touch since the agent's start, or since an earlier process lost touch.
 */
public final class Contact {
    private final Clock clock;
    private final Absence absence;
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private boolean inTouch;
    private boolean current;
    private boolean ever;
    private long lastNanos;

    /** Out of touch, from now on unless it has been already. */
    public Contact(Clock clock, Absence absence) {
        this.clock = clock;
        this.absence = absence;
        long now = clock.nanos();
        this.lastNanos = Math.min(absence.since().orElse(now), now);
        absence.begins(lastNanos);
    }

    /** The controller answers. */
    public synchronized void made() {
        inTouch = true;
        ever = true;
        absence.ends();
    }

    /** A full document was accepted over the present contact. */
    public void documentIsCurrent() {
        synchronized (this) {
            current = true;
        }
        listeners.forEach(Runnable::run);
    }

    /** Calls the listener when the journal has become current. Must not block. */
    public void listen(Runnable isCurrent) {
        listeners.add(isCurrent);
    }

    /** The controller does not answer, and may not have done so for {@code unnoticed}. */
    public synchronized void lost(Duration unnoticed) {
        if (inTouch) {
            lastNanos = clock.nanos() - unnoticed.toNanos();
            absence.begins(lastNanos);
        }
        inTouch = false;
        current = false;
    }

    /** Whether the journal holds what the controller wants now. */
    public synchronized boolean isCurrent() {
        return current;
    }

    synchronized Moment moment() {
        return new Moment(clock.nanos(), outOfTouch(), ever);
    }

    /** For how long it has been out of touch; empty if it is in touch. */
    public synchronized Optional<Duration> outOfTouch() {
        return inTouch
                ? Optional.empty()
                : Optional.of(Duration.ofNanos(clock.nanos() - lastNanos));
    }
}
