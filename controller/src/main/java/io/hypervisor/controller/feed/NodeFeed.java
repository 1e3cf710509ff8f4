package io.hypervisor.controller.feed;

import io.grpc.MethodDescriptor;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.hypervisor.api.internal.v1.ControllerMessage;
import io.hypervisor.api.internal.v1.NodeHello;
import io.hypervisor.api.internal.v1.NodeLinkServiceGrpc;
import io.hypervisor.api.internal.v1.NodeMessage;
import io.hypervisor.api.internal.v1.NodeReport;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.controller.action.Committer;
import io.hypervisor.controller.action.RecordReport;
import io.hypervisor.controller.action.SetNodeHealth;
import io.hypervisor.controller.commit.ChangeListener;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.History;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Fault;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.server.Prompt;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The nodes' streams. Serves {@code NodeLinkService.Connect} while this process leads, one stream
 * per node, and pushes to each what a commit changed for it.
 */
public final class NodeFeed extends NodeLinkServiceGrpc.NodeLinkServiceImplBase
        implements ChangeListener, Prompt {
    private static final Logger log = LoggerFactory.getLogger(NodeFeed.class);

    /** How often nodes report at least, and after how long without a report one is lost. */
    public record Timing(Duration heartbeatInterval, Duration heartbeatTimeout) {}

    private final Committer committer;
    private final Contacts contacts;
    private final Timing timing;
    private final Clock clock;
    private final Tasks tasks;
    private final Meters meters;
    private final Map<String, NodeStream> streams = new ConcurrentHashMap<>();
    // 0 while another process leads.
    private volatile long term;

    /** What the feed counts. */
    record Meters(
            Counter documents, Counter deltas, Counter reports, Counter refused, Timer latency) {}

    /** A feed that refuses all nodes until {@link #leading}. */
    public NodeFeed(
            Committer committer,
            Contacts contacts,
            Timing timing,
            Clock clock,
            Tasks tasks,
            MeterRegistry metrics) {
        this.committer = committer;
        this.contacts = contacts;
        this.timing = timing;
        this.clock = clock;
        this.tasks = tasks;
        this.meters =
                new Meters(
                        metrics.counter("hypervisor.feed.documents"),
                        metrics.counter("hypervisor.feed.deltas"),
                        metrics.counter("hypervisor.feed.reports"),
                        metrics.counter("hypervisor.feed.refused.newer.journal"),
                        Timer.builder("hypervisor.feed.latency")
                                .description("from a commit to the node's word that it has it")
                                .publishPercentileHistogram()
                                .register(metrics));
        metrics.gaugeMapSize("hypervisor.feed.streams", List.of(), streams);
    }

    // A stream hands everything over to a thread of its own at once.
    @Override
    public Set<MethodDescriptor<?, ?>> prompt() {
        return Set.of(NodeLinkServiceGrpc.getConnectMethod());
    }

    /**
     * Begins to serve, or ends all streams, so that the nodes look for the leader. Call it before
     * {@link AgentLinks#leading} and the reconcilers': it begins the contacts that they rely on.
     */
    public void leading(boolean now) {
        if (now) {
            contacts.begin();
            term = snapshot().leader().orElseThrow().revision();
        } else {
            term = 0;
            streams.values().forEach(stream -> stream.end(notLeading()));
        }
    }

    @Override
    public void changed(Snapshot before, Snapshot after, List<Edit> edits) {
        for (Edit edit : edits) {
            if (edit.table() == Table.NODE && edit.value().isEmpty()) {
                end(edit.id(), Fault.notFound("node", edit.id()));
                contacts.forget(edit.id());
            }
        }
        if (streams.isEmpty()) {
            return;
        }
        NodeDocuments.affected(before, after, edits)
                .forEach(
                        (nodeId, ids) -> {
                            if (ids.stream().anyMatch(NodeDocuments::isObject)) {
                                contacts.networkChanged(nodeId, after.revision());
                            }
                            NodeStream stream = streams.get(nodeId);
                            if (stream != null) {
                                stream.changed(ids);
                            }
                        });
    }

    @Override
    public void reset(Snapshot now) {
        streams.values().forEach(NodeStream::changedBeyondKnowing);
    }

    /**
     * Ends the stream of a node that is silent, if it has one, so that nothing can reach it any
     * more: from then on the node counts its own time without contact. What it holds has to be
     * learned anew when it returns.
     */
    public void endSilent(String nodeId) {
        contacts.unsettle(nodeId);
        end(nodeId, Fault.unavailable("SILENT", "node " + nodeId + " was silent for too long"));
    }

    private void end(String nodeId, Fault reason) {
        NodeStream stream = streams.get(nodeId);
        if (stream != null) {
            stream.end(reason);
        }
    }

    @Override
    public StreamObserver<NodeMessage> connect(StreamObserver<ControllerMessage> observer) {
        if (term == 0) {
            throw notLeading();
        }
        return new NodeStream(this, (ServerCallStreamObserver<ControllerMessage>) observer);
    }

    /**
     * Checks who says hello, and makes this its only stream. Completes when nothing can be released
     * from the node any more as if it were still out of touch; only then may it get a document.
     */
    CompletableFuture<?> admit(NodeHello hello, NodeStream stream) {
        String nodeId = hello.getNodeId();
        Snapshot now = snapshot();
        if (term == 0) {
            throw notLeading();
        }
        if (now.node(nodeId).isEmpty()) {
            throw Fault.notFound("node", nodeId);
        }
        if (!hello.getClusterId().isEmpty() && !hello.getClusterId().equals(clusterId())) {
            throw Fault.of(
                    Fault.Kind.FAILED_PRECONDITION,
                    "OTHER_CLUSTER",
                    "node "
                            + nodeId
                            + ": cluster_id: value: "
                            + hello.getClusterId()
                            + " (expected: "
                            + clusterId()
                            + ")");
        }
        if (!History.allows(now.history(), now.revision(), hello)) {
            meters.refused().increment();
            log.error(
                    "node={} journal_term={} journal_revision={} term_id={} term={} revision={}:"
                            + " refused, its journal is of another past than the store; was an old"
                            + " backup restored?",
                    nodeId,
                    hello.getTerm(),
                    hello.getRevision(),
                    hello.getTermId(),
                    term,
                    now.revision());
            throw Fault.of(
                    Fault.Kind.FAILED_PRECONDITION,
                    "NEWER_JOURNAL",
                    "node "
                            + nodeId
                            + ": revision: value: "
                            + hello.getRevision()
                            + " of term "
                            + hello.getTermId()
                            + " (expected: a revision that this store has held; if it was restored"
                            + " from a backup, start the controllers with superseded_terms: ["
                            + hello.getTermId()
                            + "] to confirm that nodes follow it)");
        }
        NodeStream older = streams.put(nodeId, stream);
        if (older != null) {
            older.end(
                    Fault.of(Fault.Kind.ABORTED, "REPLACED", "a newer stream of the node opened"));
        }
        contacts.streamOpened(nodeId);
        if (term == 0) {
            throw notLeading();
        }
        boolean unreachable =
                now.health(nodeId)
                        .filter(h -> h.value().getStatus() == NodeStatus.NODE_STATUS_UNREACHABLE)
                        .isPresent();
        return unreachable
                ? committer.submit(
                        new SetNodeHealth(
                                nodeId, NodeStatus.NODE_STATUS_NOT_READY, clock.timestamp()))
                : CompletableFuture.completedFuture(true);
    }

    /** Whether the stream was the node's present one; it is not any more. */
    void ended(String nodeId, NodeStream stream) {
        if (streams.remove(nodeId, stream)) {
            contacts.streamEnded(nodeId);
        }
    }

    /** Records a report, or as much of it as fits; true if it was all. */
    CompletableFuture<Boolean> record(String nodeId, NodeReport report) {
        meters.reports().increment();
        return committer.submit(new RecordReport(nodeId, report, clock.timestamp()));
    }

    private Fault notLeading() {
        Fault fault = Fault.unavailable("NOT_LEADER", "this replica does not lead");
        return snapshot()
                .leader()
                .map(leader -> fault.with("leader", leader.value().getAddress()))
                .orElse(fault);
    }

    Snapshot snapshot() {
        return committer.snapshot();
    }

    String clusterId() {
        return snapshot().cluster().map(c -> c.getClusterId()).orElse("");
    }

    long term() {
        return term;
    }

    Timing timing() {
        return timing;
    }

    Contacts contacts() {
        return contacts;
    }

    Clock clock() {
        return clock;
    }

    Tasks tasks() {
        return tasks;
    }

    Meters meters() {
        return meters;
    }
}
