package io.hypervisor.core.server;

import com.google.common.util.concurrent.MoreExecutors;

import io.grpc.BindableService;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallExecutorSupplier;
import io.grpc.health.v1.HealthGrpc;

import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Where a call's handler runs: prompt methods on the connection's thread, others on their own. */
final class CallThreads implements ServerCallExecutorSupplier {
    private final Set<String> prompt;
    private final Executor own;

    CallThreads(List<? extends BindableService> services, Executor own) {
        this.own = own;
        this.prompt =
                Stream.concat(
                                Stream.of(HealthGrpc.getCheckMethod()),
                                services.stream()
                                        .filter(Prompt.class::isInstance)
                                        .flatMap(service -> ((Prompt) service).prompt().stream()))
                        .map(MethodDescriptor::getFullMethodName)
                        .collect(Collectors.toUnmodifiableSet());
    }

    @Override
    public <Q, S> Executor getExecutor(ServerCall<Q, S> call, Metadata headers) {
        return prompt.contains(call.getMethodDescriptor().getFullMethodName())
                ? MoreExecutors.directExecutor()
                : own;
    }
}
