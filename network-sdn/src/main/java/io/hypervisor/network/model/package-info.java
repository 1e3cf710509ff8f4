/**
 * What a node knows of the logical network, parsed once.
 *
 * <p>{@link io.hypervisor.network.model.NodeView} is made of the {@code NetworkObject}s of the
 * node's document, in any order; equal objects make equal views. An object that names another that
 * is not there (the controller sends both, so this lasts for a moment at most) is left out with
 * what hangs on it. Pure values: no clock, no IO, and no knowledge of switches.
 */
package io.hypervisor.network.model;
