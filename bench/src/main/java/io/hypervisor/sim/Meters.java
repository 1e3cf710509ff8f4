package io.hypervisor.sim;

import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

/** A process's metrics by its own clock. */
final class Meters {
    private Meters() {}

    static MeterRegistry of(SimClock clock) {
        return new SimpleMeterRegistry(
                SimpleConfig.DEFAULT,
                new Clock() {
                    @Override
                    public long wallTime() {
                        return clock.now().toEpochMilli();
                    }

                    @Override
                    public long monotonicTime() {
                        return clock.nanos();
                    }
                });
    }
}
