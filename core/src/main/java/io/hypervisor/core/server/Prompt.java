package io.hypervisor.core.server;

import io.grpc.MethodDescriptor;

import java.util.Set;

/**
 * A service with methods that answer within microseconds and never wait, so that handing them to
 * another thread and back would be most of their cost.
 */
public interface Prompt {
    /** Those methods. They run on the connection's thread: one that waits stops its other calls. */
    Set<MethodDescriptor<?, ?>> prompt();
}
