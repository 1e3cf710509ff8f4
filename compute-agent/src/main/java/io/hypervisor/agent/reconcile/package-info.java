/**
 * Makes the node match its journal, one instance at a time.
 *
 * <p>A pass compares what is wanted ({@code journal}) with what is found ({@code driver.list}, kept
 * in {@link io.hypervisor.agent.reconcile.Inventory}) and takes the next step; {@link
 * io.hypervisor.agent.reconcile.Decision} says which, and is pure. Nothing here needs the
 * controller.
 *
 * <p>Must never: act on absence before a driver has listed everything once; run two epochs of one
 * instance; destroy what no current, full document rules out; destroy local instances that it does
 * not know.
 */
package io.hypervisor.agent.reconcile;
