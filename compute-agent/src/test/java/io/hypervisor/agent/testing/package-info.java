/** What several tests of the agent share. */
package io.hypervisor.agent.testing;
