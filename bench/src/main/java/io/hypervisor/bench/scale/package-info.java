/**
 * How large a cluster one controller holds: thousands of simulated nodes on the real node protocol,
 * and as many instances as asked for, through the public API onto a real store.
 *
 * <p>The controller and etcd are processes of their own, as shipped; only the nodes are simulated.
 * A simulated node acknowledges its document and says RUNNING; it has no journal and no driver.
 */
package io.hypervisor.bench.scale;
