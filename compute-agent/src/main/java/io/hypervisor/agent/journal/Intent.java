package io.hypervisor.agent.journal;

import io.hypervisor.api.internal.v1.Assignment;
import io.hypervisor.api.internal.v1.JournalRecord;
import io.hypervisor.api.internal.v1.LocalIntent;
import io.hypervisor.api.internal.v1.NetworkObject;
import io.hypervisor.api.internal.v1.NodeDelta;
import io.hypervisor.api.internal.v1.NodeDocument;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/** Everything that this node should be. Immutable. */
public record Intent(
        String clusterId,
        long term,
        long revision,
        String termId,
        boolean massRemovalAgreed,
        NavigableMap<String, Assignment> assignments,
        NavigableMap<String, NetworkObject> network,
        NavigableMap<String, LocalIntent> locals) {

    /** What a node should be that nobody has told anything. */
    public static final Intent NOTHING =
            new Intent(
                    "",
                    0,
                    0,
                    "",
                    false,
                    Collections.emptyNavigableMap(),
                    Collections.emptyNavigableMap(),
                    Collections.emptyNavigableMap());

    /** What an instance should be, whoever wants it. */
    public Optional<Assignment> assignment(String id) {
        return Optional.ofNullable(assignments.get(id))
                .or(() -> Optional.ofNullable(locals.get(id)).map(LocalIntent::getAssignment));
    }

    /** The intent of a local instance. */
    public Optional<LocalIntent> local(String id) {
        return Optional.ofNullable(locals.get(id));
    }

    Intent apply(JournalRecord next) {
        return switch (next.getRecordCase()) {
            case DOCUMENT -> with(next.getDocument());
            case DELTA -> with(next.getDelta());
            case LOCAL -> withLocal(next.getLocal());
            case LOCAL_REMOVED -> withoutLocal(next.getLocalRemoved());
            case RECORD_NOT_SET ->
                    throw new JournalException(
                            "the journal holds a record of a newer version of this software");
        };
    }

    private Intent with(NodeDocument document) {
        NavigableMap<String, Assignment> next = new TreeMap<>();
        document.getAssignmentsList().forEach(a -> next.put(a.getInstanceId(), a));
        NavigableMap<String, NetworkObject> nextNetwork = new TreeMap<>();
        document.getNetworkList().forEach(object -> nextNetwork.put(object.getKey(), object));
        return new Intent(
                document.getClusterId(),
                document.getTerm(),
                document.getRevision(),
                document.getTermId(),
                document.getMassRemovalAgreed(),
                Collections.unmodifiableNavigableMap(next),
                Collections.unmodifiableNavigableMap(nextNetwork),
                locals);
    }

    private Intent with(NodeDelta delta) {
        NavigableMap<String, Assignment> next = new TreeMap<>(assignments);
        delta.getUpsertsList().forEach(a -> next.put(a.getInstanceId(), a));
        delta.getRemovalsList().forEach(next::remove);
        NavigableMap<String, NetworkObject> nextNetwork = network;
        if (delta.getNetworkUpsertsCount() + delta.getNetworkRemovalsCount() > 0) {
            NavigableMap<String, NetworkObject> edited = new TreeMap<>(network);
            delta.getNetworkUpsertsList().forEach(object -> edited.put(object.getKey(), object));
            delta.getNetworkRemovalsList().forEach(edited::remove);
            nextNetwork = Collections.unmodifiableNavigableMap(edited);
        }
        return new Intent(
                clusterId,
                delta.getTerm(),
                delta.getRevision(),
                termId,
                massRemovalAgreed,
                Collections.unmodifiableNavigableMap(next),
                nextNetwork,
                locals);
    }

    private Intent withLocal(LocalIntent local) {
        NavigableMap<String, LocalIntent> next = new TreeMap<>(locals);
        next.put(local.getAssignment().getInstanceId(), local);
        return withLocals(next);
    }

    private Intent withoutLocal(String id) {
        NavigableMap<String, LocalIntent> next = new TreeMap<>(locals);
        next.remove(id);
        return withLocals(next);
    }

    private Intent withLocals(NavigableMap<String, LocalIntent> next) {
        return new Intent(
                clusterId,
                term,
                revision,
                termId,
                massRemovalAgreed,
                assignments,
                network,
                Collections.unmodifiableNavigableMap(next));
    }

    NodeDocument document() {
        return NodeDocument.newBuilder()
                .setClusterId(clusterId)
                .setTerm(term)
                .setTermId(termId)
                .setRevision(revision)
                .setMassRemovalAgreed(massRemovalAgreed)
                .addAllAssignments(assignments.values())
                .addAllNetwork(network.values())
                .build();
    }

    /** The fewest records that lead to this intent. */
    List<JournalRecord> records() {
        List<JournalRecord> records = new ArrayList<>();
        if (!clusterId.isEmpty()) {
            records.add(JournalRecord.newBuilder().setDocument(document()).build());
        }
        for (Map.Entry<String, LocalIntent> local : locals.entrySet()) {
            records.add(JournalRecord.newBuilder().setLocal(local.getValue()).build());
        }
        return records;
    }
}
