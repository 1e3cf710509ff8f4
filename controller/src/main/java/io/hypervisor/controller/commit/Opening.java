package io.hypervisor.controller.commit;

import io.hypervisor.api.internal.v1.ClusterRecord;
import io.hypervisor.api.internal.v1.HistoryRecord;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.History;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.controller.store.Term;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Ids;

import java.util.ArrayList;
import java.util.List;

/**
 * What a leader writes before it leads: its term into the store's history, a new store's cluster,
 * and what every cluster has.
 */
final class Opening {
    private Opening() {}

    /**
     * The edits that a term opens with.
     *
     * @param first the revision of its LeaderRecord
     */
    static List<Edit> edits(
            Snapshot now, Term term, long first, ReplicaConfig config, Ids ids, Clock clock) {
        List<Edit> edits = new ArrayList<>();
        if (now.cluster().isEmpty()) {
            ClusterRecord cluster =
                    ClusterRecord.newBuilder()
                            .setClusterId(ids.next())
                            .setName(config.clusterName())
                            .setCreatedAt(clock.timestamp())
                            .build();
            edits.add(Edit.put(Table.CLUSTER, Table.SELF, cluster));
        }
        HistoryRecord.Term next =
                HistoryRecord.Term.newBuilder()
                        .setNumber(first)
                        .setId(ids.next())
                        .setBefore(term.before(first))
                        .build();
        HistoryRecord history = History.begin(now.history(), next, config.supersededTerms());
        edits.add(Edit.put(Table.HISTORY, Table.SELF, history));
        edits.addAll(config.founding().apply(now));
        return edits;
    }
}
