/**
 * The network as packets: hosts that are namespaces with an Open vSwitch of their own, agents as
 * processes, one controller, and guests that send real packets to each other. What must pass, and
 * what must not.
 */
package io.hypervisor.cluster.network;
