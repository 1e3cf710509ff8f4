package io.hypervisor.controller.edge;

import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.ServerCallStreamObserver;
import io.hypervisor.api.internal.v1.NodeRecord;
import io.hypervisor.core.Fault;
import io.hypervisor.core.server.FaultInterceptor;

import java.util.Optional;
import java.util.function.Function;

/**
 * What a node sends, on its way to a caller. The next message is asked for when the caller has room
 * for it, so neither side piles up here.
 *
 * @param <Q> what the node is sent
 * @param <S> what the node sends
 * @param <O> what the caller gets
 */
final class Tunnel<Q, S, O> implements ClientResponseObserver<Q, S> {
    private final ServerCallStreamObserver<O> caller;
    private final Function<S, O> convert;
    private NodeRecord node = NodeRecord.getDefaultInstance();
    private Optional<ClientCallStreamObserver<Q>> call = Optional.empty();
    private Runnable nodeReady = () -> {};
    private boolean owed;
    private boolean ended;

    /** To be made inside the service method, before it returns. */
    Tunnel(ServerCallStreamObserver<O> caller, Function<S, O> convert) {
        this.caller = caller;
        this.convert = convert;
        caller.setOnReadyHandler(this::callerReady);
        caller.setOnCancelHandler(this::callerGone);
    }

    /** The node that the call goes to, for messages. */
    synchronized void to(NodeRecord target) {
        node = target;
    }

    /** Calls back whenever the node has room for another message. */
    synchronized void onNodeReady(Runnable task) {
        nodeReady = task;
    }

    @Override
    public synchronized void beforeStart(ClientCallStreamObserver<Q> stream) {
        call = Optional.of(stream);
        stream.disableAutoRequestWithInitial(1);
        stream.setOnReadyHandler(nodeReady);
    }

    @Override
    public synchronized void onNext(S message) {
        if (ended) {
            return;
        }
        caller.onNext(convert.apply(message));
        owed = true;
        callerReady();
    }

    private synchronized void callerReady() {
        if (owed && caller.isReady()) {
            owed = false;
            call.ifPresent(stream -> stream.request(1));
        }
    }

    @Override
    public synchronized void onError(Throwable thrown) {
        if (!ended) {
            ended = true;
            caller.onError(
                    FaultInterceptor.toStatusException(
                            "AgentService", NodeDoor.translated(node, thrown)));
        }
    }

    @Override
    public synchronized void onCompleted() {
        if (!ended) {
            ended = true;
            caller.onCompleted();
        }
    }

    /** Ends the caller's stream with a fault, and the node's call. */
    void fail(Fault fault) {
        onError(fault);
        callerGone();
    }

    /** Ends the node's call. */
    void callerGone() {
        Optional<ClientCallStreamObserver<Q>> open;
        synchronized (this) {
            ended = true;
            open = call;
        }
        open.ifPresent(stream -> stream.cancel("the caller is gone", null));
    }
}
