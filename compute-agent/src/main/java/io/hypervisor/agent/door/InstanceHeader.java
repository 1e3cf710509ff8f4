package io.hypervisor.agent.door;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;

import java.util.Optional;

/** Makes the request header "instance-id" known to AttachConsole. */
public final class InstanceHeader implements ServerInterceptor {
    private static final Metadata.Key<String> HEADER =
            Metadata.Key.of("instance-id", Metadata.ASCII_STRING_MARSHALLER);
    private static final Context.Key<String> KEY = Context.key("instance-id");

    /** The header of the present call, empty if it has none. */
    static String get() {
        return Optional.ofNullable(KEY.get()).orElse("");
    }

    @Override
    public <Q, S> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, S> call, Metadata headers, ServerCallHandler<Q, S> next) {
        String id = Optional.ofNullable(headers.get(HEADER)).orElse("");
        return Contexts.interceptCall(Context.current().withValue(KEY, id), call, headers, next);
    }
}
