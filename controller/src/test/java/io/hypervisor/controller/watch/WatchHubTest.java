package io.hypervisor.controller.watch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypervisor.api.v1.EventType;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceEvent;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.NodeEvent;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.core.Fault;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

import org.assertj.core.groups.Tuple;
import org.junit.jupiter.api.Test;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;

/** The watch contract, check by check, over random histories. */
final class WatchHubTest {
    private static final int RING = 1000;

    @Property(tries = 50)
    void ordered(@ForAll long seed) {
        History history = new History(RING);
        Reader<InstanceEvent> reader = history.watchInstances(all(), 0);
        history.run(new Random(seed), 60, reader);
        List<Long> revisions = reader.got().stream().map(InstanceEvent::getRevision).toList();
        assertThat(revisions).isSorted();
    }

    @Property(tries = 50)
    void unique(@ForAll long seed) {
        History history = new History(RING);
        Reader<InstanceEvent> reader = history.watchInstances(all(), 0);
        history.run(new Random(seed), 60, reader);
        Set<String> seen = new HashSet<>();
        for (InstanceEvent event : changes(reader.got())) {
            assertThat(seen.add(event.getRevision() + event.getInstance().getId()))
                    .as("%s at %d comes once", event.getInstance().getId(), event.getRevision())
                    .isTrue();
        }
    }

    /** Whenever the reader sees a new revision, what it has built is the state of the last one. */
    @Property(tries = 50)
    void atomic(@ForAll long seed) {
        History history = new History(RING);
        Reader<InstanceEvent> reader = history.watchInstances(all(), 0);
        history.run(new Random(seed), 60, reader);
        Map<String, Instance> built = new TreeMap<>();
        long revision = 0;
        for (InstanceEvent event : reader.got()) {
            if (event.getRevision() > revision && revision > 0) {
                assertThat(built).isEqualTo(history.instancesAt(event.getRevision() - 1));
            }
            revision = event.getRevision();
            apply(built, event);
        }
    }

    @Property(tries = 50)
    void reliable(@ForAll long seed) {
        History history = new History(RING);
        Filter<Instance> running =
                Filter.where(i -> i.getState() == InstanceState.INSTANCE_STATE_RUNNING);
        Reader<InstanceEvent> everything = history.watchInstances(all(), 0);
        Reader<InstanceEvent> filtered = history.watchInstances(running, 0);
        history.run(new Random(seed), 60, everything, filtered);
        assertThat(build(everything.got())).isEqualTo(history.instances());
        Map<String, Instance> expected = history.instances();
        expected.values().removeIf(i -> i.getState() != InstanceState.INSTANCE_STATE_RUNNING);
        assertThat(build(filtered.got())).isEqualTo(expected);
    }

    @Property(tries = 20)
    void resumable(@ForAll long seed) {
        History history = new History(RING);
        Reader<InstanceEvent> reader = history.watchInstances(all(), 0);
        history.run(new Random(seed), 60, reader);
        List<InstanceEvent> whole = changes(reader.got());
        for (long revision = history.first(); revision <= history.revision(); revision++) {
            Reader<InstanceEvent> resumed = history.watchInstances(all(), revision);
            history.settle();
            long after = revision;
            assertThat(changes(resumed.got()))
                    .isEqualTo(whole.stream().filter(e -> e.getRevision() > after).toList());
        }
    }

    /** So that it is serialized once. */
    @Test
    void everyWatcherGetsTheSameObject() {
        History history = new History(RING);
        Reader<InstanceEvent> one = history.watchInstances(all(), 0);
        Reader<InstanceEvent> other = history.watchInstances(all(), 0);
        history.run(new Random(1), 20);
        history.settle();
        List<InstanceEvent> events = changes(one.got());
        List<InstanceEvent> others = changes(other.got());
        assertThat(events).isNotEmpty().hasSameSizeAs(others);
        for (int i = 0; i < events.size(); i++) {
            assertThat(others.get(i)).isSameAs(events.get(i));
        }
    }

    @Test
    void bookmarkable() {
        History history = new History(RING);
        Reader<InstanceEvent> reader = history.watchInstances(all(), 0);
        history.settle();
        assertThat(reader.got()).as("an empty start is marked").hasSize(1);
        history.node("n1", NodeStatus.NODE_STATUS_READY);
        history.tick();
        history.tick();
        InstanceEvent last = reader.got().getLast();
        assertThat(last.getType()).isEqualTo(EventType.EVENT_TYPE_UNSPECIFIED);
        assertThat(last.hasInstance()).isFalse();
        assertThat(last.getRevision()).isEqualTo(history.revision());
        Reader<InstanceEvent> resumed = history.watchInstances(all(), last.getRevision());
        history.create("i1", "n1");
        assertThat(changes(resumed.got())).hasSize(1);
    }

    @Test
    void anUnreachableNodeMakesItsInstancesUnknownInOneRevision() {
        History history = new History(RING);
        history.node("n1", NodeStatus.NODE_STATUS_READY);
        history.create("i1", "n1");
        history.create("i2", "n1");
        Reader<InstanceEvent> reader = history.watchInstances(all(), 0);
        history.settle();
        reader.clear();
        history.node("n1", NodeStatus.NODE_STATUS_UNREACHABLE);
        assertThat(changes(reader.got()))
                .extracting(e -> e.getInstance().getState(), InstanceEvent::getRevision)
                .containsOnly(Tuple.tuple(InstanceState.INSTANCE_STATE_UNKNOWN, history.revision()))
                .hasSize(2);
    }

    @Test
    void aNodesWatcherSeesItsAllocationChange() {
        History history = new History(RING);
        history.node("n1", NodeStatus.NODE_STATUS_READY);
        Reader<NodeEvent> reader = history.watchNodes(Filter.where(n -> true), 0);
        history.settle();
        assertThat(reader.got())
                .extracting(NodeEvent::getType)
                .containsExactly(EventType.EVENT_TYPE_ADDED);
        history.create("i1", "n1");
        assertThat(reader.got().getLast().getType()).isEqualTo(EventType.EVENT_TYPE_MODIFIED);
        assertThat(reader.got().getLast().getNode().getInstanceCount()).isEqualTo(1);
    }

    @Test
    void aFilteredWatcherSeesInstancesBeginAndCeaseToMatch() {
        History history = new History(RING);
        history.node("n1", NodeStatus.NODE_STATUS_READY);
        history.create("i1", "n1");
        Reader<InstanceEvent> reader =
                history.watchInstances(
                        Filter.where(i -> i.getState() == InstanceState.INSTANCE_STATE_RUNNING), 0);
        history.observe("i1", InstanceState.INSTANCE_STATE_RUNNING);
        history.observe("i1", InstanceState.INSTANCE_STATE_FAILED);
        assertThat(changes(reader.got()))
                .extracting(InstanceEvent::getType)
                .containsExactly(EventType.EVENT_TYPE_ADDED, EventType.EVENT_TYPE_DELETED);
    }

    @Test
    void aStreamOnOneInstanceEndsAfterItsDeletion() {
        History history = new History(RING);
        history.node("n1", NodeStatus.NODE_STATUS_READY);
        history.create("i1", "n1");
        Reader<InstanceEvent> reader = history.watchInstances(Filter.single("i1", i -> true), 0);
        history.delete("i1");
        assertThat(reader.got())
                .extracting(InstanceEvent::getType)
                .containsExactly(EventType.EVENT_TYPE_ADDED, EventType.EVENT_TYPE_DELETED);
        assertThat(reader.completed()).isTrue();
    }

    @Test
    void aStreamOnAnUnknownInstanceIsNotFound() {
        History history = new History(RING);
        Reader<InstanceEvent> reader = history.watchInstances(Filter.single("i1", i -> true), 0);
        history.settle();
        assertThat(reader.fault()).isPresent();
        assertThat(reader.fault().get().kind()).isEqualTo(Fault.Kind.NOT_FOUND);
    }

    @Test
    void aStalledReaderKeepsNothingAndFallsOut() {
        History history = new History(10);
        history.node("n1", NodeStatus.NODE_STATUS_READY);
        Reader<InstanceEvent> reader = history.watchInstances(all(), 0);
        history.settle();
        reader.clear();
        reader.stall(true);
        for (int i = 0; i < 20; i++) {
            history.create("i" + i, "n1");
        }
        assertThat(reader.got()).isEmpty();
        assertThat(reader.fault()).isPresent();
        assertThat(reader.fault().get().kind()).isEqualTo(Fault.Kind.OUT_OF_RANGE);
    }

    @Test
    void aRevisionThatIsNoLongerKeptIsOutOfRange() {
        History history = new History(10);
        history.node("n1", NodeStatus.NODE_STATUS_READY);
        for (int i = 0; i < 20; i++) {
            history.create("i" + i, "n1");
        }
        assertThatThrownBy(() -> history.watchInstances(all(), 2))
                .isInstanceOfSatisfying(
                        Fault.class, f -> assertThat(f.kind()).isEqualTo(Fault.Kind.OUT_OF_RANGE));
        assertThatThrownBy(() -> history.watchInstances(all(), history.revision() + 1))
                .isInstanceOfSatisfying(
                        Fault.class, f -> assertThat(f.kind()).isEqualTo(Fault.Kind.OUT_OF_RANGE));
        Reader<InstanceEvent> reader = history.watchInstances(all(), history.revision() - 2);
        history.settle();
        assertThat(changes(reader.got())).hasSize(2);
    }

    @Test
    void aResetEndsEveryStream() {
        History history = new History(RING);
        Reader<InstanceEvent> reader = history.watchInstances(all(), 0);
        history.settle();
        history.reset();
        assertThat(reader.fault()).isPresent();
        assertThat(reader.fault().get().kind()).isEqualTo(Fault.Kind.OUT_OF_RANGE);
    }

    @Test
    void closingEndsEveryStreamAsUnavailable() {
        History history = new History(RING);
        Reader<InstanceEvent> reader = history.watchInstances(all(), 0);
        history.close();
        assertThat(reader.fault()).isPresent();
        assertThat(reader.fault().get().kind()).isEqualTo(Fault.Kind.UNAVAILABLE);
    }

    private static Filter<Instance> all() {
        return Filter.where(i -> true);
    }

    private static List<InstanceEvent> changes(List<InstanceEvent> events) {
        return events.stream()
                .filter(e -> e.getType() != EventType.EVENT_TYPE_UNSPECIFIED)
                .toList();
    }

    private static Map<String, Instance> build(List<InstanceEvent> events) {
        Map<String, Instance> built = new TreeMap<>();
        events.forEach(event -> apply(built, event));
        return built;
    }

    /** Also checks that the event fits what the reader has. */
    private static void apply(Map<String, Instance> built, InstanceEvent event) {
        String id = event.getInstance().getId();
        switch (event.getType()) {
            case EVENT_TYPE_ADDED ->
                    assertThat(built.put(id, event.getInstance())).as("new: %s", id).isNull();
            case EVENT_TYPE_MODIFIED ->
                    assertThat(built.put(id, event.getInstance())).as("known: %s", id).isNotNull();
            case EVENT_TYPE_DELETED -> assertThat(built.remove(id)).as("known: %s", id).isNotNull();
            case EVENT_TYPE_UNSPECIFIED, UNRECOGNIZED -> assertThat(event.hasInstance()).isFalse();
        }
    }
}
