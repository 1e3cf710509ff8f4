/**
 * MicroVMs: QEMU's microvm machine with a kernel that the host loads, run and watched by the agent
 * itself, because libvirt knows no such machine.
 *
 * <p>An instance is a folder with a record, its disks and its console, and while it runs one QEMU,
 * which needs no agent: it has a session of its own, writes its output into files of the folder,
 * and stays, halted, when its guest has shut down, so that nobody has to be there to see how a run
 * ended. It is told by its arguments, never by a process id alone. It holds a lock on its {@code
 * pid} file, so that there are never two.
 *
 * <p>The record says what is wanted of the run before it is done: STARTING before there is a QEMU,
 * RUNNING before the first instruction of the guest, MAKING before anything is removed.
 */
package io.hypervisor.agent.driver.microvm;
