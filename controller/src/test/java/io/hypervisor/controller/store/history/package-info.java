/**
 * The history check: random commits, loads and watches through the {@link
 * io.hypervisor.controller.store.Store} interface while the store's processes are killed, stopped
 * and compacted, and then a judgement of everything that was called, answered and seen.
 *
 * <p>{@code Recording} writes a {@code History} down, {@code Workload} makes one, {@code Checks}
 * judges it. What really happened is read past the store under test: from etcd's HTTP gateway, and
 * from a table that triggers fill in SQLite. See {@code docs/history-check.md}.
 */
package io.hypervisor.controller.store.history;
