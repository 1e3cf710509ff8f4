package io.hypervisor.agent.link;

import com.google.common.util.concurrent.FutureCallback;
import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.MoreExecutors;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.hypervisor.agent.journal.DataDir;
import io.hypervisor.agent.journal.Intent;
import io.hypervisor.agent.journal.RefusedException;
import io.hypervisor.agent.reconcile.Reconciler;
import io.hypervisor.api.internal.v1.ControllerMessage;
import io.hypervisor.api.internal.v1.NodeAck;
import io.hypervisor.api.internal.v1.NodeDelta;
import io.hypervisor.api.internal.v1.NodeDocument;
import io.hypervisor.api.internal.v1.NodeHello;
import io.hypervisor.api.internal.v1.NodeLinkServiceGrpc;
import io.hypervisor.api.internal.v1.NodeMessage;
import io.hypervisor.api.internal.v1.NodeReport;
import io.hypervisor.api.internal.v1.Welcome;
import io.hypervisor.api.v1.ClusterServiceGrpc;
import io.hypervisor.api.v1.RegisterNodeRequest;
import io.hypervisor.api.v1.RegisterNodeResponse;
import io.hypervisor.core.FaultPoint;
import io.hypervisor.core.Tasks;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.Optional;

/** One attempt: registration if need be, then one stream until it ends. Owned by the link. */
final class Session implements ClientResponseObserver<NodeMessage, ControllerMessage> {
    /** A dead peer is noticed by keep-alive within this time. */
    static final Duration UNNOTICED = Duration.ofSeconds(15);

    private static final Logger log = LoggerFactory.getLogger(Session.class);
    private static final Duration REGISTRATION = Duration.ofSeconds(10);
    // Between looks whether the drivers have answered, before the first report and after it.
    private static final Duration SETTLING = Duration.ofMillis(20);
    private static final Duration COMPLETING = Duration.ofSeconds(1);

    private final Link link;
    private final String address;
    private final ManagedChannel channel;
    private final Reports reports;
    private Optional<ClientCallStreamObserver<NodeMessage>> stream = Optional.empty();
    private Tasks.Timer heartbeat = () -> {};
    private boolean reporting;
    private boolean sentSinceBeat;
    private boolean over;

    Session(Link link, String address, ManagedChannel channel) {
        this.link = link;
        this.address = address;
        this.channel = channel;
        this.reports = new Reports(link.parts(), () -> run(this::report));
    }

    String address() {
        return address;
    }

    void open(Optional<RegisterNodeRequest> registration) {
        if (registration.isEmpty()) {
            connect();
            return;
        }
        Futures.addCallback(
                ClusterServiceGrpc.newFutureStub(channel)
                        .withDeadline(link.clock().deadline(REGISTRATION))
                        .registerNode(registration.get()),
                new FutureCallback<>() {
                    @Override
                    public void onSuccess(RegisterNodeResponse response) {
                        run(() -> registered(response));
                    }

                    @Override
                    public void onFailure(Throwable reason) {
                        run(() -> end(reason));
                    }
                },
                MoreExecutors.directExecutor());
    }

    private void registered(RegisterNodeResponse response) {
        if (over) {
            return;
        }
        String cluster = link.parts().journal().intent().clusterId();
        if (!cluster.isEmpty() && !cluster.equals(response.getClusterId())) {
            end(
                    Status.FAILED_PRECONDITION
                            .withDescription(
                                    "the controller is of cluster "
                                            + response.getClusterId()
                                            + " (expected: "
                                            + cluster
                                            + ", which this node's journal belongs to)")
                            .asRuntimeException());
            return;
        }
        var identity = new DataDir.Identity(response.getNodeId(), response.getClusterId());
        if (!link.parts().dataDir().identity().equals(Optional.of(identity))) {
            link.parts().dataDir().identity(identity);
            log.info("node={} cluster={}: registered", identity.nodeId(), identity.clusterId());
        }
        link.registered();
        connect();
    }

    private void connect() {
        Intent intent = link.parts().journal().intent();
        DataDir.Identity identity = link.parts().dataDir().identity().orElseThrow();
        var _ = NodeLinkServiceGrpc.newStub(channel).connect(this);
        send(
                NodeMessage.newBuilder()
                        .setHello(
                                NodeHello.newBuilder()
                                        .setNodeId(identity.nodeId())
                                        .setClusterId(intent.clusterId())
                                        .setTerm(intent.term())
                                        .setRevision(intent.revision())
                                        .setTermId(intent.termId())));
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<NodeMessage> requests) {
        stream = Optional.of(requests);
        requests.setOnReadyHandler(() -> run(this::report));
        requests.disableAutoRequestWithInitial(1);
    }

    private void send(NodeMessage.Builder message) {
        stream.ifPresent(s -> s.onNext(message.build()));
    }

    @Override
    public void onNext(ControllerMessage message) {
        run(() -> handle(message));
    }

    @Override
    public void onError(Throwable reason) {
        run(() -> end(reason));
    }

    @Override
    public void onCompleted() {
        run(
                () ->
                        end(
                                Status.UNAVAILABLE
                                        .withDescription("the controller ended the stream")
                                        .asRuntimeException()));
    }

    /** Runs a step; one that fails ends the session, so that the link begins anew. */
    private void run(Runnable step) {
        link.serial()
                .execute(
                        () -> {
                            try {
                                step.run();
                            } catch (RuntimeException e) {
                                failed(e);
                            }
                        });
    }

    private void failed(RuntimeException e) {
        if (over) {
            return;
        }
        if (!(e instanceof RefusedException)) {
            log.error("controller={}: session ends", address, e);
        }
        end(
                Status.FAILED_PRECONDITION
                        .withDescription(String.valueOf(e.getMessage()))
                        .asRuntimeException());
    }

    private void handle(ControllerMessage message) {
        if (over) {
            return;
        }
        switch (message.getMessageCase()) {
            case WELCOME -> welcome(message.getWelcome());
            case DOCUMENT -> accept(message.getDocument());
            case DELTA -> accept(message.getDelta());
            case MESSAGE_NOT_SET -> log.debug("controller={}: message of a newer version", address);
        }
        stream.ifPresent(s -> s.request(1));
    }

    private void welcome(Welcome welcome) {
        // Three quarters, so that a late timer does not miss the controller's interval.
        Duration beat =
                Duration.ofMillis(Math.max(10, welcome.getHeartbeatIntervalMillis() * 3 / 4));
        heartbeat = link.tasks().every(beat, link.serial(), () -> run(this::beat));
        reportEverything();
    }

    // A full report says of everything else that it does not exist, so it waits for all drivers; of
    // what the others run the controller hears before.
    private void reportEverything() {
        if (over) {
            return;
        }
        Reconciler reconciler = link.parts().reconciler();
        boolean complete = reconciler.isComplete() && link.parts().ports().isSettled();
        if (complete || (reconciler.isPartlyBlind() && !reporting)) {
            reporting = true;
            sendReport(reports.everything(complete));
            // What changed meanwhile has rung already.
            report();
        }
        if (!complete) {
            Duration pause = reporting ? COMPLETING : SETTLING;
            link.tasks().after(pause, link.serial(), () -> run(this::reportEverything));
        }
    }

    private void accept(NodeDocument document) {
        link.parts().journal().accept(document);
        ack(document.getTerm(), document.getRevision());
        link.current(this);
    }

    private void accept(NodeDelta delta) {
        FaultPoint.AGENT_DELTA_RECEIVED.reached();
        var changed = link.parts().journal().accept(delta);
        FaultPoint.AGENT_DELTA_JOURNALED.reached();
        ack(delta.getTerm(), delta.getRevision());
        FaultPoint.AGENT_DELTA_ACKED.reached();
        link.parts().reconciler().wake(changed);
    }

    private void ack(long term, long revision) {
        send(
                NodeMessage.newBuilder()
                        .setAck(NodeAck.newBuilder().setTerm(term).setRevision(revision)));
    }

    /** Sends what changed, as far as the controller keeps up. */
    private void report() {
        while (!over && reporting && stream.filter(s -> s.isReady()).isPresent()) {
            Optional<NodeReport> changes = reports.changes();
            if (changes.isEmpty()) {
                return;
            }
            sendReport(changes.get());
        }
    }

    private void beat() {
        if (!over && !sentSinceBeat) {
            sendReport(NodeReport.getDefaultInstance());
        }
        sentSinceBeat = false;
    }

    private void sendReport(NodeReport report) {
        sentSinceBeat = true;
        boolean news = report.getObservedCount() > 0;
        if (news) {
            FaultPoint.AGENT_REPORT_MADE.reached();
        }
        send(NodeMessage.newBuilder().setReport(report));
        if (news) {
            FaultPoint.AGENT_REPORT_SENT.reached();
        }
    }

    private void end(Throwable reason) {
        if (!over) {
            close();
            link.ended(this, reason);
        }
    }

    void close() {
        over = true;
        heartbeat.cancel();
        reports.close();
        channel.shutdownNow();
    }
}
