package io.hypervisor.bench;

import io.grpc.ManagedChannel;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.hypervisor.api.v1.ComputeServiceGrpc;
import io.hypervisor.api.v1.InstanceEvent;
import io.hypervisor.api.v1.WatchInstanceRequest;

import java.util.function.Consumer;

/** A client's end of a watch. */
final class WatchCall implements AutoCloseable {
    private final Connection connection;
    private boolean stalls;
    private Consumer<InstanceEvent> listener = event -> {};
    private volatile boolean caughtUp;

    /** Shared by several watches; whoever closes first closes it for all. */
    record Connection(ManagedChannel channel) {}

    WatchCall(Connection connection) {
        this.connection = connection;
    }

    /** Called with every event, on the connection's threads. */
    void onEvent(Consumer<InstanceEvent> next) {
        listener = next;
    }

    /** Starts to watch everything. */
    void begin() {
        begin(WatchInstanceRequest.getDefaultInstance());
    }

    void begin(WatchInstanceRequest request) {
        ComputeServiceGrpc.newStub(connection.channel()).watchInstance(request, new Reader());
    }

    /** Starts to watch everything, and reads nothing. */
    void beginAndStall() {
        stalls = true;
        begin();
    }

    /** Whether everything that existed at its beginning has arrived. */
    boolean caughtUp() {
        return caughtUp;
    }

    @Override
    public void close() {
        connection.channel().shutdownNow();
    }

    private final class Reader
            implements ClientResponseObserver<WatchInstanceRequest, InstanceEvent> {
        @Override
        public void beforeStart(ClientCallStreamObserver<WatchInstanceRequest> stream) {
            if (stalls) {
                stream.disableAutoRequestWithInitial(0);
            }
        }

        @Override
        public void onNext(InstanceEvent event) {
            if (!event.hasInstance()) {
                caughtUp = true;
            }
            listener.accept(event);
        }

        @Override
        public void onError(Throwable cause) {}

        @Override
        public void onCompleted() {}
    }
}
