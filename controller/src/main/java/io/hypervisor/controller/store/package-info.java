/**
 * Durable state: keys, values, one revision counter, one writer.
 *
 * <p>The {@link io.hypervisor.controller.store.Store} knows bytes alone; what they mean is {@code
 * state}'s business. Whoever holds the {@link io.hypervisor.controller.store.Term} is the only
 * writer: a commit of an older term never takes effect. Implementations: {@code store.local}
 * (SQLite), {@code store.etcd}, and {@link io.hypervisor.controller.store.MemoryStore} for tests
 * and simulations; one contract suite runs against all of them.
 */
package io.hypervisor.controller.store;
