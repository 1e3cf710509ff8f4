/**
 * Closes gaps between what is recorded and what should be, on the leader only.
 *
 * <p>A {@link io.hypervisor.controller.reconcile.Reconciler} takes a key, reads the newest
 * Snapshot, and submits at most a few actions; it holds no state of its own, so a new leader goes
 * on where the last one stopped. Keys are woken by commits; a slow full pass finds what was missed,
 * and counts it in {@code hypervisor.reconcile.repaired}, which stays 0 in a program without
 * defects. {@link io.hypervisor.controller.reconcile.NodeMonitor} decides which nodes are in touch.
 *
 * <p>Must never: release an instance from its node without a {@link
 * io.hypervisor.controller.fence.Fencer}'s proof, or act while this process does not lead.
 */
package io.hypervisor.controller.reconcile;
