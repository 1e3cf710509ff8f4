/**
 * Takes intent down to the nodes and truth up from them, on the leader only.
 *
 * <p>{@link io.hypervisor.controller.feed.NodeDocuments} derives from a Snapshot what one node
 * should be. {@link io.hypervisor.controller.feed.NodeFeed} pushes it on the stream that a node
 * opened; {@link io.hypervisor.controller.feed.AgentLinks} drives nodes that open none through
 * their AgentService, from the same document. Both turn what a node says into one action; nothing
 * here writes records by itself, and nothing is stored that can be derived.
 *
 * <p>A push sends state, not events: a node that reads slowly misses intermediate states and never
 * the last one, and costs memory for the ids that changed, not for each change.
 *
 * <p>Must never: scan all nodes for one commit, report an instance gone that a node has not
 * confirmed, or send anything while this process does not lead.
 */
package io.hypervisor.controller.feed;
