/**
 * Takes guests' questions from the switch and sends the answers: the rim around {@code answer}.
 *
 * <p>Guests are strangers. What they can make the node do is bounded in number, size and time, for
 * one of them and for all together; what exceeds a bound is refused or dropped.
 */
package io.hypervisor.network.serve;
