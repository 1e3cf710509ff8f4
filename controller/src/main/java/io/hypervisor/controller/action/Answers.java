package io.hypervisor.controller.action;

import com.google.protobuf.Timestamp;

import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.Node;
import io.hypervisor.controller.action.Action.Decision;
import io.hypervisor.controller.network.InstancePorts;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.NodeViews;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.controller.state.Views;

import java.util.ArrayList;
import java.util.List;

/** The decisions that verbs commonly come to. */
final class Answers {
    private Answers() {}

    /** Commits the edits and answers with the instance as it is then. */
    static Decision<Instance> instance(String id, List<Edit> edits) {
        return new Decision<>(edits, after -> Views.instance(after, id).orElseThrow());
    }

    /** Commits the edits and answers with the node as it is then. */
    static Decision<Node> node(String id, List<Edit> edits) {
        return new Decision<>(edits, after -> NodeViews.node(after, id).orElseThrow());
    }

    /** Commits the edits and answers with a value. */
    static <R> Decision<R> value(R answer, List<Edit> edits) {
        return new Decision<>(edits, after -> answer);
    }

    /** Removes an instance with all that is its own. */
    static List<Edit> forget(Snapshot now, String instanceId, Timestamp at) {
        List<Edit> edits =
                new ArrayList<>(
                        List.of(
                                Edit.delete(Table.INSTANCE, instanceId),
                                Edit.delete(Table.PLACEMENT, instanceId),
                                Edit.delete(Table.OBSERVED, instanceId)));
        edits.addAll(InstancePorts.leave(now, instanceId, at));
        return edits;
    }
}
