package io.hypervisor.sim;

import io.hypervisor.agent.driver.fake.FakeDriver;
import io.hypervisor.agent.journal.Intent;
import io.hypervisor.core.server.HostPort;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** What a node runs as its agent: one process after the other. */
interface NodeProgram {
    /** As agent.Channels has it. */
    Connection.Patience PATIENCE =
            new Connection.Patience(
                    Duration.ofSeconds(10), Duration.ofSeconds(5), Duration.ofSeconds(3));

    /**
     * Starts it in a process, at an address, over drivers that end with the process; returns where
     * to read what it is to do, which only a program with a journal can tell.
     */
    Supplier<Optional<Intent>> start(
            SimProcess process, HostPort address, List<FakeDriver> drivers);

    /** Whether it opens no stream, and is driven through its AgentService. */
    boolean foreign();
}
