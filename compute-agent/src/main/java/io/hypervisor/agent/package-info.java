/**
 * The compute agent: one process per node, which makes the node what its journal says and tells the
 * controller what it sees. {@link io.hypervisor.agent.Main} starts it, {@link
 * io.hypervisor.agent.Agent} wires its parts by hand.
 */
package io.hypervisor.agent;
