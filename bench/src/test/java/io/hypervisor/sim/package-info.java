/** What the simulator finds, and that it would find it. */
package io.hypervisor.sim;
