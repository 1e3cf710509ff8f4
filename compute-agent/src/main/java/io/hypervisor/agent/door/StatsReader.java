package io.hypervisor.agent.door;

import io.hypervisor.agent.driver.InstanceDriver;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceStats;
import io.hypervisor.core.Clock;

import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;

/** Reads stats and derives the processor use since the reading before. */
final class StatsReader {
    // Readings of instances that are long gone are dropped; one takes some 100 bytes.
    private static final int MAX_READINGS = 10_000;
    // Between readings that are closer than this, the use of a processor is noise.
    private static final Duration LEAST = Duration.ofMillis(100);

    private final Clock clock;
    private final Map<String, Reading> readings =
            new LinkedHashMap<>(16, 0.75f, true) {
                private static final long serialVersionUID = 1;

                @Override
                protected boolean removeEldestEntry(Map.Entry<String, Reading> eldest) {
                    return size() > MAX_READINGS;
                }
            };

    private record Reading(long cpuNanos, long at, double percent) {}

    StatsReader(Clock clock) {
        this.clock = clock;
    }

    InstanceStats read(InstanceDriver driver, Instance instance) {
        InstanceStats stats = driver.stats(instance.getId());
        return stats.toBuilder().setCpuUsagePercent(percent(instance, stats)).build();
    }

    private synchronized double percent(Instance instance, InstanceStats stats) {
        long now = clock.nanos();
        long cpu = stats.getCpuTimeNs();
        Reading before = readings.get(instance.getId());
        // A counter that went back belongs to another run.
        if (before == null || cpu < before.cpuNanos()) {
            before = new Reading(0, now - age(instance), 0);
        }
        long passed = now - before.at();
        if (passed < LEAST.toNanos()) {
            return before.percent();
        }
        double percent = 100.0 * (cpu - before.cpuNanos()) / passed;
        readings.put(instance.getId(), new Reading(cpu, now, percent));
        return percent;
    }

    private long age(Instance instance) {
        Instant started =
                Instant.ofEpochSecond(
                        instance.getStartedAt().getSeconds(), instance.getStartedAt().getNanos());
        return Math.max(1, Duration.between(started, clock.now()).toNanos());
    }
}
