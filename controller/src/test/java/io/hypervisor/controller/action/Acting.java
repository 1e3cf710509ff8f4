package io.hypervisor.controller.action;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.hypervisor.controller.action.Action.Decision;
import io.hypervisor.controller.network.Fresh;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Snapshots;
import io.hypervisor.controller.store.Store;
import io.hypervisor.core.Fault;

import java.util.ArrayList;
import java.util.List;

/** Runs actions in tests as the committer does. */
public final class Acting {
    private Acting() {}

    /** The state after an action, and its answer. */
    public record After<R>(Snapshot state, R answer, int writes) {}

    public static <R> After<R> act(Snapshot now, Action<R> action) {
        Decision<R> decision = action.decide(now);
        assertThat(decision.edits()).hasSizeLessThanOrEqualTo(Store.MAX_WRITES);
        assertThat(decision.edits().stream().map(edit -> edit.key())).doesNotHaveDuplicates();
        Snapshot after =
                decision.edits().isEmpty() ? now : now.with(now.revision() + 1, decision.edits());
        return new After<>(after, decision.answer().apply(after), decision.edits().size());
    }

    /** That id, and more of which nothing else is made in the test. */
    public static Fresh fresh(String id) {
        List<String> ids = new ArrayList<>(List.of(id));
        for (int i = 1; i < CreateInstance.IDS; i++) {
            ids.add(Snapshots.id(0x10_0000 * i + id.hashCode() % 0x10_0000));
        }
        return new Fresh(ids, Snapshots.at(1));
    }

    public static Fault refused(Snapshot now, Action<?> action, Fault.Kind kind) {
        Fault fault = catchThrowableOfType(Fault.class, () -> action.decide(now));
        assertThat(fault).as("%s on %s", kind, action).isNotNull();
        assertThat(fault.kind()).isEqualTo(kind);
        return fault;
    }
}
