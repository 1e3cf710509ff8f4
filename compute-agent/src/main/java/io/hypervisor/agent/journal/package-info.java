/**
 * What the node has promised to be: the last accepted node document, the local instances, who the
 * node is, and since when it is out of touch.
 *
 * <p>Invariants: nothing is acknowledged before it is on the disk; a document that is older, of
 * another cluster or has a gap before it is refused; after a crash at any point the journal holds
 * everything acknowledged. It never holds what was observed: truth comes from the drivers.
 */
package io.hypervisor.agent.journal;
