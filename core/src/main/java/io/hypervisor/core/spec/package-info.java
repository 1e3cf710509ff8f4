/**
 * What an instance may be asked to be: the checks that the controller and every node's own door
 * make on specs, policies and metadata, and the defaults they write out.
 *
 * <p>The limits are those that the protos document; this is the one place that enforces them. What
 * passed these checks holds no control characters and no path that climbs, so drivers may put it
 * into XML (escaped), JSON and argument vectors. Nothing here looks at a disk, a network or a
 * clock.
 */
package io.hypervisor.core.spec;
