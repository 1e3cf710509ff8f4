/**
 * The rules of the virtual network on which the verbs build: who holds what, which address, VNI or
 * MAC address is next, what a port consists of, and what leaves with an instance.
 *
 * <p>Everything here is a pure function of a {@link io.hypervisor.controller.state.Snapshot}: it
 * answers with values, with edits for the verb's one transaction, or with a {@link
 * io.hypervisor.core.Fault}. What a rule needs of clock and random numbers comes in as {@link
 * io.hypervisor.controller.network.Fresh}. It knows no verbs: {@code action} and {@code
 * action.network} know it.
 */
package io.hypervisor.controller.network;
