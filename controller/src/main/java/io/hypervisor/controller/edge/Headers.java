package io.hypervisor.controller.edge;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;

import java.util.Optional;

/** Lets methods read the request's headers. */
final class Headers implements ServerInterceptor {
    private static final Context.Key<Metadata> KEY = Context.key("headers");

    @Override
    public <Q, S> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, S> call, Metadata headers, ServerCallHandler<Q, S> next) {
        return Contexts.interceptCall(
                Context.current().withValue(KEY, headers), call, headers, next);
    }

    /** The value of a header of the current call. */
    static Optional<String> get(String name) {
        return Optional.ofNullable(KEY.get())
                .map(h -> h.get(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER)));
    }
}
