package io.hypervisor.controller.action.network;

import com.google.protobuf.Empty;

import io.hypervisor.api.v1.Network;
import io.hypervisor.controller.action.Action.Decision;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.NetworkViews;

import java.util.List;

/** The decisions that verbs commonly come to. */
final class Answers {
    private Answers() {}

    /** Commits the edits and answers with the network as it is then. */
    static Decision<Network> network(String id, List<Edit> edits) {
        return new Decision<>(edits, after -> NetworkViews.network(after, id).orElseThrow());
    }

    /** Commits the edits; there is nothing to say. */
    static Decision<Empty> done(List<Edit> edits) {
        return new Decision<>(edits, after -> Empty.getDefaultInstance());
    }
}
