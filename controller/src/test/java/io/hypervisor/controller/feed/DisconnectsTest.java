package io.hypervisor.controller.feed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.Empty;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.hypervisor.api.v1.ClusterServiceGrpc;

import org.junit.jupiter.api.Test;

import java.nio.channels.ClosedChannelException;

class DisconnectsTest {
    private static Status seen(Status status) {
        Channel channel =
                ClientInterceptors.intercept(new EndsCallsWith(status), new Disconnects());
        return catchThrowableOfType(
                        StatusRuntimeException.class,
                        () ->
                                ClusterServiceGrpc.newBlockingStub(channel)
                                        .getClusterInfo(Empty.getDefaultInstance()))
                .getStatus();
    }

    @Test
    void aConnectionThatClosesUnderACallIsUnavailable() {
        Status status = seen(Status.UNKNOWN.withCause(new ClosedChannelException()));
        assertThat(status.getCode()).isEqualTo(Status.Code.UNAVAILABLE);
        assertThat(status.getDescription()).isEqualTo("connection lost");
    }

    @Test
    void whatThePeerSaysStaysAsItIs() {
        Status said = Status.UNKNOWN.withDescription("its own word");
        assertThat(seen(said).getCode()).isEqualTo(Status.Code.UNKNOWN);
        Status defect = Status.UNKNOWN.withCause(new IllegalStateException());
        assertThat(seen(defect).getCode()).isEqualTo(Status.Code.UNKNOWN);
        assertThat(seen(Status.NOT_FOUND).getCode()).isEqualTo(Status.Code.NOT_FOUND);
    }

    /** Ends each call with a status of this side. */
    private static final class EndsCallsWith extends Channel {
        private final Status status;

        EndsCallsWith(Status status) {
            this.status = status;
        }

        @Override
        public <Q, S> ClientCall<Q, S> newCall(MethodDescriptor<Q, S> method, CallOptions options) {
            return new ClientCall<>() {
                @Override
                public void start(Listener<S> listener, Metadata headers) {
                    listener.onClose(status, new Metadata());
                }

                @Override
                public void request(int messages) {}

                @Override
                public void cancel(String message, Throwable cause) {}

                @Override
                public void halfClose() {}

                @Override
                public void sendMessage(Q message) {}
            };
        }

        @Override
        public String authority() {
            return "peer";
        }
    }
}
