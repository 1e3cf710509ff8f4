/**
 * What every process of the product serves the same way: a gRPC server with health, reflection,
 * metrics and TLS, and the one mapping of {@link io.hypervisor.core.Fault} to a gRPC status.
 */
package io.hypervisor.core.server;
