/**
 * The doors: thin gRPC services, and HTTP with JSON over the very same service objects.
 *
 * <p>A method checks every field of its request ({@code *Requests}), then reads a Snapshot, or
 * hands one Action to the committer and waits for it, or passes the call on to a node. Nothing here
 * decides about state, reads the store, or catches a {@link io.hypervisor.core.Fault}: an
 * interceptor turns it into a status. Handlers block, on virtual threads.
 *
 * <p>On a replica that does not lead, {@link io.hypervisor.controller.edge.Forwarding} passes
 * writes on to the leader; reads and watches are served from the replica's own Snapshot.
 */
package io.hypervisor.controller.edge;
