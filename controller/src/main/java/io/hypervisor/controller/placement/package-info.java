/**
 * Chooses nodes. {@link io.hypervisor.controller.placement.Scheduler} is a pure function of a
 * Snapshot and a {@link io.hypervisor.controller.placement.Demand}: no clock, no store, no random
 * numbers, no logs, so the same question always has the same answer.
 *
 * <p>The Snapshot's {@link io.hypervisor.controller.state.Rooms} keep the open nodes in order of
 * their free share; placing walks from the best node on and takes the first that passes every
 * {@link io.hypervisor.controller.placement.Filter}, so its cost does not grow with the number of
 * nodes. Only the answer that nobody fits, and a plan, look at every node.
 */
package io.hypervisor.controller.placement;
