/**
 * A driver whose instances exist on paper only: for tests, simulations and machines without a
 * hypervisor. It keeps every promise of the SPI and passes the same contract suite as real ones.
 *
 * <p>What an instance does is told by its image: "exit-3" ends at once with code 3,
 * "exit-0-after-5s" ends cleanly after five seconds, "missing" and whatever begins so cannot be
 * found, "remote" and whatever begins so has to be fetched first, "deaf" does not react to being
 * asked to stop, and everything else runs and echoes what is typed.
 */
package io.hypervisor.agent.driver.fake;
