/**
 * The node's network: what concerns the node, compiled to flows, on Open vSwitch.
 *
 * <p>{@code model} is the node's view of the logical network; {@code compiler} turns it into flow
 * tables and is pure; {@code ovs} makes the switch match them; {@code answer} makes the packets
 * with which a node answers DHCP, DNS and neighbour discovery for its own ports, and is pure.
 */
package io.hypervisor.network;
