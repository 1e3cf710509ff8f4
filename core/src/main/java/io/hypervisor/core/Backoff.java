package io.hypervisor.core;

import java.time.Duration;

/** Pauses that double from {@code first} to {@code most}. */
public record Backoff(Duration first, Duration most) {
    /** The pause before the given retry, counted from 1. */
    public Duration pause(int retry) {
        int doublings = Math.min(retry - 1, 30);
        long nanos = Math.min(first.toNanos() << Math.min(doublings, 20), most.toNanos());
        return Duration.ofNanos(nanos);
    }
}
