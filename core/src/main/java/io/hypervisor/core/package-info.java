/**
 * The small kernel that controller and agent share: time and tasks behind interfaces, the keyed
 * work queue, faults, ids.
 *
 * <p>Nothing here knows nodes or instances, but for the names of {@link
 * io.hypervisor.core.FaultPoint}. Code outside this package never reads the wall clock, starts a
 * thread or draws a random number but through {@link io.hypervisor.core.Clock}, {@link
 * io.hypervisor.core.Tasks} and {@link io.hypervisor.core.Ids}, so that a simulation can replace
 * all three.
 */
package io.hypervisor.core;
