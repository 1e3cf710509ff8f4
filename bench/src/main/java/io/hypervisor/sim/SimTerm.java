package io.hypervisor.sim;

import io.hypervisor.controller.store.Store;
import io.hypervisor.controller.store.Term;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * A term as its holder knows it: that it has ended is known here later than at the server, or
 * earlier, when the server was silent for as long as a lease.
 */
final class SimTerm implements Term {
    private static final long BEAT = SimStore.LEASE.toNanos() / 6;

    private final SimStoreConnection connection;
    private final Candidacy candidacy;
    private final Term real;
    private final long number;
    private final List<Runnable> endings = new ArrayList<>();
    private long confirmed;
    private boolean ended;

    private SimTerm(SimStoreConnection connection, Candidacy candidacy, Term real, long number) {
        this.connection = connection;
        this.candidacy = candidacy;
        this.real = real;
        this.number = number;
        this.confirmed = connection.process().kernel().now();
        real.onEnd(() -> connection.toClient(this::end));
        beat();
    }

    long number() {
        return number;
    }

    /** The term at the server. */
    Term held(Store store) {
        return real;
    }

    /** Asks the server to let it live on; it does so as long as the way is open. */
    private void beat() {
        Kernel kernel = connection.process().kernel();
        kernel.after(
                BEAT,
                () -> {
                    if (ended || !connection.process().alive()) {
                        return;
                    }
                    if (kernel.now() - confirmed > SimStore.LEASE.toNanos()
                            && !connection.process().paused()) {
                        end();
                    }
                    beat();
                });
        if (connection.process().paused()) {
            return;
        }
        long sent = kernel.now();
        connection.toServer(
                () -> {
                    if (real.held()) {
                        candidacy.heard();
                        connection.toClient(() -> confirmed = Math.max(confirmed, sent));
                    } else {
                        connection.toClient(this::end);
                    }
                });
    }

    private void end() {
        if (!ended) {
            ended = true;
            endings.forEach(connection::here);
            endings.clear();
        }
    }

    @Override
    public boolean held() {
        return !ended;
    }

    @Override
    public void onEnd(Runnable action) {
        if (ended) {
            connection.here(action);
        } else {
            endings.add(action);
        }
    }

    @Override
    public void close() {
        end();
        connection.toServer(real::close);
    }

    /** Stands for election until it is closed. */
    static final class Candidacy implements Store.Subscription {
        private final SimStoreConnection connection;
        private final Consumer<Term> won;
        private Store.Subscription subscription = () -> {};
        private boolean closed;
        private long heard;

        Candidacy(SimStoreConnection connection, Store store, Consumer<Term> won) {
            this.connection = connection;
            this.won = won;
            connection.toServer(() -> stand(store));
        }

        /** At the server. */
        private void stand(Store store) {
            if (!closed && connection.process().alive()) {
                subscription = store.campaign("controller " + connection.index(), this::elected);
            }
        }

        private void elected(Term real) {
            SimStore server = connection.server();
            long number = server.nextTerm();
            Kernel kernel = server.process().kernel();
            kernel.note(SimStore.NAME, "elects " + connection.process().name() + " term " + number);
            heard();
            expire(kernel, real);
            SimTerm term = new SimTerm(connection, this, real, number);
            connection.toClient(() -> connection.here(() -> tell(term)));
        }

        private void tell(SimTerm term) {
            if (closed) {
                term.close();
            } else {
                won.accept(term);
            }
        }

        void heard() {
            heard = connection.process().kernel().now();
        }

        /** At the server: a holder that says nothing loses its term. */
        private void expire(Kernel kernel, Term real) {
            kernel.after(
                    SimStore.LEASE.toNanos() / 3,
                    () -> {
                        if (!real.held()) {
                            return;
                        }
                        if (kernel.now() - heard > SimStore.LEASE.toNanos()) {
                            kernel.note(SimStore.NAME, "a lease runs out");
                            real.close();
                        } else {
                            expire(kernel, real);
                        }
                    });
        }

        @Override
        public void close() {
            closed = true;
            connection.toServer(subscription::close);
        }
    }
}
