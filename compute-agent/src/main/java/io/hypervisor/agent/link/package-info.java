/**
 * The stream to the leading controller: intent comes down and is journaled before it is
 * acknowledged, truth goes up.
 *
 * <p>One executor owns all state. The link never gives up, and nothing else on the node waits for
 * it.
 */
package io.hypervisor.agent.link;
