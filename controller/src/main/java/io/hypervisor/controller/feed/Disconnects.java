package io.hypervisor.controller.feed;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;

import java.io.IOException;

/**
 * Makes a call that its connection ends UNAVAILABLE in every case. By itself gRPC says UNKNOWN if
 * the connection closes just when the call goes out, which reads like a defect of the peer.
 */
final class Disconnects implements ClientInterceptor {
    @Override
    public <Q, S> ClientCall<Q, S> interceptCall(
            MethodDescriptor<Q, S> method, CallOptions options, Channel next) {
        return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
            @Override
            public void start(Listener<S> listener, Metadata headers) {
                super.start(
                        new SimpleForwardingClientCallListener<>(listener) {
                            @Override
                            public void onClose(Status status, Metadata trailers) {
                                super.onClose(translated(status), trailers);
                            }
                        },
                        headers);
            }
        };
    }

    /** A cause does not travel: a status that has one was made on this side. */
    private static Status translated(Status status) {
        return status.getCode() == Status.Code.UNKNOWN
                        && status.getCause() instanceof IOException cause
                ? Status.UNAVAILABLE.withDescription("connection lost").withCause(cause)
                : status;
    }
}
