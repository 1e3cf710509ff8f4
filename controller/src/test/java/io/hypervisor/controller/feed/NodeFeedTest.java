package io.hypervisor.controller.feed;

import static io.hypervisor.controller.testkit.Records.instance;
import static io.hypervisor.controller.testkit.Records.node;
import static io.hypervisor.controller.testkit.Records.observed;
import static io.hypervisor.controller.testkit.Records.placement;
import static io.hypervisor.controller.testkit.Records.put;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;

import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.ServerInterceptors;
import io.grpc.Status;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.hypervisor.api.internal.v1.Assignment;
import io.hypervisor.api.internal.v1.ControllerMessage;
import io.hypervisor.api.internal.v1.HistoryRecord;
import io.hypervisor.api.internal.v1.NodeAck;
import io.hypervisor.api.internal.v1.NodeHello;
import io.hypervisor.api.internal.v1.NodeLinkServiceGrpc;
import io.hypervisor.api.internal.v1.NodeMessage;
import io.hypervisor.api.internal.v1.NodeReport;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.controller.commit.ChangeListener;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.controller.testkit.ManualClock;
import io.hypervisor.controller.testkit.ManualTasks;
import io.hypervisor.controller.testkit.MemoryCommitter;
import io.hypervisor.controller.testkit.Records;
import io.hypervisor.core.Fault;
import io.hypervisor.core.server.FaultInterceptor;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

class NodeFeedTest {
    private final ManualClock clock = new ManualClock();
    private final ManualTasks tasks = new ManualTasks(clock);
    private final MemoryCommitter committer = new MemoryCommitter();
    private final Contacts contacts = new Contacts(clock);
    private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
    private final NodeFeed feed =
            new NodeFeed(
                    committer,
                    contacts,
                    new NodeFeed.Timing(Duration.ofSeconds(5), Duration.ofSeconds(15)),
                    clock,
                    tasks,
                    metrics);
    private Server server;
    private ManagedChannel channel;
    private Runnable published = () -> {};

    @BeforeEach
    void start() throws IOException {
        committer.commit(Records.cluster());
        committer.commit(put(node("n")), put(instance("a")), put(placement("a", "n")));
        committer.onChange(new BeforeTheFeed());
        committer.onChange(feed);
        server =
                InProcessServerBuilder.forName("feed")
                        .directExecutor()
                        .addService(ServerInterceptors.intercept(feed, new FaultInterceptor()))
                        .build()
                        .start();
        channel = InProcessChannelBuilder.forName("feed").directExecutor().build();
        feed.leading(true);
    }

    @AfterEach
    void stop() {
        channel.shutdownNow();
        server.shutdownNow();
    }

    @Test
    void welcomesThenSendsTheDocumentThenDeltas() {
        FakeNode node = new FakeNode().hello("n");

        assertThat(node.received).hasSize(2);
        assertThat(node.received.get(0).getWelcome().getClusterId()).isEqualTo(Records.CLUSTER);
        assertThat(node.received.get(0).getWelcome().getHeartbeatTimeoutMillis()).isEqualTo(15_000);
        assertThat(node.received.get(1).getDocument().getAssignmentsList())
                .extracting(Assignment::getInstanceId)
                .containsExactly("a");

        committer.commit(put(instance("b")), put(placement("b", "n")));
        committer.commit(put(instance("other")), put(placement("other", "n2")));
        tasks.run();

        assertThat(node.received).hasSize(3);
        assertThat(node.received.get(2).getDelta().getBaseRevision()).isEqualTo(2);
        assertThat(node.received.get(2).getDelta().getUpsertsList())
                .extracting(Assignment::getInstanceId)
                .containsExactly("b");

        committer.commit(Edit.delete(Table.INSTANCE, "b"), Edit.delete(Table.PLACEMENT, "b"));
        tasks.run();

        assertThat(node.received.get(3).getDelta().getRemovalsList()).containsExactly("b");
        assertThat(node.received.get(3).getDelta().getBaseRevision())
                .isEqualTo(node.received.get(2).getDelta().getRevision());
    }

    /**
     * Somebody who is told of a commit when its snapshot is there and the feed knows nothing yet.
     */
    private final class BeforeTheFeed implements ChangeListener {
        @Override
        public void changed(Snapshot before, Snapshot after, List<Edit> edits) {
            published.run();
        }

        @Override
        public void reset(Snapshot now) {}
    }

    @Test
    void aPushBetweenACommitsSnapshotAndItsIdsLosesNothing() {
        FakeNode node = new FakeNode().hello("n");
        committer.commit(put(instance("b")), put(placement("b", "n")));
        // What waits is sent with the snapshot of the next commit, whose ids come only then.
        published = tasks::run;
        committer.commit(put(instance("c")), put(placement("c", "n")));
        tasks.run();

        List<String> told =
                node.received.stream()
                        .flatMap(message -> message.getDelta().getUpsertsList().stream())
                        .map(Assignment::getInstanceId)
                        .toList();
        assertThat(told).containsExactly("b", "c");
        assertThat(node.received.getLast().getDelta().getBaseRevision())
                .isEqualTo(node.received.getLast().getDelta().getRevision());
    }

    @Test
    void measuresFromCommitToAck() {
        FakeNode node = new FakeNode().hello("n");
        node.ack(2);
        committer.commit(put(instance("b")), put(placement("b", "n")));
        tasks.run();
        clock.advance(Duration.ofMillis(3));
        node.ack(3);

        assertThat(contacts.journaledRevision("n")).isEqualTo(3);
        var latency = metrics.get("hypervisor.feed.latency").timer();
        assertThat(latency.count()).isEqualTo(1);
        assertThat(latency.totalTime(TimeUnit.MILLISECONDS)).isEqualTo(3);
    }

    @Test
    void aSlowNodeGetsTheLastStateOnceAndNotEveryChange() {
        FakeNode node = new FakeNode().unready().hello("n");
        node.read(2);
        for (int generation = 2; generation < 500; generation++) {
            committer.commit(put(instance("a").toBuilder().setRunGeneration(generation).build()));
            tasks.run();
        }
        node.read(1000);

        assertThat(node.received.size()).isLessThan(60);
        ControllerMessage last = node.received.getLast();
        assertThat(last.getDelta().getUpserts(0).getRunGeneration()).isEqualTo(499);
    }

    @Test
    void recordsReportsAndSettlesTheNode() {
        List<String> settled = new ArrayList<>();
        contacts.onSettled(settled::add);
        FakeNode node = new FakeNode().hello("n");

        node.report(
                NodeReport.newBuilder()
                        .setFull(true)
                        .addObserved(observed("a", InstanceState.INSTANCE_STATE_RUNNING))
                        .addObserved(observed("moved", InstanceState.INSTANCE_STATE_RUNNING))
                        .build());

        assertThat(committer.snapshot().observed("a").orElseThrow().value().getState())
                .isEqualTo(InstanceState.INSTANCE_STATE_RUNNING);
        node.ack(2);
        assertThat(settled).isEmpty();

        node.report(
                NodeReport.newBuilder()
                        .addObserved(
                                observed("moved", InstanceState.INSTANCE_STATE_STOPPED).toBuilder()
                                        .setGone(true))
                        .build());
        assertThat(settled).containsExactly("n");
    }

    @Test
    void anEmptyReportIsOnlyASignOfLife() {
        FakeNode node = new FakeNode().hello("n");
        long revision = committer.snapshot().revision();
        clock.advance(Duration.ofSeconds(4));
        assertThat(contacts.silence("n")).isEqualTo(Duration.ofSeconds(4));

        node.report(NodeReport.getDefaultInstance());

        assertThat(contacts.silence("n")).isZero();
        assertThat(contacts.lastSeen("n")).contains(clock.now());
        assertThat(committer.snapshot().revision()).isEqualTo(revision);
    }

    @Test
    void aReportThatCannotBeRecordedEndsTheStream() {
        FakeNode node = new FakeNode().hello("n");
        committer.refuse(Fault.unavailable("STORE", "store is away"));

        node.report(NodeReport.newBuilder().setFull(true).build());

        assertThat(node.code()).isEqualTo(Status.Code.UNAVAILABLE);
    }

    @Test
    void recordsReportsThatNeedSeveralCommits() {
        NodeReport.Builder report = NodeReport.newBuilder().setFull(true);
        for (int i = 0; i < 250; i++) {
            String id = "i" + i;
            committer.commit(put(instance(id)), put(placement(id, "n")));
            report.addObserved(observed(id, InstanceState.INSTANCE_STATE_RUNNING));
        }
        FakeNode node = new FakeNode().hello("n");
        node.report(report.build());

        assertThat(committer.snapshot().placedOn("n"))
                .filteredOn(id -> !id.equals("a"))
                .allMatch(id -> committer.snapshot().observed(id).isPresent());
        assertThat(node.ended).isEmpty();
    }

    @Test
    void aReturningNodeIsNoLongerUnreachableBeforeItGetsItsDocument() {
        committer.commit(Records.health("n", NodeStatus.NODE_STATUS_UNREACHABLE));
        FakeNode node = new FakeNode().hello("n");

        assertThat(committer.snapshot().health("n").orElseThrow().value().getStatus())
                .isEqualTo(NodeStatus.NODE_STATUS_NOT_READY);
        assertThat(node.received.get(1).getDocument().getRevision())
                .isEqualTo(committer.snapshot().revision());
    }

    @Test
    void aNewerStreamEndsTheOlder() {
        FakeNode older = new FakeNode().hello("n");
        FakeNode newer = new FakeNode().hello("n");

        assertThat(older.code()).isEqualTo(Status.Code.ABORTED);
        committer.commit(put(instance("b")), put(placement("b", "n")));
        tasks.run();
        assertThat(newer.received).hasSize(3);
        assertThat(metrics.get("hypervisor.feed.streams").gauge().value()).isEqualTo(1);
    }

    @Test
    void refusesUnknownNodesAndThoseOfOtherClusters() {
        assertThat(new FakeNode().hello("stranger").code()).isEqualTo(Status.Code.NOT_FOUND);

        FakeNode foreign = new FakeNode();
        foreign.send(
                NodeMessage.newBuilder()
                        .setHello(NodeHello.newBuilder().setNodeId("n").setClusterId("cluster-2"))
                        .build());
        assertThat(foreign.code()).isEqualTo(Status.Code.FAILED_PRECONDITION);
        assertThat(foreign.ended.orElseThrow().getDescription())
                .contains("cluster-2")
                .contains(Records.CLUSTER);
    }

    @Test
    void refusesAJournalThatIsNewerThanTheStore() {
        committer.commit(Records.cluster());
        feed.leading(true);
        FakeNode node = new FakeNode().hello("n", 3, 9);
        assertThat(node.code()).isEqualTo(Status.Code.FAILED_PRECONDITION);
        assertThat(node.ended.orElseThrow().getDescription())
                .contains("term-1")
                .contains("superseded_terms");
        assertThat(metrics.counter("hypervisor.feed.refused.newer.journal").count()).isEqualTo(1);

        HistoryRecord history =
                HistoryRecord.newBuilder()
                        .addTerms(HistoryRecord.Term.newBuilder().setNumber(3).setId("term-1"))
                        .build();
        committer.commit(Edit.put(Table.HISTORY, Table.SELF, history));
        assertThat(new FakeNode().hello("n", 3, 4).ended).isEmpty();
        assertThat(new FakeNode().hello("n", 3, 9).code())
                .isEqualTo(Status.Code.FAILED_PRECONDITION);
    }

    @Test
    void namesTheLeaderWhenItDoesNotLead() {
        FakeNode node = new FakeNode().hello("n");
        feed.leading(false);
        tasks.run();

        assertThat(node.code()).isEqualTo(Status.Code.UNAVAILABLE);
        assertThat(node.leader()).isEqualTo("10.0.0.1:50051");
        assertThat(new FakeNode().leader()).isEqualTo("10.0.0.1:50051");
    }

    @Test
    void endsTheStreamOfANodeThatIsNoMember() {
        FakeNode node = new FakeNode().hello("n");
        committer.commit(Edit.delete(Table.NODE, "n"));
        tasks.run();

        assertThat(node.code()).isEqualTo(Status.Code.NOT_FOUND);
    }

    /** The node's end of a stream. */
    private final class FakeNode implements ClientResponseObserver<NodeMessage, ControllerMessage> {
        final List<ControllerMessage> received = new ArrayList<>();
        Optional<Status> ended = Optional.empty();
        private Throwable failure = new IllegalStateException("the stream has not ended");
        private boolean ready = true;
        private ClientCallStreamObserver<NodeMessage> requests;
        private boolean open;

        FakeNode unready() {
            ready = false;
            return this;
        }

        FakeNode hello(String nodeId) {
            return hello(nodeId, 0, 0);
        }

        FakeNode hello(String nodeId, long term, long revision) {
            return send(
                    NodeMessage.newBuilder()
                            .setHello(
                                    NodeHello.newBuilder()
                                            .setNodeId(nodeId)
                                            .setTerm(term)
                                            .setTermId(term == 0 ? "" : "term-1")
                                            .setRevision(revision))
                            .build());
        }

        void report(NodeReport report) {
            send(NodeMessage.newBuilder().setReport(report).build());
        }

        void ack(long revision) {
            send(
                    NodeMessage.newBuilder()
                            .setAck(NodeAck.newBuilder().setTerm(1).setRevision(revision))
                            .build());
        }

        void read(int messages) {
            requests.request(messages);
            tasks.run();
        }

        FakeNode send(NodeMessage message) {
            open();
            requests.onNext(message);
            tasks.run();
            return this;
        }

        private void open() {
            if (!open) {
                open = true;
                NodeLinkServiceGrpc.newStub(channel).connect(this);
            }
        }

        Status.Code code() {
            return ended.orElseThrow().getCode();
        }

        String leader() {
            open();
            return StatusProto.fromThrowable(failure).getDetailsList().stream()
                    .filter(any -> any.is(ErrorInfo.class))
                    .map(NodeFeedTest::unpack)
                    .map(info -> info.getMetadataOrThrow("leader"))
                    .findFirst()
                    .orElseThrow();
        }

        @Override
        public void beforeStart(ClientCallStreamObserver<NodeMessage> stream) {
            requests = stream;
            if (!ready) {
                stream.disableAutoRequestWithInitial(0);
            }
        }

        @Override
        public void onNext(ControllerMessage message) {
            received.add(message);
        }

        @Override
        public void onError(Throwable cause) {
            failure = cause;
            ended = Optional.of(Status.fromThrowable(cause));
        }

        @Override
        public void onCompleted() {
            ended = Optional.of(Status.OK);
        }
    }

    private static ErrorInfo unpack(Any any) {
        try {
            return any.unpack(ErrorInfo.class);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException(e);
        }
    }
}
