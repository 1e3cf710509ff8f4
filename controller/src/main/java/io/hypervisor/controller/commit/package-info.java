/**
 * The life of one controller replica: it loads the state, follows its changes, stands for election,
 * and as the leader turns actions into commits.
 *
 * <p>One thread owns everything that changes here, so that snapshots are published in revision
 * order and never twice. What is published was durable before. A replica that lost track of the
 * store does not lead and is no candidate, but keeps serving its last snapshot. Nothing here knows
 * what records mean, except the two that it writes itself: the leader's and the cluster's.
 */
package io.hypervisor.controller.commit;
