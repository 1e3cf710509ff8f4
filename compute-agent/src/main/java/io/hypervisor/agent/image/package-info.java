/**
 * What virtual machines and microVMs boot from and comes from elsewhere: fetched once for all who
 * want them, verified on their way, kept by their SHA-256, and removed when nobody has used them
 * for long.
 *
 * <p>Owns one folder: {@code SHA256.part} is on its way, {@code SHA256.X.converting} becomes a
 * qcow2 file, {@code SHA256.qcow2}, {@code .raw}, {@code .kernel}, {@code .initrd} and, made of a
 * VMware disk with that digest, {@code .vmdk.qcow2} are complete and never change. How long a file
 * has not been used is told by its time; whether a disk is an overlay of it, by the disk's own
 * header; whether an instance boots it, by a link in the instance's folder.
 *
 * <p>Must never: have QEMU look at a file that was not looked at here; give a name to a file whose
 * digest or header is wrong; remove what an instance uses.
 */
package io.hypervisor.agent.image;
