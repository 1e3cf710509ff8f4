/**
 * What guests ask the node, and the packets that answer it: DHCP, router and neighbour discovery,
 * DNS. Pure: a frame and a {@link io.hypervisor.network.compiler.Directory} in, frames out.
 *
 * <p>Every frame is from a guest and may hold anything: what cannot be read, or is not worth an
 * answer, gets none. Checksums of questions are not looked at, because virtual network cards leave
 * them to be filled in by hardware.
 */
package io.hypervisor.network.answer;
