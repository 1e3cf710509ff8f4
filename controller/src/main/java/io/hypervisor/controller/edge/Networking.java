package io.hypervisor.controller.edge;

import com.google.protobuf.Message;

import io.hypervisor.api.internal.v1.RequestMark;
import io.hypervisor.controller.action.Action;
import io.hypervisor.controller.action.Digests;
import io.hypervisor.controller.commit.Replica;
import io.hypervisor.controller.network.Fresh;
import io.hypervisor.controller.network.NetworkConfig;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Ids;

/** What every family of NetworkService's methods works with. */
record Networking(Replica replica, Clock clock, Ids ids, NetworkConfig config) {
    Snapshot now() {
        return replica.snapshot();
    }

    <R> R commit(Action<R> action) {
        return Calls.commit(replica, action);
    }

    /** The time and new ids for a verb that makes up to so many records. */
    Fresh fresh(int records) {
        return Fresh.of(ids, clock, records);
    }

    /** How a request is known again; empty without a request_id. */
    static RequestMark mark(String requestId, Message request) {
        return requestId.isEmpty()
                ? RequestMark.getDefaultInstance()
                : RequestMark.newBuilder().setId(requestId).setDigest(Digests.of(request)).build();
    }
}
