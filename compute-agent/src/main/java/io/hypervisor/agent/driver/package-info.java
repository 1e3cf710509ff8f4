/**
 * What runs instances: the {@link io.hypervisor.agent.driver.InstanceDriver} SPI.
 *
 * <p>A driver keeps no records of its own. What it has done can be read back from what exists (a
 * domain's metadata, a container's labels, files in the instance's folder), so that {@code list} is
 * the truth after any crash. Drivers know nothing of the cluster, the journal or restart policies.
 */
package io.hypervisor.agent.driver;
