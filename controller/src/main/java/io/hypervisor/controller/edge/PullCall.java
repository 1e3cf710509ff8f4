package io.hypervisor.controller.edge;

import io.grpc.CallOptions;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.ServerCallStreamObserver;
import io.hypervisor.api.internal.v1.NodeRecord;
import io.hypervisor.api.v1.AgentPullImageRequest;
import io.hypervisor.api.v1.AgentServiceGrpc;
import io.hypervisor.api.v1.NodePullProgress;
import io.hypervisor.api.v1.PullImageProgress;
import io.hypervisor.core.server.FaultInterceptor;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * One image on its way to many nodes, told to one caller. What the caller has no room for is
 * skipped, but for the end.
 */
final class PullCall {
    // More would be a burden to where the image comes from.
    private static final int AT_ONCE = 32;
    // As the API promises.
    private static final int MOST_TOLD = 100;
    private static final int MOST_CAUSES = 3;
    private static final String WAITING = "waiting";
    private static final String COMPLETED = "completed";
    private static final String FAILED = "failed";
    private static final List<String> STAGES =
            List.of(WAITING, "resolving", "downloading", "unpacking", COMPLETED);

    private final NodeDoor door;
    private final AgentPullImageRequest request;
    private final ServerCallStreamObserver<PullImageProgress> caller;
    private final CallOptions options = NodeDoor.options();
    private final Map<String, NodePullProgress> nodes = new LinkedHashMap<>();
    private final Queue<NodeRecord> waiting;
    private final Set<OnNode> running = new HashSet<>();
    private final List<String> causes = new ArrayList<>();
    private boolean untold;
    private boolean ended;

    /** To be made and started inside the service method, before it returns. */
    PullCall(
            NodeDoor door,
            AgentPullImageRequest request,
            List<NodeRecord> targets,
            ServerCallStreamObserver<PullImageProgress> caller) {
        this.door = door;
        this.request = request;
        this.caller = caller;
        this.waiting = new ArrayDeque<>(targets);
        targets.forEach(node -> put(progress(node).setStatus(WAITING)));
        caller.setOnReadyHandler(this::tell);
        caller.setOnCancelHandler(this::callerGone);
    }

    private static NodePullProgress.Builder progress(NodeRecord node) {
        return NodePullProgress.newBuilder().setNodeId(node.getId());
    }

    private void put(NodePullProgress.Builder progress) {
        nodes.put(progress.getNodeId(), progress.build());
        untold = true;
    }

    synchronized void start() {
        while (!ended && running.size() < AT_ONCE && !waiting.isEmpty()) {
            NodeRecord node = waiting.remove();
            OnNode pull = new OnNode(node);
            running.add(pull);
            ClientCalls.asyncServerStreamingCall(
                    door.channel(node).newCall(AgentServiceGrpc.getPullImageMethod(), options),
                    request,
                    pull);
        }
    }

    private synchronized void moved(OnNode pull, NodePullProgress.Builder progress) {
        if (running.contains(pull)) {
            put(progress);
            tell();
        }
    }

    private synchronized void over(OnNode pull, String error) {
        if (!running.remove(pull)) {
            return;
        }
        NodePullProgress.Builder last = nodes.get(pull.node.getId()).toBuilder();
        put(last.setStatus(error.isEmpty() ? COMPLETED : FAILED).setError(error));
        if (!error.isEmpty()) {
            causes.add("node " + pull.node.getHostname() + ": " + error);
        }
        start();
        if (!ended && running.isEmpty()) {
            ended = true;
            caller.onNext(end());
            caller.onCompleted();
        } else {
            tell();
        }
    }

    private PullImageProgress end() {
        PullImageProgress.Builder last = sum();
        if (causes.isEmpty()) {
            return last.setStatus(COMPLETED).setCompleted(true).build();
        }
        int more = causes.size() - MOST_CAUSES;
        String error = causes.stream().limit(MOST_CAUSES).collect(Collectors.joining("; "));
        return last.setStatus(FAILED)
                .setError(more > 0 ? error + "; and " + more + " more nodes" : error)
                .build();
    }

    private synchronized void tell() {
        if (untold && !ended && caller.isReady()) {
            untold = false;
            caller.onNext(sum().build());
        }
    }

    /** All nodes together are where the one is that is least far. */
    private PullImageProgress.Builder sum() {
        PullImageProgress.Builder sum = PullImageProgress.newBuilder();
        int least = STAGES.size() - 1;
        for (NodePullProgress node : nodes.values()) {
            sum.setCurrent(sum.getCurrent() + node.getCurrent());
            sum.setTotal(sum.getTotal() + node.getTotal());
            int stage = STAGES.indexOf(node.getStatus());
            least = stage < 0 ? least : Math.min(least, Math.max(1, stage));
        }
        nodes.values().stream()
                .sorted(Comparator.comparingInt(PullCall::rank))
                .limit(MOST_TOLD)
                .forEach(sum::addNodes);
        return sum.setStatus(STAGES.get(least));
    }

    private static int rank(NodePullProgress node) {
        return switch (node.getStatus()) {
            case FAILED -> 0;
            case WAITING -> 2;
            case COMPLETED -> 3;
            default -> 1;
        };
    }

    private void callerGone() {
        List<OnNode> open;
        synchronized (this) {
            ended = true;
            open = List.copyOf(running);
        }
        open.forEach(OnNode::cancel);
    }

    /** The pull on one node. */
    private final class OnNode
            implements ClientResponseObserver<AgentPullImageRequest, PullImageProgress> {
        private final NodeRecord node;
        private ClientCallStreamObserver<AgentPullImageRequest> call;

        OnNode(NodeRecord node) {
            this.node = node;
        }

        @Override
        public void beforeStart(ClientCallStreamObserver<AgentPullImageRequest> stream) {
            call = stream;
        }

        @Override
        public void onNext(PullImageProgress message) {
            moved(
                    this,
                    progress(node)
                            .setStatus(message.getStatus())
                            .setCurrent(message.getCurrent())
                            .setTotal(message.getTotal()));
            if (message.getCompleted()) {
                over(this, "");
            } else if (!message.getError().isEmpty()) {
                over(this, message.getError());
            }
        }

        @Override
        public void onError(Throwable thrown) {
            Status status =
                    FaultInterceptor.toStatusException(
                                    "AgentService", NodeDoor.translated(node, thrown))
                            .getStatus();
            over(
                    this,
                    status.getCode() == Status.Code.UNIMPLEMENTED
                            ? "it fetches images only when an instance needs them"
                            : String.valueOf(status.getDescription()));
        }

        @Override
        public void onCompleted() {
            over(this, "it ended without saying whether it holds the image");
        }

        void cancel() {
            call.cancel("the caller is gone", null);
        }
    }
}
