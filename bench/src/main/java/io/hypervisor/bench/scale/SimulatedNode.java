package io.hypervisor.bench.scale;

import io.grpc.ManagedChannel;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.hypervisor.api.internal.v1.Assignment;
import io.hypervisor.api.internal.v1.ControllerMessage;
import io.hypervisor.api.internal.v1.NodeAck;
import io.hypervisor.api.internal.v1.NodeDelta;
import io.hypervisor.api.internal.v1.NodeDocument;
import io.hypervisor.api.internal.v1.NodeHello;
import io.hypervisor.api.internal.v1.NodeLinkServiceGrpc;
import io.hypervisor.api.internal.v1.NodeMessage;
import io.hypervisor.api.internal.v1.NodeReport;
import io.hypervisor.api.internal.v1.ObservedRecord;
import io.hypervisor.api.v1.InstanceState;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;

/**
 * One node on the real protocol: acknowledges what it is told, and at once reports it RUNNING. It
 * keeps ids alone, so that thousands fit into one process. Knows creation only: whatever else it is
 * told to do counts as a fault.
 */
final class SimulatedNode {
    /** What all nodes count together. */
    record Counts(LongAdder acked, LongAdder reported, LongAdder streams) {
        Counts() {
            this(new LongAdder(), new LongAdder(), new LongAdder());
        }
    }

    private final String id;
    private final ManagedChannel channel;
    private final Counts counts;
    private final Consumer<String> faults;
    private final Consumer<SimulatedNode> broken;
    private final List<UUID> held = new ArrayList<>();
    private Optional<Session> session = Optional.empty();
    private String clusterId = "";
    private long term;
    private long revision;

    /**
     * A node that has registered.
     *
     * @param broken told when the stream ends; opens it again later
     */
    SimulatedNode(
            String id,
            ManagedChannel channel,
            Counts counts,
            Consumer<String> faults,
            Consumer<SimulatedNode> broken) {
        this.id = id;
        this.channel = channel;
        this.counts = counts;
        this.faults = faults;
        this.broken = broken;
    }

    /** Opens a stream; the node has none. */
    synchronized void open() {
        Session next = new Session();
        session = Optional.of(next);
        var _ = NodeLinkServiceGrpc.newStub(channel).connect(next);
        next.send(
                NodeMessage.newBuilder()
                        .setHello(
                                NodeHello.newBuilder()
                                        .setNodeId(id)
                                        .setClusterId(clusterId)
                                        .setTerm(term)
                                        .setRevision(revision)));
    }

    /** Says that it is there. */
    synchronized void beat() {
        session.ifPresent(
                open -> open.send(NodeMessage.newBuilder().setReport(NodeReport.newBuilder())));
    }

    private void handle(Session from, ControllerMessage message) {
        switch (message.getMessageCase()) {
            case WELCOME -> report(from, NodeReport.newBuilder().setFull(true), held);
            case DOCUMENT -> accept(from, message.getDocument());
            case DELTA -> accept(from, message.getDelta());
            case MESSAGE_NOT_SET -> faults.accept("node " + id + " got an empty message");
        }
    }

    private void accept(Session from, NodeDocument document) {
        clusterId = document.getClusterId();
        term = document.getTerm();
        counts.acked().add(-held.size());
        held.clear();
        take(from, document.getRevision(), document.getAssignmentsList());
    }

    private void accept(Session from, NodeDelta delta) {
        if (delta.getBaseRevision() != revision || delta.getTerm() != term) {
            faults.accept("node " + id + " got a delta to " + delta.getBaseRevision());
        }
        if (delta.getRemovalsCount() > 0) {
            faults.accept("node " + id + " should remove " + delta.getRemovals(0));
        }
        take(from, delta.getRevision(), delta.getUpsertsList());
    }

    private void take(Session from, long to, List<Assignment> assignments) {
        revision = to;
        from.send(
                NodeMessage.newBuilder()
                        .setAck(NodeAck.newBuilder().setTerm(term).setRevision(revision)));
        List<UUID> fresh = new ArrayList<>(assignments.size());
        for (Assignment one : assignments) {
            if (one.getWant() != Assignment.Want.WANT_RUNNING || one.getEpoch() != 1) {
                faults.accept("node " + id + " got " + one);
            }
            fresh.add(UUID.fromString(one.getInstanceId()));
        }
        held.addAll(fresh);
        counts.acked().add(fresh.size());
        if (!fresh.isEmpty()) {
            report(from, NodeReport.newBuilder(), fresh);
            counts.reported().add(fresh.size());
        }
    }

    private static void report(Session to, NodeReport.Builder report, List<UUID> running) {
        for (UUID instance : running) {
            report.addObserved(
                    ObservedRecord.newBuilder()
                            .setInstanceId(instance.toString())
                            .setEpoch(1)
                            .setRunGeneration(1)
                            .setState(InstanceState.INSTANCE_STATE_RUNNING));
        }
        to.send(NodeMessage.newBuilder().setReport(report));
    }

    private synchronized void ended(Session ended) {
        if (session.filter(ended::equals).isPresent()) {
            session = Optional.empty();
            counts.streams().decrement();
            broken.accept(this);
        }
    }

    private final class Session implements ClientResponseObserver<NodeMessage, ControllerMessage> {
        private Optional<ClientCallStreamObserver<NodeMessage>> stream = Optional.empty();

        Session() {
            counts.streams().increment();
        }

        @Override
        public void beforeStart(ClientCallStreamObserver<NodeMessage> requests) {
            stream = Optional.of(requests);
        }

        void send(NodeMessage.Builder message) {
            stream.ifPresent(s -> s.onNext(message.build()));
        }

        @Override
        public void onNext(ControllerMessage message) {
            synchronized (SimulatedNode.this) {
                handle(this, message);
            }
        }

        @Override
        public void onError(Throwable reason) {
            ended(this);
        }

        @Override
        public void onCompleted() {
            ended(this);
        }
    }
}
