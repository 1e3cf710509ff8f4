package io.hypervisor.controller.store.history;

import io.hypervisor.controller.store.etcd.EtcdCluster;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** What may happen to an etcd and to those who use it, dealt like cards. */
final class EtcdFaults {
    /** One misfortune. */
    enum Kind {
        KILL_LEADER,
        KILL_FOLLOWER,
        KILL_MAJORITY,
        KILL_ALL,
        STOP_LEADER,
        STOP_FOLLOWER,
        STOP_ALL,
        COMPACT,
        DEFRAGMENT,
        FREEZE_CANDIDATE
    }

    private final EtcdCluster cluster;
    private final SplittableRandom random;
    private final List<Kind> deck = new ArrayList<>();
    private int dealt;

    EtcdFaults(EtcdCluster cluster, long seed) {
        this.cluster = cluster;
        this.random = new SplittableRandom(seed);
    }

    /** Whether each one has happened. */
    boolean allHappened() {
        return dealt >= Kind.values().length;
    }

    int dealt() {
        return dealt;
    }

    /** Lets the next one happen, and ends it. */
    void next(Workload workload, EtcdTruth truth, Recording recording, List<Freezer> freezers)
            throws IOException {
        if (deck.isEmpty()) {
            deck.addAll(List.of(Kind.values()));
        }
        Kind kind = deck.remove(random.nextInt(deck.size()));
        dealt++;
        System.out.printf("history: %d calls, %s%n", recording.calls(), kind);
        int leader = cluster.leader(0).orElse(0);
        int follower = (leader + 1 + random.nextInt(2)) % cluster.size();
        List<Integer> all = IntStream.range(0, cluster.size()).boxed().toList();
        switch (kind) {
            case KILL_LEADER -> kill(workload, List.of(leader));
            case KILL_FOLLOWER -> kill(workload, List.of(follower));
            case KILL_MAJORITY -> kill(workload, List.of(leader, follower));
            case KILL_ALL -> kill(workload, all);
            case STOP_LEADER -> stop(workload, List.of(leader));
            case STOP_FOLLOWER -> stop(workload, List.of(follower));
            case STOP_ALL -> stop(workload, all);
            case COMPACT -> compact(workload, truth, recording);
            case DEFRAGMENT -> {
                for (int member : all) {
                    cluster.post(member, "/v3/maintenance/defragment", "{}");
                }
            }
            case FREEZE_CANDIDATE -> {
                Freezer freezer = freezers.get(random.nextInt(freezers.size()));
                freezer.freeze();
                // Longer than a lease.
                workload.go(Long.MAX_VALUE / 2, Duration.ofMillis(3500));
                freezer.thaw();
            }
        }
    }

    private void kill(Workload workload, List<Integer> members) {
        members.forEach(cluster::kill);
        suffer(workload);
        cluster.restart(members);
    }

    private void stop(Workload workload, List<Integer> members) {
        members.forEach(cluster::pause);
        suffer(workload);
        members.forEach(cluster::resume);
    }

    /** Long enough for a term to end, or not. */
    private void suffer(Workload workload) {
        workload.go(500 + random.nextInt(1500), Duration.ofMillis(300 + random.nextInt(3500)));
    }

    private void compact(Workload workload, EtcdTruth truth, Recording recording)
            throws IOException {
        long read = truth.read(random.nextInt(cluster.size()));
        long revision = read - random.nextInt(500);
        recording.forget(revision);
        int follower = (cluster.leader(0).orElse(0) + 1) % cluster.size();
        cluster.pause(follower);
        cluster.post(
                (follower + 1) % cluster.size(),
                "/v3/kv/compaction",
                "{\"revision\":\"%d\",\"physical\":false}".formatted(revision));
        workload.go(500, Duration.ofSeconds(1));
        cluster.resume(follower);
    }
}
