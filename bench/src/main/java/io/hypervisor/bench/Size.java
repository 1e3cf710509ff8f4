package io.hypervisor.bench;

import java.time.Duration;
import java.util.List;

/**
 * How much of everything a run takes.
 *
 * @param starts how often a process is started for a median
 * @param creates instances created one after the other for the control plane's time
 * @param guests real containers, and real VMs, beside as many of the daemon's own client
 * @param instances in the state that reads and starts work on
 * @param streams watches at once for the memory of each
 * @param watchers watches at once for the time of an event
 * @param events that they see
 * @param connections at once for the memory of each
 * @param clusters how many nodes the scheduler chooses from
 * @param networkNodes nodes that share virtual networks, a multiple of 100
 * @param ports on the node whose first ping is timed
 * @param pings how many of those
 * @param reading how long each reading measurement goes on
 */
public record Size(
        int starts,
        int creates,
        int guests,
        int instances,
        int streams,
        int watchers,
        int events,
        int connections,
        List<Integer> clusters,
        int networkNodes,
        int ports,
        int pings,
        Duration reading) {
    /** What the promises speak of. */
    public static Size full() {
        return new Size(
                7,
                1_000,
                30,
                100_000,
                10_000,
                1_000,
                300,
                1_000,
                List.of(100, 1_000, 10_000),
                500,
                1_000,
                40,
                Duration.ofSeconds(20));
    }

    /** Enough to see that everything still runs. */
    public static Size tiny() {
        return new Size(
                1, 5, 0, 200, 50, 10, 3, 10, List.of(100, 200), 100, 20, 2, Duration.ofMillis(200));
    }
}
