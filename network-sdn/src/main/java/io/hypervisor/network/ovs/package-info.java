/**
 * Open vSwitch: what is configured in its database, what its flow table holds, and the packets it
 * hands to the node.
 *
 * <p>{@link io.hypervisor.network.ovs.Switch} is the way in. The database and the flow table are
 * the truth: nothing is remembered beside them but what can be read from them again, so an agent
 * that starts anew goes on where the former one was.
 *
 * <p>Only bridges, ports and interfaces that carry our mark in {@code external_ids} are ever
 * changed or removed; bridges of physical networks belong to the operator and only get one patch
 * port each.
 */
package io.hypervisor.network.ovs;
