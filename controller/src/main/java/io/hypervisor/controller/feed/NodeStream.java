package io.hypervisor.controller.feed;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.hypervisor.api.internal.v1.ControllerMessage;
import io.hypervisor.api.internal.v1.NodeAck;
import io.hypervisor.api.internal.v1.NodeDelta;
import io.hypervisor.api.internal.v1.NodeHello;
import io.hypervisor.api.internal.v1.NodeMessage;
import io.hypervisor.api.internal.v1.NodeReport;
import io.hypervisor.api.internal.v1.ObservedRecord;
import io.hypervisor.api.internal.v1.Welcome;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.core.Fault;
import io.hypervisor.core.FaultPoint;
import io.hypervisor.core.server.FaultInterceptor;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.HashSet;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/**
 * One node's stream. Its own serial executor owns every field that is not marked otherwise, and is
 * the only caller of the observer.
 */
final class NodeStream implements StreamObserver<NodeMessage> {
    private static final Logger log = LoggerFactory.getLogger(NodeStream.class);

    // Beyond that many changed instances a full document costs no more than the delta.
    private static final int MAX_CHANGED = 1024;
    // Reports that wait for the store; the node's next one waits in its own connection.
    private static final int MAX_UNRECORDED = 8;
    // Only for the latency metric: older ones are not measured.
    private static final int MAX_UNACKED = 64;

    private final NodeFeed feed;
    private final ServerCallStreamObserver<ControllerMessage> observer;
    private final Executor serial;

    private String nodeId = "";
    private long term;
    private boolean admitted;
    private boolean closed;
    private long sentRevision;
    private long fullRevision = Long.MAX_VALUE;
    private boolean reportedInFull;
    private boolean settled;
    private boolean waiting;
    // Recorded one after the other: what follows may be newer news of the same instance.
    private final Queue<NodeReport> unrecorded = new ArrayDeque<>();
    // Copies that the node holds although they are placed elsewhere, or nowhere.
    private final Set<String> stale = new HashSet<>();
    private final Queue<Sent> unacked = new ArrayDeque<>();

    // Guarded by itself: what has changed since the last push.
    private final Pending pending = new Pending();
    // Guarded by pending: no report may be submitted after the stream has ended.
    private boolean ended;

    /** A pushed revision and when the first commit in it was published. */
    private record Sent(long revision, long committedNanos) {}

    private static final class Pending {
        private final Set<String> changed = new HashSet<>();
        private boolean full = true;
        private long sinceNanos;
    }

    NodeStream(NodeFeed feed, ServerCallStreamObserver<ControllerMessage> observer) {
        this.feed = feed;
        this.observer = observer;
        this.serial = feed.tasks().serial("node-stream");
        observer.disableAutoRequest();
        observer.setOnReadyHandler(() -> serial.execute(this::push));
        observer.setOnCancelHandler(() -> serial.execute(this::gone));
        observer.request(1);
    }

    /** A commit changed what the node should do with these instances. */
    void changed(Collection<String> instanceIds) {
        synchronized (pending) {
            if (pending.changed.isEmpty()) {
                pending.sinceNanos = feed.clock().nanos();
            }
            pending.changed.addAll(instanceIds);
            if (pending.changed.size() > MAX_CHANGED) {
                pending.changed.clear();
                pending.full = true;
            }
        }
        serial.execute(this::push);
    }

    /** Anything may have changed. */
    void changedBeyondKnowing() {
        synchronized (pending) {
            pending.full = true;
        }
        serial.execute(this::push);
    }

    /** Ends the stream. When this returns, no report of it will be submitted any more. */
    void end(Fault reason) {
        synchronized (pending) {
            ended = true;
        }
        serial.execute(() -> fail(reason));
    }

    @Override
    public void onNext(NodeMessage message) {
        serial.execute(() -> handle(message));
    }

    @Override
    public void onError(Throwable cause) {
        serial.execute(this::gone);
    }

    @Override
    public void onCompleted() {
        serial.execute(
                () -> {
                    if (!closed) {
                        gone();
                        observer.onCompleted();
                    }
                });
    }

    private void handle(NodeMessage message) {
        if (closed) {
            return;
        }
        try {
            switch (message.getMessageCase()) {
                case HELLO -> hello(message.getHello());
                case REPORT -> report(message.getReport());
                case ACK -> ack(message.getAck());
                case MESSAGE_NOT_SET ->
                        throw Fault.invalid("message", "none", "hello, report or ack");
            }
        } catch (RuntimeException e) {
            fail(e);
            return;
        }
        if (unrecorded.size() < MAX_UNRECORDED) {
            observer.request(1);
        } else {
            waiting = true;
        }
    }

    private void hello(NodeHello hello) {
        if (!nodeId.isEmpty()) {
            throw Fault.invalid("hello", hello.getNodeId(), "one per stream");
        }
        nodeId = hello.getNodeId();
        term = feed.term();
        var _ =
                feed.admit(hello, this)
                        .whenComplete(
                                (done, failure) -> serial.execute(() -> admitted(hello, failure)));
    }

    private void admitted(NodeHello hello, Throwable failure) {
        if (closed) {
            return;
        }
        if (failure != null) {
            fail(failure);
            return;
        }
        admitted = true;
        log.info(
                "node={} term={} journal_revision={}: stream opened",
                nodeId,
                term,
                hello.getRevision());
        observer.onNext(
                ControllerMessage.newBuilder()
                        .setWelcome(
                                Welcome.newBuilder()
                                        .setClusterId(feed.clusterId())
                                        .setTerm(term)
                                        .setHeartbeatIntervalMillis(
                                                feed.timing().heartbeatInterval().toMillis())
                                        .setHeartbeatTimeoutMillis(
                                                feed.timing().heartbeatTimeout().toMillis()))
                        .build());
        push();
    }

    /** Sends what changed, if the node has read what was sent before. */
    private void push() {
        if (closed || !admitted || !observer.isReady()) {
            return;
        }
        Set<String> changed;
        boolean full;
        long since;
        synchronized (pending) {
            changed = Set.copyOf(pending.changed);
            full = pending.full;
            since = pending.sinceNanos;
            pending.changed.clear();
            pending.full = false;
        }
        // Read after the ids were taken, so it holds at least what changed about them.
        Snapshot now = feed.snapshot();
        if (full) {
            sendDocument(now);
        } else if (!changed.isEmpty()) {
            // Of a revision that was sent before, too: a commit is seen in the snapshot a moment
            // before its ids come, and what was sent in that moment held other ids of it, or of
            // older ones.
            sendDelta(now, changed, since);
        }
    }

    private void sendDocument(Snapshot now) {
        observer.onNext(
                ControllerMessage.newBuilder()
                        .setDocument(NodeDocuments.document(now, nodeId, feed.clusterId(), term))
                        .build());
        feed.meters().documents().increment();
        sentRevision = now.revision();
        feed.contacts().networkChanged(nodeId, sentRevision);
        fullRevision = Math.min(fullRevision, sentRevision);
    }

    private void sendDelta(Snapshot now, Set<String> changed, long since) {
        NodeDelta delta = NodeDocuments.delta(now, nodeId, term, sentRevision, changed);
        FaultPoint.CONTROLLER_DELTA_MADE.reached();
        observer.onNext(ControllerMessage.newBuilder().setDelta(delta).build());
        FaultPoint.CONTROLLER_DELTA_SENT.reached();
        feed.meters().deltas().increment();
        sentRevision = now.revision();
        if (unacked.size() < MAX_UNACKED) {
            unacked.add(new Sent(sentRevision, since));
        }
    }

    private void ack(NodeAck ack) {
        if (nodeId.isEmpty() || ack.getTerm() != term || ack.getRevision() > sentRevision) {
            throw Fault.invalid(
                    "ack",
                    "term " + ack.getTerm() + " revision " + ack.getRevision(),
                    "term " + term + ", revision at most " + sentRevision);
        }
        FaultPoint.CONTROLLER_ACK_RECEIVED.reached();
        feed.contacts().journaled(nodeId, ack.getRevision());
        long now = feed.clock().nanos();
        while (!unacked.isEmpty() && unacked.peek().revision() <= ack.getRevision()) {
            feed.meters()
                    .latency()
                    .record(now - unacked.remove().committedNanos(), TimeUnit.NANOSECONDS);
        }
        if (ack.getRevision() >= fullRevision) {
            fullRevision = 0;
        }
        settle();
    }

    private void report(NodeReport report) {
        if (nodeId.isEmpty()) {
            throw Fault.invalid("report", "first message", "hello first");
        }
        feed.contacts().heard(nodeId);
        if (report.equals(NodeReport.getDefaultInstance())) {
            return;
        }
        if (report.getObservedCount() > 0) {
            FaultPoint.CONTROLLER_REPORT_RECEIVED.reached();
        }
        unrecorded.add(report);
        if (unrecorded.size() == 1) {
            recordNext();
        }
    }

    private void recordNext() {
        NodeReport next = unrecorded.element();
        synchronized (pending) {
            if (ended) {
                return;
            }
            var _ =
                    feed.record(nodeId, next)
                            .whenComplete(
                                    (all, failure) ->
                                            serial.execute(() -> recorded(next, all, failure)));
        }
    }

    /**
     * A report that could not be recorded ends the stream: its successors hold only what changed
     * after it, and the next stream begins with everything.
     */
    private void recorded(NodeReport report, Boolean all, Throwable failure) {
        if (closed) {
            return;
        }
        if (failure != null) {
            log.warn("node={}: report not recorded, stream ends: {}", nodeId, failure.toString());
            fail(Fault.unavailable("NOT_RECORDED", "the report could not be recorded"));
            return;
        }
        if (report.getObservedCount() > 0) {
            FaultPoint.CONTROLLER_REPORT_RECORDED.reached();
        }
        if (all) {
            unrecorded.remove();
            noteStale(report);
            reportedInFull |= report.getFull();
            settle();
        }
        if (!unrecorded.isEmpty()) {
            recordNext();
        }
        if (waiting && unrecorded.size() < MAX_UNRECORDED) {
            waiting = false;
            observer.request(1);
        }
    }

    private void noteStale(NodeReport report) {
        if (settled) {
            return;
        }
        if (report.getFull()) {
            stale.clear();
        }
        Snapshot now = feed.snapshot();
        for (ObservedRecord observed : report.getObservedList()) {
            String id = observed.getInstanceId();
            boolean placedHere =
                    now.placement(id)
                            .filter(p -> p.value().getNodeId().equals(nodeId))
                            .filter(p -> p.value().getEpoch() <= observed.getEpoch())
                            .isPresent();
            if (observed.getGone() || placedHere) {
                stale.remove(id);
            } else {
                stale.add(id);
            }
        }
    }

    private void settle() {
        if (!settled && reportedInFull && fullRevision == 0 && stale.isEmpty()) {
            settled = true;
            feed.contacts().settle(nodeId);
        }
    }

    private void gone() {
        if (closed) {
            return;
        }
        closed = true;
        if (!nodeId.isEmpty()) {
            log.info("node={}: stream ended", nodeId);
            feed.ended(nodeId, this);
        }
    }

    private void fail(Throwable reason) {
        if (closed) {
            return;
        }
        gone();
        observer.onError(FaultInterceptor.toStatusException("NodeLinkService/Connect", reason));
    }
}
