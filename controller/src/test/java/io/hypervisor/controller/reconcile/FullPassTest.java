package io.hypervisor.controller.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.testkit.ManualClock;
import io.hypervisor.controller.testkit.ManualTasks;
import io.hypervisor.controller.testkit.MemoryCommitter;
import io.hypervisor.core.Outcome;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

class FullPassTest {
    /** Never notices a commit by itself. */
    private static final class Deaf implements Reconciler {
        final Set<String> due = new HashSet<>();

        @Override
        public String name() {
            return "deaf";
        }

        @Override
        public Outcome reconcile(String key) {
            due.remove(key);
            return Outcome.done();
        }

        @Override
        public Set<String> woken(Snapshot before, Snapshot after, List<Edit> edits) {
            return Set.of();
        }

        @Override
        public Set<String> due(Snapshot now) {
            return Set.copyOf(due);
        }
    }

    @Test
    void repairsWhatNobodyNoticedAndCountsIt() {
        ManualTasks tasks = new ManualTasks(new ManualClock());
        SimpleMeterRegistry metrics = new SimpleMeterRegistry();
        Deaf deaf = new Deaf();
        Reconciliation reconciliation =
                new Reconciliation(new MemoryCommitter(), List.of(deaf), tasks, metrics);
        deaf.due.add("missed");
        tasks.advance(Duration.ofMinutes(5));
        assertThat(deaf.due).as("this process does not lead").isNotEmpty();
        reconciliation.leading(true);
        tasks.run();
        assertThat(deaf.due).isEmpty();

        deaf.due.add("missed");
        tasks.advance(Duration.ofMinutes(2));

        assertThat(deaf.due).isEmpty();
        assertThat(metrics.counter("hypervisor.reconcile.repaired").count()).isEqualTo(1);
    }
}
