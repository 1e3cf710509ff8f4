package io.hypervisor.sim;

import io.hypervisor.controller.store.MemoryStore;
import io.hypervisor.controller.store.Store;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The store's server: one memory store, its history, and a connection to it per controller process.
 * The server itself never fails; every connection may.
 */
final class SimStore {
    static final String NAME = "store";

    /** How long a term outlives the last word of its holder. */
    static final Duration LEASE = Duration.ofSeconds(6);

    private static final int HISTORY = 400;

    private final Network network;
    private final SimProcess process;
    private final MemoryStore memory;
    private final Store reader;
    private final List<Cluster.Committed> history = new ArrayList<>();
    private final Faults faults = new Faults();
    private long terms;

    /** What may go wrong at present; shares of calls. */
    static final class Faults {
        double unavailable;
        double ambiguous;
        double lost;
        long slow;

        void none() {
            unavailable = 0;
            ambiguous = 0;
            lost = 0;
            slow = 0;
        }
    }

    SimStore(Network network, SimMachine machine) {
        this.network = network;
        this.process = machine.process();
        this.memory = new MemoryStore(process.tasks(), HISTORY);
        this.reader = memory.connect();
    }

    Faults faults() {
        return faults;
    }

    Network network() {
        return network;
    }

    SimProcess process() {
        return process;
    }

    /** A connection of a controller's process, which ends with it. */
    SimStoreConnection connect(SimProcess controller, int index) {
        return new SimStoreConnection(this, memory, controller, index);
    }

    long nextTerm() {
        return ++terms;
    }

    void committed(Cluster.Committed committed) {
        history.add(committed);
        process.kernel()
                .note(
                        NAME,
                        "revision "
                                + committed.revision()
                                + " by controller "
                                + committed.writer()
                                + " term "
                                + committed.term()
                                + " "
                                + keys(committed));
    }

    private static String keys(Cluster.Committed committed) {
        return String.join(" ", committed.writes().stream().map(w -> mark(w) + w.key()).toList());
    }

    private static String mark(Store.Write write) {
        return write.value().isPresent() ? "+" : "-";
    }

    /** Ends the present term. */
    void depose() {
        process.kernel().note(NAME, "deposes");
        memory.depose();
    }

    long revision() {
        return history.isEmpty() ? 0 : history.getLast().revision();
    }

    Store.Loaded content() {
        return reader.load();
    }

    List<Cluster.Committed> after(long revision) {
        int from = history.size();
        while (from > 0 && history.get(from - 1).revision() > revision) {
            from--;
        }
        return history.subList(from, history.size());
    }
}
