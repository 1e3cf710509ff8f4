package io.hypervisor.sim;

import io.grpc.BindableService;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.hypervisor.core.server.FaultInterceptor;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The methods that a process serves, behind the interceptors that its real server has. */
final class Served {
    private final Map<String, ServerMethodDefinition<?, ?>> methods = new HashMap<>();

    Served(List<BindableService> services, List<ServerInterceptor> interceptors) {
        List<ServerInterceptor> chain = new ArrayList<>(interceptors);
        chain.add(new FaultInterceptor());
        for (BindableService service : services) {
            ServerServiceDefinition definition =
                    ServerInterceptors.intercept(service.bindService(), chain);
            definition
                    .getMethods()
                    .forEach(m -> methods.put(m.getMethodDescriptor().getFullMethodName(), m));
        }
    }

    Optional<ServerMethodDefinition<?, ?>> method(String fullName) {
        return Optional.ofNullable(methods.get(fullName));
    }
}
