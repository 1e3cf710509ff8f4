package io.hypervisor.controller.store;

import io.hypervisor.core.Tasks;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

/** Elects one candidate at a time within this process, first come, first served. */
public final class Election implements AutoCloseable {
    private final Executor executor;
    private final Deque<Candidate> waiting = new ArrayDeque<>();
    private Candidate holder;
    private boolean closed;

    /** An election whose callbacks run on these tasks. */
    public Election(Tasks tasks) {
        this.executor = tasks.serial("store-election");
        this.holder = new Candidate(term -> {});
        this.holder.ended = true;
    }

    /** As {@link Store#campaign}. */
    public synchronized Store.Subscription campaign(Consumer<Term> won) {
        Candidate candidate = new Candidate(won);
        waiting.add(candidate);
        elect();
        return candidate::close;
    }

    /** Whether this term is the present one. */
    public synchronized boolean holds(Term term) {
        return holder == term && !holder.ended;
    }

    /** Ends the present term, if there is one, as a store would that gave up on its holder. */
    public synchronized void depose() {
        end(holder);
    }

    /** Ends the present term; nobody is elected any more. */
    @Override
    public synchronized void close() {
        closed = true;
        end(holder);
    }

    private synchronized void end(Candidate candidate) {
        waiting.remove(candidate);
        if (candidate.ended) {
            return;
        }
        candidate.ended = true;
        candidate.endings.forEach(executor::execute);
        candidate.endings.clear();
        elect();
    }

    private void elect() {
        if (!closed && holder.ended && !waiting.isEmpty()) {
            Candidate next = waiting.remove();
            holder = next;
            executor.execute(() -> next.won.accept(next));
        }
    }

    /** A candidate, and its term once it is the holder; guarded by the election. */
    private final class Candidate implements Term {
        private final Consumer<Term> won;
        private final List<Runnable> endings = new ArrayList<>();
        private boolean ended;

        Candidate(Consumer<Term> won) {
            this.won = won;
        }

        @Override
        public boolean held() {
            return holds(this);
        }

        @Override
        public void onEnd(Runnable action) {
            synchronized (Election.this) {
                if (ended) {
                    executor.execute(action);
                } else {
                    endings.add(action);
                }
            }
        }

        @Override
        public void close() {
            end(this);
        }
    }
}
