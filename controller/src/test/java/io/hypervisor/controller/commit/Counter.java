package io.hypervisor.controller.commit;

import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.controller.action.Action;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;

import java.util.List;

/** Counts in a record's run_generation, where lost and double effects show. */
final class Counter {
    private Counter() {}

    /** Adds one; answers the sum. */
    static Action<Long> add(String id) {
        return now -> {
            InstanceRecord record =
                    InstanceRecord.newBuilder()
                            .setId(id)
                            .setName(id)
                            .setRunGeneration(value(now, id) + 1)
                            .build();
            return new Action.Decision<>(
                    List.of(Edit.put(Table.INSTANCE, id, record)),
                    committed -> record.getRunGeneration());
        };
    }

    static long value(Snapshot now, String id) {
        return now.instance(id).map(entry -> entry.value().getRunGeneration()).orElse(0L);
    }
}
