/**
 * The cluster's state in memory: {@link io.hypervisor.controller.state.Snapshot}, immutable, with
 * indexes, made anew by every commit with most of its structure shared.
 *
 * <p>Every read, list, watch and decision uses a Snapshot; nothing here reads the store, a clock or
 * the network. The one place that joins records to the API's resources is {@link
 * io.hypervisor.controller.state.Views}.
 */
package io.hypervisor.controller.state;
