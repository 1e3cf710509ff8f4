package io.hypervisor.controller.action;

import io.hypervisor.api.v1.DeregisterNodeRequest;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.controller.store.Store;
import io.hypervisor.core.Fault;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Removes a node that has no instances of the cluster, and what is known of its local ones. Answers
 * whether the node is removed; false means that more had to be removed than one commit holds:
 * submit it again.
 */
public record DeregisterNode(DeregisterNodeRequest request) implements Action<Boolean> {
    private static final int MAX_NAMED = 16;
    private static final int OWN_RECORDS = 2;

    @Override
    public Decision<Boolean> decide(Snapshot now) {
        String id = request.getNodeId();
        Require.node(now, id, request.getExpectedRevision());
        if (!now.placedOn(id).isEmpty()) {
            throw occupied(id, now.placedOn(id));
        }
        List<Edit> edits = new ArrayList<>();
        now.localOn(id).stream()
                .limit(Store.MAX_WRITES - OWN_RECORDS)
                .forEach(local -> edits.add(Edit.delete(Table.LOCAL, local)));
        boolean last = edits.size() == now.localOn(id).size();
        if (last) {
            edits.add(Edit.delete(Table.NODE, id));
            edits.add(Edit.delete(Table.HEALTH, id));
        }
        return Answers.value(last, edits);
    }

    private static Fault occupied(String id, Set<String> instances) {
        return Fault.of(
                Fault.Kind.FAILED_PRECONDITION,
                "NODE_OCCUPIED",
                "node "
                        + id
                        + ": "
                        + instances.size()
                        + " instances are placed on it (expected: none; drain it or delete them)",
                instances.stream()
                        .limit(MAX_NAMED)
                        .map(each -> new Fault.Violation("instance/" + each, "placed on the node"))
                        .toList());
    }
}
