package io.hypervisor.sim;

import io.grpc.Channel;
import io.hypervisor.agent.driver.Found;
import io.hypervisor.agent.journal.Intent;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.store.Store;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Tasks;

import java.util.List;
import java.util.Optional;

/**
 * The simulated cluster as its judges see it: the truth, not what some process believes. Everything
 * here may be read between two steps of the scheduler, at no simulated cost, and is safe to call
 * while processes are down.
 */
public interface Cluster {
    /** Simulated time. */
    Clock clock();

    /** All controllers, those that are down included; the same objects for the whole run. */
    List<ControllerHost> controllers();

    /** All nodes, those that are down included; the same objects for the whole run. */
    List<NodeHost> nodes();

    /** The revision of the store's last commit. */
    long revision();

    /** Everything that the store holds, ordered by key. */
    Store.Loaded content();

    /** The store's own history: every commit after a revision, oldest first. Never compacted. */
    List<Committed> committedAfter(long revision);

    /**
     * A channel of a client to the public API of a controller, by its place in {@link
     * #controllers}. It stays usable while that controller restarts; calls fail meanwhile.
     */
    Channel channel(int client, int controller);

    /**
     * Threads and timers of the clients' machine, on the simulated scheduler: client code may block
     * on calls, futures and locks there. Never faulted.
     */
    Tasks clients();

    /**
     * One commit as the store took it.
     *
     * @param writer the controller whose connection wrote it, by its place in {@link #controllers}
     * @param term number of the election that the writer claimed to have won; every election has a
     *     larger number than those before
     */
    record Committed(long revision, List<Store.Write> writes, int writer, long term) {}

    /**
     * What a replica shows.
     *
     * @param process counts the machine's processes
     */
    record Shown(int process, Snapshot snapshot, boolean leading) {}

    /** A machine with a controller. */
    interface ControllerHost {
        /** Its place in {@link #controllers}. */
        int index();

        /** What its process shows; empty while that is down. */
        Optional<Shown> shown();

        /** The present process's counter of this name, all tags together; 0 if there is none. */
        double counter(String name);
    }

    /** A machine with an agent. */
    interface NodeHost {
        /** Its place in {@link #nodes}. */
        int index();

        /** Its host name, under which it registers. */
        String hostname();

        /** Whether its agent opens no stream and keeps no journal: the controller calls it. */
        boolean foreign();

        /** Whether the machine has power; without, nothing runs there. */
        boolean powered();

        /** While set, a machine without power stays without: an operator sees to it. */
        void keepOff(boolean off);

        /** Whether the agent's process runs. */
        boolean agentUp();

        /** What exists on the machine, whatever its agent knows: all drivers' worlds together. */
        List<Found> world();

        /** How many processors a copy there has; 0 without a copy. */
        int cores(String instanceId);

        /** What the agent is to do as it knows from its journal; empty while it is down. */
        Optional<Intent> intent();
    }
}
