/**
 * Containers on containerd, over a hand-written part of its gRPC API.
 *
 * <p>What exists per instance: a container record (its id is the instance id, its labels are {@link
 * io.hypervisor.agent.driver.containerd.Record}), a snapshot of the same name, the folder {@code
 * DATA/container/ID} with the console's log and the input FIFO, and, while it runs, a task. The
 * folder is made first, the record, which is whole then, last; and the record is removed last, so
 * that a crash between leaves something that {@code list} shows. What has no record is found by
 * {@link io.hypervisor.agent.driver.containerd.Orphans}. Named volumes are folders below {@code
 * DATA/volumes} and stay when instances go.
 *
 * <p>Output must not need the agent: the runtime's shim appends it to the log itself (with a
 * terminal through a small program that the shim starts). The shim also keeps the input FIFO open
 * for writing, so that an agent that ends does not end the container's input.
 *
 * <p>Images: containerd knows them by full names; specs may use short ones, see {@link
 * io.hypervisor.agent.driver.containerd.ImageName}. A pull writes blobs, then snapshots, then the
 * name; until then a lease "hypervisor-pull-DAY-IMAGE" keeps them from being collected.
 *
 * <p>Must never: keep what a container's state depends on in memory; give a shell anything that
 * came from a spec; treat a daemon that does not answer as a container that does not run.
 */
package io.hypervisor.agent.driver.containerd;
