/**
 * What drivers of guests with a kernel of their own share: the node's images, what a spec comes to
 * on the node, folders of instances, serial ports, and whether KVM works.
 *
 * <p>An instance has a folder of its name with its record, its disks and its console. The record is
 * written first and removed last, so that no file is without one.
 */
package io.hypervisor.agent.driver.guest;
