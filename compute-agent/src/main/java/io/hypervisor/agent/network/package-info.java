/**
 * The node's part in the network: keeps the switch what the journal's network objects say.
 *
 * <p>{@link io.hypervisor.agent.network.NetworkReconciler} takes one pass at a time over
 * everything: view, devices, flows, states. A pass starts from what the switch's database and flow
 * table hold and from the devices that exist, never from what an earlier pass did, so that an agent
 * or a switch that starts again changes nothing that stays. {@link
 * io.hypervisor.agent.network.PortBoard} stands between it, the drivers, which wait there until an
 * instance's packets pass, and the link, which reports.
 *
 * <p>Must never: touch a bridge, port or device that does not carry our mark; take something away
 * that no current, full document rules out; keep an instance from being stopped or destroyed.
 */
package io.hypervisor.agent.network;
