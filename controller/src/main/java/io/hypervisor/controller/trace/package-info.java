/**
 * What would happen to a packet, from the tables that nodes compile.
 *
 * <p>{@link io.hypervisor.controller.trace.PacketTrace} is a pure function of a Snapshot and a
 * request. It gives each node that the packet visits the document that the node gets, compiles it
 * as the node does, and walks. The numbers of interfaces and zones are those of a switch as it
 * could be; everything else is as on the node.
 *
 * <p>Must never: compile a node that the packet does not visit, or know a rule of forwarding that
 * the compiler does not.
 */
package io.hypervisor.controller.trace;
