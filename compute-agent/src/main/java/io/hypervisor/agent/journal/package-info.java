/**
 * What the node has promised to be: the last accepted node document, the local instances, and who
 * the node is.
 *
 * <p>Invariants: nothing is acknowledged before it is on the disk; a document that is older, of
 * another cluster or has a gap before it is refused; after a crash at any point the journal holds
 * everything acknowledged. It never holds what was observed: truth comes from the drivers.
 */
package io.hypervisor.agent.journal;
