/**
 * What the node is and how it feels: capacity, supported types, versions and conditions, and how
 * its instances look through the API.
 *
 * <p>Polarity of conditions: "DiskPressure", "MemoryPressure", "MassRemovalHeld" and "Orphans" are
 * problems when "True"; "DriverVM", "DriverContainer", "DriverMicroVM" and "Switch" are problems
 * unless "True".
 */
package io.hypervisor.agent.node;
