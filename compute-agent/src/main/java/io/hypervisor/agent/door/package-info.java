/**
 * The node's own door: AgentService. Local instances live here from creation to deletion; those of
 * the cluster can be read and never changed.
 *
 * <p>A change is journaled, then the reconciler makes it so, and the call returns when that shows
 * in the sightings. Nothing here calls a driver but for reads.
 */
package io.hypervisor.agent.door;
