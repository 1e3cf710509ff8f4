package io.hypervisor.controller.edge;

import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.hypervisor.api.internal.v1.NodeRecord;
import io.hypervisor.api.v1.AgentConsoleInput;
import io.hypervisor.api.v1.AgentConsoleOutput;
import io.hypervisor.api.v1.AgentServiceGrpc;
import io.hypervisor.core.Fault;
import io.hypervisor.core.spec.AgentRequests;

import java.util.List;
import java.util.Optional;

/**
 * One client at a console: its input goes to the node, the node's output comes back, both only as
 * fast as the other side takes it. A client that has sent all its input and half-closes keeps
 * getting output; the session ends when it cancels or the node ends it.
 *
 * @param <I> what the client sends
 * @param <O> what the client gets
 */
final class ConsoleSession<I, O> implements StreamObserver<I> {
    private final NodeDoor door;
    private final Dialect<I, O> dialect;
    private final ServerCallStreamObserver<O> client;
    private final Tunnel<AgentConsoleInput, AgentConsoleOutput, O> tunnel;
    private Optional<ClientCallStreamObserver<AgentConsoleInput>> node = Optional.empty();
    private String instanceId = "";
    private boolean owed;
    private boolean closed;

    /** Where a console is. */
    record Target(NodeRecord node, String instanceId) {}

    /** What differs between the cluster's and the node's own console method. */
    interface Dialect<I, O> {
        /** The console that the first message asks for; throws a fault if it cannot be had. */
        Target target(I first);

        /** The message as the node takes it, in pieces; throws a fault if it is wrong. */
        List<AgentConsoleInput> inputs(I message, boolean first);

        /** The instance that a message names, empty if none. */
        String instanceId(I message);

        /** The node's output as the client takes it. */
        O output(AgentConsoleOutput output);
    }

    /** A session that waits for the client's first message. */
    ConsoleSession(NodeDoor door, Dialect<I, O> dialect, StreamObserver<O> observer) {
        this.door = door;
        this.dialect = dialect;
        this.client = (ServerCallStreamObserver<O>) observer;
        client.disableAutoRequest();
        this.tunnel = new Tunnel<>(client, dialect::output);
        tunnel.onNodeReady(this::nodeReady);
        client.request(1);
    }

    @Override
    public void onNext(I message) {
        try {
            boolean first = node.isEmpty();
            List<AgentConsoleInput> inputs = dialect.inputs(message, first);
            if (first) {
                open(dialect.target(message));
            } else {
                AgentRequests.sameInstance(dialect.instanceId(message), instanceId);
            }
            node.ifPresent(stream -> inputs.forEach(stream::onNext));
        } catch (Fault fault) {
            tunnel.fail(fault);
            return;
        }
        synchronized (this) {
            owed = true;
        }
        nodeReady();
    }

    private void open(Target target) {
        instanceId = target.instanceId();
        tunnel.to(target.node());
        var stream =
                (ClientCallStreamObserver<AgentConsoleInput>)
                        ClientCalls.asyncBidiStreamingCall(
                                door.channel(target.node())
                                        .newCall(
                                                AgentServiceGrpc.getAttachConsoleMethod(),
                                                NodeDoor.options()),
                                tunnel);
        stream.onNext(AgentConsoleInput.newBuilder().setInstanceId(target.instanceId()).build());
        node = Optional.of(stream);
    }

    private synchronized void nodeReady() {
        if (owed && !closed && node.filter(ClientCallStreamObserver::isReady).isPresent()) {
            owed = false;
            client.request(1);
        }
    }

    @Override
    public void onError(Throwable thrown) {
        tunnel.callerGone();
    }

    @Override
    public synchronized void onCompleted() {
        closed = true;
        if (node.isEmpty()) {
            tunnel.fail(Fault.invalid("instance_id", "", "a first message that names it"));
        }
    }
}
