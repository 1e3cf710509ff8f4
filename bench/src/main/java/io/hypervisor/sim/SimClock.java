package io.hypervisor.sim;

import io.grpc.Deadline;
import io.hypervisor.core.Clock;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;

/** A machine's clock: simulated time at the machine's own pace, and a wall clock that may jump. */
final class SimClock implements Clock {
    private static final Instant BEGINNING = Instant.parse("2030-01-01T00:00:00Z");
    // So that a time before the beginning is no negative number.
    private static final long UPTIME = TimeUnit.HOURS.toNanos(1);

    private final Kernel kernel;
    private final double rate;
    private final Wall wall;
    private final Deadline.Ticker ticker =
            new Deadline.Ticker() {
                @Override
                public long nanoTime() {
                    return nanos();
                }
            };

    /** How far a machine's wall clock is off. */
    static final class Wall {
        private Duration off = Duration.ZERO;

        void jump(Duration by) {
            off = off.plus(by);
        }
    }

    SimClock(Kernel kernel, double rate, Wall wall) {
        this.kernel = kernel;
        this.rate = rate;
        this.wall = wall;
    }

    @Override
    public Instant now() {
        return BEGINNING.plusNanos(kernel.now()).plus(wall.off);
    }

    @Override
    public long nanos() {
        return UPTIME + (long) (kernel.now() * rate);
    }

    @Override
    public Deadline deadline(Duration length) {
        return Deadline.after(length.toNanos(), TimeUnit.NANOSECONDS, ticker);
    }
}
