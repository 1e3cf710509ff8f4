package io.hypervisor.controller.feed;

import static io.hypervisor.controller.testkit.Records.instance;
import static io.hypervisor.controller.testkit.Records.placement;
import static io.hypervisor.controller.testkit.Records.put;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.hypervisor.api.internal.v1.Assignment;
import io.hypervisor.api.internal.v1.NodeDelta;
import io.hypervisor.api.internal.v1.NodeDocument;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.RunIntent;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.controller.testkit.Records;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

import org.junit.jupiter.api.Test;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

class NodeDocumentsTest {
    private static final long TERM = 1;

    @Test
    void saysWhatEachInstanceShouldBe() {
        Snapshot now =
                Snapshot.empty()
                        .with(
                                7,
                                List.of(
                                        put(instance("d").toBuilder().setDeleting(true).build()),
                                        put(placement("d", "n")),
                                        put(instance("e")),
                                        put(
                                                placement("e", "n").toBuilder()
                                                        .setEvicting(true)
                                                        .build()),
                                        put(
                                                instance("b").toBuilder()
                                                        .setRunIntent(RunIntent.RUN_INTENT_STOPPED)
                                                        .build()),
                                        put(placement("b", "n")),
                                        put(instance("a").toBuilder().setRunGeneration(4).build()),
                                        put(placement("a", "n").toBuilder().setEpoch(3).build()),
                                        put(instance("elsewhere")),
                                        put(placement("elsewhere", "other"))));

        NodeDocument document = NodeDocuments.document(now, "n", "c", TERM);

        assertThat(document.getClusterId()).isEqualTo("c");
        assertThat(document.getTerm()).isEqualTo(TERM);
        assertThat(document.getRevision()).isEqualTo(7);
        assertThat(document.getAssignmentsList())
                .extracting(
                        Assignment::getInstanceId,
                        Assignment::getWant,
                        Assignment::getEpoch,
                        Assignment::getRunGeneration)
                .containsExactly(
                        tuple("a", Assignment.Want.WANT_RUNNING, 3L, 4L),
                        tuple("b", Assignment.Want.WANT_STOPPED, 1L, 1L),
                        tuple("d", Assignment.Want.WANT_ABSENT, 1L, 1L),
                        tuple("e", Assignment.Want.WANT_ABSENT, 1L, 1L));
    }

    @Property(tries = 300)
    void incrementEqualsFullRecompute(@ForAll("histories") List<List<Edit>> history) {
        Map<String, NodeDocument> held = new HashMap<>();
        Snapshot now = Snapshot.empty();
        for (String node : NODES) {
            held.put(node, NodeDocuments.document(now, node, "c", TERM));
        }
        for (List<Edit> edits : history) {
            Snapshot before = now;
            now = before.with(before.revision() + 1, edits);
            Map<String, Set<String>> affected = NodeDocuments.affected(before, now, edits);
            for (Map.Entry<String, Set<String>> entry : affected.entrySet()) {
                String node = entry.getKey();
                NodeDocument base = held.get(node);
                NodeDelta delta =
                        NodeDocuments.delta(now, node, TERM, base.getRevision(), entry.getValue());
                held.put(node, apply(base, delta));
            }
            for (String node : NODES) {
                NodeDocument full = NodeDocuments.document(now, node, "c", TERM);
                assertThat(held.get(node).getAssignmentsList())
                        .isEqualTo(full.getAssignmentsList());
                if (affected.containsKey(node)) {
                    assertThat(held.get(node)).isEqualTo(full);
                }
            }
        }
    }

    @Property(tries = 300)
    void coalescedIncrementsEqualFullRecompute(@ForAll("histories") List<List<Edit>> history) {
        Snapshot now = Snapshot.empty();
        NodeDocument base = NodeDocuments.document(now, "n1", "c", TERM);
        Set<String> changed = new TreeSet<>();
        for (List<Edit> edits : history) {
            Snapshot before = now;
            now = before.with(before.revision() + 1, edits);
            changed.addAll(NodeDocuments.affected(before, now, edits).getOrDefault("n1", Set.of()));
        }
        NodeDelta delta = NodeDocuments.delta(now, "n1", TERM, base.getRevision(), changed);
        assertThat(apply(base, delta)).isEqualTo(NodeDocuments.document(now, "n1", "c", TERM));
    }

    @Test
    void whatNodesReportAffectsNoDocument() {
        Snapshot before =
                Snapshot.empty().with(1, List.of(put(instance("a")), put(placement("a", "n"))));
        List<Edit> edits =
                List.of(put(Records.observed("a", InstanceState.INSTANCE_STATE_RUNNING)));

        assertThat(NodeDocuments.affected(before, before.with(2, edits), edits)).isEmpty();
    }

    /** What a node does with a delta. */
    private static NodeDocument apply(NodeDocument base, NodeDelta delta) {
        assertThat(delta.getBaseRevision()).isEqualTo(base.getRevision());
        TreeMap<String, Assignment> assignments = new TreeMap<>();
        base.getAssignmentsList().forEach(a -> assignments.put(a.getInstanceId(), a));
        delta.getUpsertsList().forEach(a -> assignments.put(a.getInstanceId(), a));
        delta.getRemovalsList().forEach(assignments::remove);
        return base.toBuilder()
                .setRevision(delta.getRevision())
                .clearAssignments()
                .addAllAssignments(assignments.values())
                .build();
    }

    private static final List<String> NODES = List.of("n1", "n2");

    @Provide
    Arbitrary<List<List<Edit>>> histories() {
        return edit().list()
                .ofMinSize(1)
                .ofMaxSize(4)
                .map(NodeDocumentsTest::distinct)
                .list()
                .ofMaxSize(30);
    }

    private static List<Edit> distinct(List<Edit> edits) {
        Map<String, Edit> byKey = new TreeMap<>();
        edits.forEach(edit -> byKey.put(edit.key(), edit));
        return List.copyOf(byKey.values());
    }

    private static Arbitrary<Edit> edit() {
        Arbitrary<String> ids = Arbitraries.of("a", "b", "c", "d");
        Arbitrary<Edit> puts =
                Combinators.combine(
                                ids, Arbitraries.longs().between(1, 3), Arbitraries.of(true, false))
                        .as(
                                (id, generation, deleting) ->
                                        put(
                                                instance(id).toBuilder()
                                                        .setRunGeneration(generation)
                                                        .setDeleting(deleting)
                                                        .build()));
        Arbitrary<Edit> placements =
                Combinators.combine(
                                ids,
                                Arbitraries.of("", "n1", "n2"),
                                Arbitraries.longs().between(1, 3),
                                Arbitraries.of(true, false))
                        .as(
                                (id, node, epoch, evicting) ->
                                        put(
                                                placement(id, node).toBuilder()
                                                        .setEpoch(epoch)
                                                        .setEvicting(evicting)
                                                        .build()));
        Arbitrary<Edit> deletes =
                Combinators.combine(ids, Arbitraries.of(Table.INSTANCE, Table.PLACEMENT))
                        .as((id, table) -> Edit.delete(table, id));
        return Arbitraries.oneOf(puts, placements, deletes);
    }
}
