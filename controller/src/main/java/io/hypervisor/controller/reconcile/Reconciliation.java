package io.hypervisor.controller.reconcile;

import io.hypervisor.controller.action.Committer;
import io.hypervisor.controller.commit.ChangeListener;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.core.Backoff;
import io.hypervisor.core.Outcome;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.WorkQueue;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionException;

/** Runs the reconcilers while this process leads. */
public final class Reconciliation implements ChangeListener, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Reconciliation.class);
    private static final Backoff BACKOFF =
            new Backoff(Duration.ofSeconds(1), Duration.ofMinutes(1));
    private static final Duration FULL_PASS = Duration.ofSeconds(30);

    private final Committer committer;
    private final List<Lane> lanes;
    private final Counter repaired;
    private final Tasks.Timer fullPasses;
    private volatile boolean leading;

    /** One reconciler and its queue; {@code suspects} belongs to the full pass. */
    private static final class Lane {
        final Reconciler reconciler;
        final WorkQueue<String> queue;
        Set<String> suspects = Set.of();

        Lane(Reconciler reconciler, WorkQueue<String> queue) {
            this.reconciler = reconciler;
            this.queue = queue;
        }
    }

    /** Reconcilers that rest until {@link #leading}. */
    public Reconciliation(
            Committer committer,
            List<? extends Reconciler> reconcilers,
            Tasks tasks,
            MeterRegistry metrics) {
        this.committer = committer;
        this.lanes = reconcilers.stream().map(r -> new Lane(r, queue(r, tasks))).toList();
        this.repaired =
                Counter.builder("hypervisor.reconcile.repaired")
                        .description("gaps that only the full pass found; each is a defect")
                        .register(metrics);
        this.fullPasses =
                tasks.every(FULL_PASS, tasks.serial("reconcile-full-pass"), this::fullPass);
    }

    private WorkQueue<String> queue(Reconciler reconciler, Tasks tasks) {
        return new WorkQueue<>(
                "reconcile-" + reconciler.name(),
                tasks,
                BACKOFF,
                key -> leading ? attempt(reconciler, key) : Outcome.done());
    }

    /** A decision that could not be recorded is made again. */
    private static Outcome attempt(Reconciler reconciler, String key) {
        try {
            return reconciler.reconcile(key);
        } catch (CompletionException e) {
            log.warn(
                    "reconciler={} key={}: not recorded: {}",
                    reconciler.name(),
                    key,
                    e.getMessage());
            return Outcome.blocked(String.valueOf(e.getMessage()));
        }
    }

    /** Begins, with everything that is due, or rests. */
    public void leading(boolean now) {
        leading = now;
        if (now) {
            reset(committer.snapshot());
        }
    }

    @Override
    public void changed(Snapshot before, Snapshot after, List<Edit> edits) {
        if (leading) {
            lanes.forEach(
                    lane -> lane.reconciler.woken(before, after, edits).forEach(lane.queue::add));
        }
    }

    @Override
    public void reset(Snapshot now) {
        if (leading) {
            lanes.forEach(lane -> lane.reconciler.due(now).forEach(lane.queue::add));
        }
    }

    /**
     * Finds keys that have something to do and that nobody looks at. Only what two passes agree on
     * counts: right after a commit its keys may not be queued yet.
     */
    private void fullPass() {
        if (!leading) {
            return;
        }
        Snapshot now = committer.snapshot();
        for (Lane lane : lanes) {
            Set<String> suspects = new HashSet<>(lane.reconciler.due(now));
            suspects.removeIf(lane.queue::has);
            for (String key : suspects) {
                if (lane.suspects.contains(key)) {
                    repaired.increment();
                    log.error(
                            "reconciler={} key={}: found by the full pass alone",
                            lane.reconciler.name(),
                            key);
                    lane.queue.add(key);
                }
            }
            lane.suspects = suspects;
        }
    }

    @Override
    public void close() {
        leading = false;
        fullPasses.cancel();
        lanes.forEach(lane -> lane.queue.close());
    }
}
