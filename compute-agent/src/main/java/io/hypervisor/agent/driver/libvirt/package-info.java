/**
 * Virtual machines through libvirt and QEMU.
 *
 * <p>An instance is a persistent domain whose name and UUID are the instance id, and a folder of
 * the same name with its disks and console. The domain's metadata is the record: epoch, generation,
 * and the phase of the run. A folder without a domain is half-made; the domain is defined last and
 * removed first. A process that has the UUID and holds the instance's files is its run, whether
 * libvirt knows it or not.
 *
 * <p>Limits of a spec: {@code cpu_quota} bounds all processors together, {@code memory_limit} is
 * what the guest's balloon leaves it of its memory, {@code io_*_bps} bounds all disks together,
 * {@code memory_swap} means nothing for a guest.
 *
 * <p>Calls block in native code: they belong on platform threads. Nothing here touches a domain
 * that is not of its own folder, or opens an image that refers to other files.
 */
package io.hypervisor.agent.driver.libvirt;
