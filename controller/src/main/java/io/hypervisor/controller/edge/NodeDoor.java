package io.hypervisor.controller.edge;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.Context;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ServerCallStreamObserver;
import io.hypervisor.api.internal.v1.NodeRecord;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.controller.state.Entry;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Views;
import io.hypervisor.core.Fault;
import io.hypervisor.core.Ids;
import io.hypervisor.core.server.FaultInterceptor;
import io.hypervisor.core.server.HostPort;

import java.util.function.Function;

/** Finds nodes and passes calls on to their AgentService. */
final class NodeDoor {
    private final Function<HostPort, Channel> channels;

    NodeDoor(Function<HostPort, Channel> channels) {
        this.channels = channels;
    }

    /** The instance of this id. */
    static Instance instance(Snapshot now, String id) {
        return Views.instance(now, id).orElseThrow(() -> Fault.notFound("instance", id));
    }

    /** The node that an instance is on. */
    static NodeRecord of(Snapshot now, Instance instance) {
        if (instance.getNodeId().isEmpty()) {
            throw Fault.wrongState("instance", instance.getId(), "not placed", "placed on a node");
        }
        return node(now, instance.getNodeId());
    }

    /** The node of this id. */
    static NodeRecord node(Snapshot now, String id) {
        return now.node(id).map(Entry::value).orElseThrow(() -> Fault.notFound("node", id));
    }

    /** The node of this id or hostname. */
    static NodeRecord named(Snapshot now, String name) {
        return node(now, Ids.isId(name) ? name : now.nodeByHostname(name).orElse(name));
    }

    Channel channel(NodeRecord node) {
        return channels.apply(address(node));
    }

    private static HostPort address(NodeRecord node) {
        return new HostPort(node.getIp(), node.getPort());
    }

    /** Calls a unary method, within the caller's deadline, and returns its answer. */
    <Q, S> S call(NodeRecord node, MethodDescriptor<Q, S> method, Q request) {
        try {
            return ClientCalls.blockingUnaryCall(channel(node), method, options(), request);
        } catch (StatusRuntimeException e) {
            throw translated(node, e);
        }
    }

    /** Calls a streaming method and passes its messages on as fast as the caller takes them. */
    <Q, S> void stream(
            NodeRecord node,
            MethodDescriptor<Q, S> method,
            Q request,
            ServerCallStreamObserver<S> caller) {
        Tunnel<Q, S, S> tunnel = new Tunnel<>(caller, message -> message);
        tunnel.to(node);
        ClientCalls.asyncServerStreamingCall(
                channel(node).newCall(method, options()), request, tunnel);
    }

    static CallOptions options() {
        return CallOptions.DEFAULT.withDeadline(Context.current().getDeadline());
    }

    /**
     * What the caller learns of a failed call: the node's own words, or that it is out of reach.
     */
    static RuntimeException translated(NodeRecord node, Throwable thrown) {
        if (!(thrown instanceof StatusRuntimeException e)) {
            return FaultInterceptor.toStatusException("AgentService", thrown);
        }
        boolean itsOwnWord = e.getTrailers() != null && !e.getTrailers().keys().isEmpty();
        String name = "node " + node.getHostname() + " (" + node.getId() + ") at " + address(node);
        return switch (e.getStatus().getCode()) {
            case UNAVAILABLE ->
                    itsOwnWord
                            ? e
                            : Fault.unavailable("NODE_UNREACHABLE", name + " does not answer");
            case DEADLINE_EXCEEDED ->
                    Fault.of(
                            Fault.Kind.DEADLINE_EXCEEDED,
                            "DEADLINE_EXCEEDED",
                            name + " did not answer within the deadline");
            default -> e;
        };
    }
}
