package io.hypervisor.controller.commit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.internal.v1.LeaderRecord;
import io.hypervisor.controller.action.Action;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.controller.store.MemoryStore;
import io.hypervisor.controller.store.Store;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Fault;
import io.hypervisor.core.Ids;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.VirtualTasks;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

class ReplicaTest {
    private final Tasks tasks = new VirtualTasks();
    private final MemoryStore memory = new MemoryStore(tasks, 10_000);
    private final FaultyStore store = new FaultyStore(memory.connect());
    private final List<Replica> replicas = new ArrayList<>();

    @AfterEach
    void stop() {
        store.release();
        replicas.forEach(Replica::close);
        tasks.close();
    }

    private Replica replica(Store over, String name) {
        Replica replica =
                new Replica(
                        over,
                        new ReplicaConfig("test", name + ":1", name),
                        tasks,
                        Clock.system(),
                        new Ids(Clock.system(), RandomGenerator.getDefault()),
                        new SimpleMeterRegistry());
        replicas.add(replica);
        replica.start();
        return replica;
    }

    private Replica leader() {
        Replica replica = replica(store, "a");
        await().until(replica::leading);
        return replica;
    }

    private static Optional<Fault> fault(CompletableFuture<?> future) {
        try {
            future.orTimeout(30, TimeUnit.SECONDS).join();
            return Optional.empty();
        } catch (CompletionException e) {
            return Optional.of((Fault) e.getCause());
        }
    }

    private static void assertFault(CompletableFuture<?> future, String reason) {
        assertThat(fault(future)).map(Fault::reason).contains(reason);
    }

    private static long stored(Store store, String id) {
        return Counter.value(Loading.snapshot(store.load()), id);
    }

    @Test
    void aNewClusterGetsALeaderAnIdAndAName() {
        Replica replica = leader();
        Snapshot now = replica.snapshot();
        assertThat(now.cluster().orElseThrow().getName()).isEqualTo("test");
        assertThat(Ids.isId(now.cluster().orElseThrow().getClusterId())).isTrue();
        assertThat(now.leader().orElseThrow().value().getAddress()).isEqualTo("a:1");
        assertThat(replica.term()).isEqualTo(now.leader().orElseThrow().revision());
        assertThat(replica.leaderAddress()).contains("a:1");
    }

    @Test
    void answersFromTheCommittedSnapshot() {
        Replica replica = leader();
        Action<Long> action =
                now ->
                        new Action.Decision<>(
                                Counter.add("x").decide(now).edits(), Snapshot::revision);
        long revision = replica.submit(action).join();
        assertThat(replica.awaitRevision(revision).join().instance("x").orElseThrow().revision())
                .isEqualTo(revision);
        assertThat(stored(store, "x")).isEqualTo(1);
    }

    @Test
    void concurrentActionsShareTransactions() {
        Replica replica = leader();
        int before = store.commits();
        store.hold();
        List<CompletableFuture<Long>> futures =
                IntStream.range(0, 640).mapToObj(i -> replica.submit(Counter.add("x"))).toList();
        store.release();
        assertThat(futures.stream().map(CompletableFuture::join))
                .containsExactlyElementsOf(
                        IntStream.rangeClosed(1, 640).mapToObj(Long::valueOf).toList());
        assertThat(store.commits() - before).isLessThan(64);
        assertThat(stored(store, "x")).isEqualTo(640);
    }

    @Test
    void transactionsStayWithinTheStoresLimits() {
        Replica replica = leader();
        int before = store.commits();
        store.hold();
        List<CompletableFuture<Long>> futures =
                IntStream.range(0, 1000)
                        .mapToObj(i -> replica.submit(Counter.add("x" + i)))
                        .toList();
        store.release();
        futures.forEach(CompletableFuture::join);
        assertThat(store.commits() - before).isBetween(10, 12);
        assertThat(store.load().entries()).hasSize(1003);
    }

    @Test
    void aRefusedActionHurtsNobodyElse() {
        Replica replica = leader();
        store.hold();
        var first = replica.submit(Counter.add("x"));
        var refused =
                replica.submit(
                        now -> {
                            throw Fault.notFound("instance", "y" + Counter.value(now, "x"));
                        });
        var broken =
                replica.submit(
                        now -> {
                            throw new IllegalStateException("defect");
                        });
        var second = replica.submit(Counter.add("x"));
        store.release();
        assertThat(first.join()).isEqualTo(1);
        assertThat(second.join()).isEqualTo(2);
        assertThat(fault(refused)).map(Fault::getMessage).contains("instance not found: y1");
        assertThat(broken).isCompletedExceptionally();
    }

    @Test
    void anActionIsNeverSplit() {
        Replica replica = leader();
        int before = store.commits();
        assertFault(replica.submit(many(Store.MAX_WRITES + 1)), "TOO_MANY_CHANGES");
        assertThat(store.commits()).isEqualTo(before);
        store.hold();
        var futures = List.of(replica.submit(many(60)), replica.submit(many(100)));
        store.release();
        futures.forEach(CompletableFuture::join);
        assertThat(store.commits()).isEqualTo(before + 2);
    }

    private static Action<Integer> many(int edits) {
        return now ->
                new Action.Decision<>(
                        IntStream.range(0, edits)
                                .mapToObj(
                                        i ->
                                                Edit.put(
                                                        Table.INSTANCE,
                                                        edits + "-" + i,
                                                        InstanceRecord.getDefaultInstance()))
                                .toList(),
                        committed -> edits);
    }

    @Test
    void aFullQueueRefuses() {
        Replica replica = leader();
        store.hold();
        var first = replica.submit(Counter.add("x"));
        // It has left the queue, and no more do.
        await().until(store::isWaitedFor);
        List<CompletableFuture<Long>> futures =
                IntStream.range(0, 10_001).mapToObj(i -> replica.submit(Counter.add("x"))).toList();
        assertFault(futures.getLast(), "TOO_MANY_REQUESTS");
        store.release();
        assertThat(first.join()).isEqualTo(1);
        assertThat(futures.get(9_999).join()).isEqualTo(10_001).isEqualTo(stored(store, "x"));
    }

    @Test
    void anUnheardCommitIsReadBack() {
        Replica replica = leader();
        Observer observer = new Observer();
        replica.onChange(observer);
        long term = replica.term();
        store.mishaps(List.of(FaultyStore.Mishap.WRITTEN_UNHEARD));
        assertFault(replica.submit(Counter.add("x")), "COMMIT_UNKNOWN");
        await().until(() -> replica.leading() && replica.term() > term);
        assertThat(replica.submit(Counter.add("x")).join()).isEqualTo(2);

        long second = replica.term();
        store.mishaps(List.of(FaultyStore.Mishap.UNWRITTEN_UNHEARD));
        assertFault(replica.submit(Counter.add("x")), "COMMIT_UNKNOWN");
        await().until(() -> replica.leading() && replica.term() > second);
        assertThat(replica.submit(Counter.add("x")).join()).isEqualTo(3);
        assertThat(observer.faults()).isEmpty();
        assertThat(observer.resets()).isGreaterThan(1);
    }

    @Test
    void aRefusedCommitChangesNothingAndLeadershipStays() {
        Replica replica = leader();
        long term = replica.term();
        store.mishaps(List.of(FaultyStore.Mishap.REFUSED));
        assertFault(replica.submit(Counter.add("x")), "STORE_UNAVAILABLE");
        assertThat(replica.submit(Counter.add("x")).join()).isEqualTo(1);
        assertThat(replica.term()).isEqualTo(term);
    }

    @Test
    void refusalsCountOnlyIfWhatTheyRestOnWasCommitted() {
        Replica replica = leader();
        store.hold();
        var blocker = replica.submit(Counter.add("blocker"));
        var create = replica.submit(Counter.add("x"));
        var refused =
                replica.submit(
                        now -> {
                            if (now.instance("x").isPresent()) {
                                throw Fault.alreadyExists("instance", "x", "x exists");
                            }
                            return Counter.add("y").decide(now);
                        });
        store.mishaps(List.of(FaultyStore.Mishap.REFUSED, FaultyStore.Mishap.REFUSED));
        store.release();
        for (var future : List.of(blocker, create, refused)) {
            assertFault(future, "STORE_UNAVAILABLE");
        }
    }

    @Test
    void followersFollowAndDoNotLead() {
        Replica leader = leader();
        Replica follower = replica(memory.connect(), "b");
        Observer observer = new Observer();
        follower.onChange(observer);
        for (int i = 0; i < 100; i++) {
            leader.submit(Counter.add("x" + i % 7)).join();
        }
        Snapshot now = leader.snapshot();
        Snapshot same = follower.awaitRevision(now.revision()).join();
        assertThat(same.instances()).isEqualTo(now.instances());
        assertThat(follower.leading()).isFalse();
        assertThat(follower.leaderAddress()).contains("a:1");
        assertThat(fault(follower.submit(Counter.add("x"))))
                .hasValueSatisfying(
                        fault -> {
                            assertThat(fault.reason()).isEqualTo("NOT_LEADER");
                            assertThat(fault.metadata()).containsEntry("leader", "a:1");
                        });
        await().until(() -> observer.last().revision() >= now.revision());
        assertThat(observer.faults()).isEmpty();
    }

    @Test
    void leadershipMovesWhenTheTermEnds() {
        Replica first = leader();
        Replica second = replica(memory.connect(), "b");
        List<Boolean> told = new CopyOnWriteArrayList<>();
        second.onLeadership(told::add);
        first.submit(Counter.add("x")).join();
        await().until(() -> second.snapshot().cluster().isPresent());
        await().until(() -> told.equals(List.of(false)));
        memory.depose();
        await().until(second::leading);
        assertThat(second.term()).isGreaterThan(0);
        assertThat(told).containsExactly(false, true);
        assertThat(second.submit(Counter.add("x")).join()).isEqualTo(2);
        await().until(() -> !first.leading());
        assertFault(first.submit(Counter.add("x")), "NOT_LEADER");
        assertThat(first.awaitRevision(second.snapshot().revision()).join().cluster())
                .isEqualTo(second.snapshot().cluster());
    }

    @Test
    void whoHearsOfAnothersWriteLeadsNoMoreBeforeItTellsAnybody() {
        Replica replica = leader();
        List<String> order = new CopyOnWriteArrayList<>();
        replica.onLeadership(leads -> order.add(leads ? "leads" : "follows"));
        replica.onChange(
                new ChangeListener() {
                    @Override
                    public void changed(Snapshot before, Snapshot after, List<Edit> edits) {
                        order.add("changed");
                    }

                    @Override
                    public void reset(Snapshot now) {
                        order.add("reset");
                    }
                });
        await().until(() -> order.equals(List.of("leads", "reset")));
        LeaderRecord other = LeaderRecord.newBuilder().setAddress("b:1").build();
        store.announce(
                new Store.Change(
                        replica.snapshot().revision() + 1,
                        List.of(Edit.put(Table.LEADER, Table.SELF, other).toWrite())));

        await().until(() -> order.size() > 4 && replica.leading());
        assertThat(order.subList(2, 5)).containsExactly("follows", "changed", "reset");
        // The store has never been where that write was, so everything was loaded anew.
        assertThat(replica.leaderAddress()).contains("a:1");
        assertThat(replica.submit(Counter.add("x")).join()).isEqualTo(1);
    }

    @Test
    void waitsForTheStoreAtTheStart() {
        store.failLoads(true);
        Replica replica = replica(store, "a");
        Observer observer = new Observer();
        replica.onChange(observer);
        assertFault(replica.submit(Counter.add("x")), "NOT_LEADER");
        store.failLoads(false);
        await().until(replica::leading);
        assertThat(observer.resets()).isEqualTo(1);
    }

    @Test
    void stoppingFailsWhatWaits() {
        Replica replica = leader();
        var waiting = replica.awaitRevision(Long.MAX_VALUE);
        replica.close();
        assertFault(waiting, "STOPPING");
        assertFault(replica.submit(Counter.add("x")), "NOT_LEADER");
        assertThat(replica.leading()).isFalse();
    }

    @Test
    void whatWasAcknowledgedIsStoredExactlyOnceAcrossTerms() {
        List<Replica> three =
                List.of(leader(), replica(memory.connect(), "b"), replica(memory.connect(), "c"));
        Tally tally = new Tally(three);
        tally.run(tasks, 8, 300, memory::depose);
        tally.assertStored(stored(memory.connect(), "x"));
    }
}
