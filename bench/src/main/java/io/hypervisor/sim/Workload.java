package io.hypervisor.sim;

import io.hypervisor.core.Tasks;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/** All clients of one run. What a client finds to be broken fails the run. */
final class Workload {
    private static final int CLIENTS = 4;

    private final Cluster cluster;
    private final Judges judges;
    private final Executor threads;
    private final List<Watching> watching = new ArrayList<>();
    private final List<Operator> operators = new ArrayList<>();
    private final RandomGenerator random;
    private Optional<Throwable> failure = Optional.empty();
    private boolean over;
    private int busy;

    Workload(Cluster cluster, Judges judges, long seed) {
        this.cluster = cluster;
        this.judges = judges;
        this.threads = cluster.clients().concurrent("client");
        this.random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        for (int i = 0; i < CLIENTS; i++) {
            operators.add(new Operator(this, cluster, judges, new Api(cluster, i), i, split()));
        }
        watch("watch-all", Changes.Kind.INSTANCES, Map.of());
        watch("watch-blue", Changes.Kind.INSTANCES, Map.of("color", "blue"));
        watch("watch-nodes", Changes.Kind.NODES, Map.of());
    }

    private RandomGenerator split() {
        return RandomGeneratorFactory.of("L64X128MixRandom").create(random.nextLong());
    }

    private void watch(String name, Changes.Kind kind, Map<String, String> labels) {
        Reading reading = judges.reading(name, kind, Watching.having(labels));
        Api api = new Api(cluster, CLIENTS + watching.size());
        watching.add(new Watching(this, api, reading, kind, labels, split()));
    }

    /** Begins, with writes and reads until {@link #rest}. */
    void begin() {
        watching.forEach(each -> run(each::open));
        operators.forEach(each -> run(each::work));
    }

    /** No more writes, but for opening all nodes again; watches go on. */
    void rest() {
        over = true;
        watching.forEach(Watching::settle);
        run(operators.getFirst()::openNodes);
    }

    boolean over() {
        return over;
    }

    /** Reads everything through every replica, and compares it with the store. */
    void readAll() {
        run(operators.getFirst()::readAll);
    }

    /** Whether some client still does something, watching aside. */
    boolean busy() {
        return busy > 0;
    }

    int anyController(RandomGenerator by) {
        return by.nextInt(cluster.controllers().size());
    }

    void catchUp() {
        judges.catchUp();
    }

    /** Runs client code on a thread of its own. */
    private void run(Runnable code) {
        busy++;
        threads.execute(
                () -> {
                    guarded(code);
                    busy--;
                });
    }

    /** What it throws fails the run. */
    void guarded(Runnable code) {
        try {
            code.run();
        } catch (RuntimeException | Error e) {
            failure = failure.or(() -> Optional.of(e));
        }
    }

    Tasks.Timer after(Duration pause, Runnable code) {
        return cluster.clients().after(pause, threads, () -> guarded(code));
    }

    void pause(Duration length) {
        CompletableFuture<Void> over = new CompletableFuture<>();
        cluster.clients().after(length, threads, () -> over.complete(null));
        over.join();
    }

    void throwFailure() {
        failure.ifPresent(
                e -> {
                    if (e instanceof Error error) {
                        throw error;
                    }
                    throw new IllegalStateException("a client failed", e);
                });
    }

    /** Which reading still lacks something up to this revision. */
    Optional<String> behind(long revision) {
        return watching.stream()
                .map(Watching::reading)
                .filter(reading -> reading.behind(revision))
                .findFirst()
                .map(reading -> reading + " is behind revision " + revision);
    }
}
