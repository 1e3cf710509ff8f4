/**
 * The store of a cluster: keys below a prefix of an etcd, shared by all replicas of the controller.
 *
 * <p>Below the prefix, records have the store's keys; {@code !leader} is the election's key, bound
 * to the holder's lease; {@code !commits} is written by every commit, so that each one has a
 * revision of its own. Every commit is one transaction under two conditions: {@code !leader} is
 * still the key that the committing term created, and {@code !commits} is as that term left it. By
 * the second, sending a transaction again is safe. Nothing outside the prefix is read or written,
 * and only compaction touches the etcd as a whole. Every call has a deadline.
 */
package io.hypervisor.controller.store.etcd;
