/**
 * What users may change of the virtual network: one class per verb of NetworkService, each an
 * {@link io.hypervisor.controller.action.Action} that decides by the rules of {@link
 * io.hypervisor.controller.network}.
 *
 * <p>A verb's edits are one transaction: what holds an address commits with the address. Requests
 * must have passed the edge, which checks every field by itself; a verb checks what depends on the
 * state.
 */
package io.hypervisor.controller.action.network;
