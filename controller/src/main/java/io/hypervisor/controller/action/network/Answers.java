package io.hypervisor.controller.action.network;

import com.google.protobuf.Empty;

import io.hypervisor.api.v1.FloatingIP;
import io.hypervisor.api.v1.IPAllocation;
import io.hypervisor.api.v1.Network;
import io.hypervisor.api.v1.Port;
import io.hypervisor.api.v1.Router;
import io.hypervisor.api.v1.SecurityGroup;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.controller.action.Action.Decision;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.NetworkViews;
import io.hypervisor.controller.state.RouterViews;

import java.util.List;

/** The decisions that verbs commonly come to. */
final class Answers {
    private Answers() {}

    /** Commits the edits and answers with the network as it is then. */
    static Decision<Network> network(String id, List<Edit> edits) {
        return new Decision<>(edits, after -> NetworkViews.network(after, id).orElseThrow());
    }

    /** Commits the edits and answers with the subnet as it is then. */
    static Decision<Subnet> subnet(String id, List<Edit> edits) {
        return new Decision<>(edits, after -> NetworkViews.subnet(after, id).orElseThrow());
    }

    /** Commits the edits and answers with the allocation as it is then. */
    static Decision<IPAllocation> allocation(String id, List<Edit> edits) {
        return new Decision<>(edits, after -> NetworkViews.allocation(after, id).orElseThrow());
    }

    /** Commits the edits and answers with the port as it is then. */
    static Decision<Port> port(String id, List<Edit> edits) {
        return new Decision<>(edits, after -> NetworkViews.port(after, id).orElseThrow());
    }

    /** Commits the edits and answers with the security group as it is then. */
    static Decision<SecurityGroup> securityGroup(String id, List<Edit> edits) {
        return new Decision<>(edits, after -> NetworkViews.securityGroup(after, id).orElseThrow());
    }

    /** Commits the edits and answers with the router as it is then. */
    static Decision<Router> router(String id, List<Edit> edits) {
        return new Decision<>(edits, after -> RouterViews.router(after, id).orElseThrow());
    }

    /** Commits the edits and answers with the floating IP as it is then. */
    static Decision<FloatingIP> floatingIp(String id, List<Edit> edits) {
        return new Decision<>(edits, after -> RouterViews.floatingIp(after, id).orElseThrow());
    }

    /** Commits the edits; there is nothing to say. */
    static Decision<Empty> done(List<Edit> edits) {
        return new Decision<>(edits, after -> Empty.getDefaultInstance());
    }
}
