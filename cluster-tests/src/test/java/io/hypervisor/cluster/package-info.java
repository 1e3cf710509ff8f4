/**
 * Whole clusters: real processes and daemons, seen through the public API as a user sees them.
 *
 * <p>Clients here know nothing but an address; what they call they learn by reflection.
 */
package io.hypervisor.cluster;
