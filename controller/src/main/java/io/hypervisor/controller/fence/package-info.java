/**
 * The only place that may turn "out of touch" into "surely not running".
 *
 * <p>Running an instance twice is worse than not running it: a {@link
 * io.hypervisor.controller.fence.Fencer} that is not certain says so, and the instance stays where
 * it is. A fencer proves, it decides nothing: what follows is up to the reconcilers.
 */
package io.hypervisor.controller.fence;
