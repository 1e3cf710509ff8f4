/**
 * What users and nodes may change: one class per verb.
 *
 * <p>An {@link io.hypervisor.controller.action.Action} is a pure decision on a Snapshot: it checks,
 * and says which records change. The committer calls it, one at a time, on a Snapshot that already
 * holds every decision before it; so a check made there still holds when the edits are committed.
 * Actions never read the store, a clock, or a random number: what they need of these is passed to
 * their constructor.
 */
package io.hypervisor.controller.action;
