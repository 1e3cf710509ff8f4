package io.hypervisor.core;

import com.google.protobuf.Timestamp;

import io.grpc.Deadline;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;

/** The only source of time. */
public interface Clock {
    /** Wall-clock time, for people and records. May jump. */
    Instant now();

    /** Monotonic nanoseconds, for durations. Only differences mean anything. */
    long nanos();

    /** {@link #now} as the API's timestamp. */
    default Timestamp timestamp() {
        Instant now = now();
        return Timestamp.newBuilder()
                .setSeconds(now.getEpochSecond())
                .setNanos(now.getNano())
                .build();
    }

    /** A deadline of a call, so long from now. */
    default Deadline deadline(Duration length) {
        return Deadline.after(length.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** The machine's own clock. */
    static Clock system() {
        return new Clock() {
            @Override
            public Instant now() {
                return Instant.now();
            }

            @Override
            public long nanos() {
                return System.nanoTime();
            }
        };
    }
}
