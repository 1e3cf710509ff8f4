/**
 * The cluster in one process over simulated time, network, store, disks and drivers: production
 * controllers and agents, one seed, one outcome. A seed that fails once fails every time.
 */
package io.hypervisor.sim;
