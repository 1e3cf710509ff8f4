package io.hypervisor.sim;

import io.grpc.MethodDescriptor;
import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.internal.v1.NodeRecord;
import io.hypervisor.api.v1.ClusterServiceGrpc;
import io.hypervisor.api.v1.ComputeServiceGrpc;
import io.hypervisor.api.v1.CreateInstanceRequest;
import io.hypervisor.api.v1.DeleteInstanceRequest;
import io.hypervisor.api.v1.DeregisterNodeRequest;
import io.hypervisor.api.v1.FenceNodeRequest;
import io.hypervisor.api.v1.GetInstanceRequest;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.ListInstancesRequest;
import io.hypervisor.api.v1.ListInstancesResponse;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.RestartInstanceRequest;
import io.hypervisor.api.v1.RunIntent;
import io.hypervisor.api.v1.StartInstanceRequest;
import io.hypervisor.api.v1.StopInstanceRequest;
import io.hypervisor.api.v1.UpdateInstanceRequest;
import io.hypervisor.api.v1.UpdateNodeStatusRequest;
import io.hypervisor.controller.state.Entry;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Views;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;

/** A client that does everything that clients do, in an order that its seed says. */
final class Operator {
    private static final int TRIES = 6;
    private static final int MOST_INSTANCES = 24;
    private static final Duration FENCE_HOLDS = Duration.ofSeconds(30);

    private final Workload workload;
    private final Cluster cluster;
    private final Judges judges;
    private final Api api;
    private final int number;
    private final RandomGenerator random;
    private final Requests requests;
    private int attempts;

    Operator(
            Workload workload,
            Cluster cluster,
            Judges judges,
            Api api,
            int number,
            RandomGenerator random) {
        this.workload = workload;
        this.cluster = cluster;
        this.judges = judges;
        this.api = api;
        this.number = number;
        this.random = random;
        this.requests = new Requests(random);
    }

    /** Works until the workload is over. */
    void work() {
        while (!workload.over()) {
            act();
            workload.pause(Duration.ofMillis(20 + random.nextInt(2_000)));
        }
    }

    private void act() {
        int dice = random.nextInt(100);
        if (dice < 24) {
            create();
        } else if (dice < 35) {
            delete();
        } else if (dice < 43) {
            stop();
        } else if (dice < 51) {
            start();
        } else if (dice < 57) {
            restart();
        } else if (dice < 67) {
            update();
        } else if (dice < 77) {
            get();
        } else if (dice < 82) {
            list(workload.anyController(random));
        } else if (dice < 84) {
            plan();
        } else if (dice < 90) {
            setStatus();
        } else if (dice < 99) {
            fence();
        } else {
            deregister();
        }
    }

    private <Q, S> Api.Answer<S> call(MethodDescriptor<Q, S> method, Q request) {
        Api.Answer<S> answer = api.call(workload.anyController(random), method, request);
        judges.catchUp();
        return answer;
    }

    private Snapshot now() {
        return judges.now();
    }

    private Optional<String> anyInstance() {
        return any(List.copyOf(now().instances().keySet()));
    }

    private Optional<String> anyNode() {
        return any(List.copyOf(now().nodes().keySet()));
    }

    private <T> Optional<T> any(List<T> from) {
        return from.isEmpty()
                ? Optional.empty()
                : Optional.of(from.get(random.nextInt(from.size())));
    }

    // ---- writes

    private void create() {
        if (now().instances().size() >= MOST_INSTANCES) {
            delete();
            return;
        }
        String attempt = number + "-" + attempts++;
        CreateInstanceRequest request = requests.create(now(), attempt);
        judges.ledger().asks(attempt, request);
        boolean unknown = false;
        // Without a request_id a second try might make a second instance, so there is none.
        int tries = request.getRequestId().isEmpty() ? 1 : TRIES;
        for (int i = 0; i < tries; i++) {
            switch (call(ComputeServiceGrpc.getCreateInstanceMethod(), request)) {
                case Api.Answer.Told<Instance>(Instance made) -> {
                    judges.acknowledged().created(attempt, made);
                    // The same request again leads to the same instance.
                    if (random.nextInt(4) > 0) {
                        return;
                    }
                }
                case Api.Answer.Refused<Instance> refused -> {
                    if (!unknown) {
                        judges.ledger().refused(attempt);
                    }
                    return;
                }
                case Api.Answer.Unknown<Instance> lost -> {
                    unknown = true;
                    workload.pause(Duration.ofMillis(100 + random.nextInt(2_000)));
                }
            }
            // What was told once is not refused any more.
            unknown = true;
        }
    }

    private void delete() {
        Optional<String> id = anyInstance();
        if (id.isEmpty()) {
            return;
        }
        boolean force = random.nextInt(3) == 0;
        judges.ledger().deletes(id.get(), force);
        call(
                ComputeServiceGrpc.getDeleteInstanceMethod(),
                DeleteInstanceRequest.newBuilder()
                        .setInstanceId(id.get())
                        .setForce(force)
                        .setExpectedRevision(random.nextInt(4) == 0 ? now().revision() : 0)
                        .build());
    }

    private void stop() {
        anyInstance()
                .ifPresent(
                        id ->
                                change(
                                        id,
                                        ComputeServiceGrpc.getStopInstanceMethod(),
                                        StopInstanceRequest.newBuilder()
                                                .setInstanceId(id)
                                                .setForce(random.nextBoolean())
                                                .setTimeoutSeconds(random.nextInt(10))
                                                .build(),
                                        RunIntent.RUN_INTENT_STOPPED));
    }

    private void start() {
        anyInstance()
                .ifPresent(
                        id ->
                                change(
                                        id,
                                        ComputeServiceGrpc.getStartInstanceMethod(),
                                        StartInstanceRequest.newBuilder().setInstanceId(id).build(),
                                        RunIntent.RUN_INTENT_RUNNING));
    }

    private void restart() {
        anyInstance()
                .ifPresent(
                        id ->
                                change(
                                        id,
                                        ComputeServiceGrpc.getRestartInstanceMethod(),
                                        RestartInstanceRequest.newBuilder()
                                                .setInstanceId(id)
                                                .setForce(random.nextBoolean())
                                                .build(),
                                        RunIntent.RUN_INTENT_RUNNING));
    }

    private void update() {
        Optional<InstanceRecord> old = anyInstance().flatMap(now()::instance).map(Entry::value);
        if (old.isEmpty()) {
            return;
        }
        UpdateInstanceRequest request = requests.update(old.get(), now().revision());
        judges.updates().asks(request);
        if (call(ComputeServiceGrpc.getUpdateInstanceMethod(), request)
                instanceof Api.Answer.Told<Instance>(Instance told)) {
            judges.acknowledged().updated(told);
            judges.updates().told(request, told);
        }
    }

    private <Q> void change(
            String id, MethodDescriptor<Q, Instance> method, Q request, RunIntent asked) {
        judges.ledger().wishes(id, asked);
        if (call(method, request) instanceof Api.Answer.Told<Instance>(Instance told)) {
            judges.acknowledged().changed(told, asked);
        }
    }

    private void setStatus() {
        NodeStatus status =
                switch (random.nextInt(8)) {
                    case 0, 1 -> NodeStatus.NODE_STATUS_DRAINING;
                    case 2 -> NodeStatus.NODE_STATUS_CORDONED;
                    case 3 -> NodeStatus.NODE_STATUS_MAINTENANCE;
                    default -> NodeStatus.NODE_STATUS_READY;
                };
        anyNode().ifPresent(id -> setStatus(id, status));
    }

    private boolean setStatus(String id, NodeStatus status) {
        return call(
                        ClusterServiceGrpc.getUpdateNodeStatusMethod(),
                        UpdateNodeStatusRequest.newBuilder()
                                .setNodeId(id)
                                .setStatus(status)
                                .build())
                instanceof Api.Answer.Told;
    }

    /** Gives the operator's word, which is true: the machine is off, and stays so meanwhile. */
    private void fence() {
        List<Cluster.NodeHost> off =
                cluster.nodes().stream().filter(node -> !node.powered()).toList();
        Optional<Cluster.NodeHost> host = any(off);
        Optional<String> id = host.flatMap(h -> now().nodeByHostname(h.hostname()));
        if (id.isEmpty()) {
            return;
        }
        host.get().keepOff(true);
        for (int i = 0; i < TRIES; i++) {
            var answer =
                    call(
                            ClusterServiceGrpc.getFenceNodeMethod(),
                            FenceNodeRequest.newBuilder().setNodeId(id.get()).build());
            if (answer instanceof Api.Answer.Told) {
                break;
            }
            workload.pause(Duration.ofSeconds(3));
        }
        // A word on its way may still arrive.
        workload.pause(FENCE_HOLDS);
        host.get().keepOff(false);
    }

    private void deregister() {
        anyNode()
                .ifPresent(
                        id ->
                                call(
                                        ClusterServiceGrpc.getDeregisterNodeMethod(),
                                        DeregisterNodeRequest.newBuilder().setNodeId(id).build()));
    }

    /** Opens every node, whatever was done to it. */
    void openNodes() {
        List<String> closed = closedNodes();
        while (!closed.isEmpty()) {
            closed.forEach(id -> setStatus(id, NodeStatus.NODE_STATUS_READY));
            workload.pause(Duration.ofSeconds(1));
            closed = closedNodes();
        }
    }

    private List<String> closedNodes() {
        judges.catchUp();
        return now().nodes().values().stream()
                .map(Entry::value)
                .filter(node -> node.getAdminStatus() != NodeStatus.NODE_STATUS_READY)
                .map(NodeRecord::getId)
                .toList();
    }

    // ---- reads

    private void get() {
        anyInstance().ifPresent(id -> get(id, workload.anyController(random)));
    }

    private void get(String id, int controller) {
        long least = judges.ledger().revision(id);
        var request = GetInstanceRequest.newBuilder().setInstanceId(id).setMinRevision(least);
        var answer =
                api.call(controller, ComputeServiceGrpc.getGetInstanceMethod(), request.build());
        judges.catchUp();
        switch (answer) {
            case Api.Answer.Told<Instance>(Instance told) ->
                    judges.acknowledged().read(id, least, Optional.of(told));
            case Api.Answer.Refused<Instance> _ ->
                    judges.acknowledged().read(id, least, Optional.empty());
            case Api.Answer.Unknown<Instance> _ -> {}
        }
    }

    private void plan() {
        call(ComputeServiceGrpc.getPlanInstanceMethod(), requests.create(now(), "plan"));
    }

    /** All pages; empty if some page could not be had. */
    private Optional<ListInstancesResponse> list(int controller) {
        List<Instance> all = new ArrayList<>();
        long first = 0;
        String token = "";
        do {
            var answer =
                    api.call(
                            controller,
                            ComputeServiceGrpc.getListInstancesMethod(),
                            ListInstancesRequest.newBuilder()
                                    .setPageSize(3 + random.nextInt(5))
                                    .setPageToken(token)
                                    .build());
            judges.catchUp();
            if (!(answer instanceof Api.Answer.Told<ListInstancesResponse>(var page))) {
                return Optional.empty();
            }
            first = first == 0 ? page.getRevision() : first;
            all.addAll(page.getInstancesList());
            token = page.getNextPageToken();
            judges.acknowledged().listed(page);
            if (token.isEmpty()) {
                judges.acknowledged().listed(all, first, page.getRevision());
                return Optional.of(page.toBuilder().clearInstances().addAllInstances(all).build());
            }
        } while (true);
    }

    /** Reads everything through every replica; nothing changes any more. */
    void readAll() {
        for (Cluster.ControllerHost controller : cluster.controllers()) {
            Snapshot before = now();
            Optional<ListInstancesResponse> listed = list(controller.index());
            judges.catchUp();
            if (before != now()) {
                return;
            }
            List<Instance> expected =
                    Stream.concat(
                                    now().instances().keySet().stream(),
                                    now().locals().keySet().stream())
                            .sorted()
                            .flatMap(id -> Views.instance(now(), id).stream())
                            .toList();
            if (!listed.map(ListInstancesResponse::getInstancesList)
                    .equals(Optional.of(expected))) {
                throw new Violation(
                        Convergence.NAME,
                        "controller %d lists %s (expected: %s)"
                                .formatted(controller.index(), listed, expected));
            }
            now().instances().keySet().forEach(id -> get(id, controller.index()));
        }
    }
}
