/**
 * The network as a compiler: a node's view of the logical network and its wiring become flows.
 *
 * <p>{@link io.hypervisor.network.compiler.FlowCompiler} is a pure function, and equal input gives
 * equal output whatever its order; a {@link io.hypervisor.network.compiler.Compilation} keeps the
 * output and writes anew what changed. Each table of the switch is one small class that writes the
 * flows of one {@link io.hypervisor.network.compiler.Stage}; the registers between them are the
 * first constants of {@link io.hypervisor.network.compiler.Field}. Every flow has a cookie that
 * says what it serves. {@link io.hypervisor.network.compiler.Walk} takes a packet through the
 * tables of all nodes as their switches would.
 *
 * <p>Flows of a node grow with its ports and their networks, never with the cluster. Nothing here
 * reads a clock or does IO.
 */
package io.hypervisor.network.compiler;
