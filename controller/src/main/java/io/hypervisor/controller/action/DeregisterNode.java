package io.hypervisor.controller.action;

import com.google.protobuf.Timestamp;

import io.hypervisor.api.internal.v1.PortRecord;
import io.hypervisor.api.v1.DeregisterNodeRequest;
import io.hypervisor.controller.network.PortRules;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.controller.store.Store;
import io.hypervisor.core.Fault;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Removes a node that has no instances of the cluster, and what is known of its local ones; ports
 * that are bound to its devices are bound to nothing then. That it need not hold on to its copies
 * is kept, in case that it returns. Answers whether the node is removed; false means that more had
 * to be removed than one commit holds: submit it again.
 */
public record DeregisterNode(DeregisterNodeRequest request, Timestamp at)
        implements Action<Boolean> {
    private static final int MAX_NAMED = 16;
    private static final int OWN_RECORDS = 3;

    @Override
    public Decision<Boolean> decide(Snapshot now) {
        String id = request.getNodeId();
        Require.node(now, id, request.getExpectedRevision());
        if (!now.placedOn(id).isEmpty()) {
            throw occupied(id, now.placedOn(id));
        }
        List<Edit> edits = new ArrayList<>();
        now.localOn(id).forEach(local -> edits.add(Edit.delete(Table.LOCAL, local)));
        // All that are left are bound to mere devices.
        now.portsOn(id).forEach(port -> edits.addAll(unbind(now, port)));
        int room = Store.MAX_WRITES - OWN_RECORDS;
        if (edits.size() > room) {
            return Answers.value(false, edits.subList(0, room));
        }
        edits.add(Edit.delete(Table.NODE, id));
        edits.add(Health.afterRemoval(now, id));
        if (now.network().nodeStates().containsKey(id)) {
            edits.add(Edit.delete(Table.NODE_NETWORK, id));
        }
        return Answers.value(true, edits);
    }

    private List<Edit> unbind(Snapshot now, String port) {
        PortRecord record = now.network().ports().get(port).value();
        List<Edit> edits = new ArrayList<>(PortRules.forgetState(now.network(), port));
        edits.add(PortRules.unbind(record, at));
        return edits;
    }

    private static Fault occupied(String id, Set<String> instances) {
        return Fault.of(
                Fault.Kind.FAILED_PRECONDITION,
                "NODE_OCCUPIED",
                "node "
                        + id
                        + ": "
                        + instances.size()
                        + (instances.size() == 1 ? " instance is" : " instances are")
                        + " placed on it (expected: none; drain it or delete them)",
                instances.stream()
                        .limit(MAX_NAMED)
                        .map(each -> new Fault.Violation("instance/" + each, "placed on the node"))
                        .toList());
    }
}
