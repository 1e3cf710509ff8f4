package io.hypervisor.agent.door;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import com.google.protobuf.Empty;

import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.Found;
import io.hypervisor.agent.driver.fake.FakeScript.Call;
import io.hypervisor.agent.testing.ScriptedController;
import io.hypervisor.agent.testing.TestAgent;
import io.hypervisor.api.internal.v1.Assignment;
import io.hypervisor.api.internal.v1.NodeDocument;
import io.hypervisor.api.v1.AgentConsoleInput;
import io.hypervisor.api.v1.AgentConsoleOutput;
import io.hypervisor.api.v1.AgentConsoleResize;
import io.hypervisor.api.v1.AgentCreateInstanceRequest;
import io.hypervisor.api.v1.AgentDeleteInstanceRequest;
import io.hypervisor.api.v1.AgentInstanceRequest;
import io.hypervisor.api.v1.AgentRestartInstanceRequest;
import io.hypervisor.api.v1.AgentServiceGrpc;
import io.hypervisor.api.v1.AgentStopInstanceRequest;
import io.hypervisor.api.v1.GetInstanceLogsRequest;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceLogChunk;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.InstanceStats;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.RestartPolicy;
import io.hypervisor.core.Fault;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.VirtualTasks;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;

class DoorTest {
    private static final String UNKNOWN = "00000000-0000-7000-8000-000000000000";

    @TempDir Path folder;
    private final Tasks tasks = new VirtualTasks();
    private final ScriptedController controller = new ScriptedController(tasks);
    private TestAgent agent;
    private ManagedChannel channel;

    @BeforeEach
    void open() {
        agent = new TestAgent(folder.resolve("agent"), "n1", List.of(controller.address()));
        channel = NettyChannelBuilder.forAddress("127.0.0.1", agent.port()).usePlaintext().build();
        // Before it has registered, the node has no id to answer with.
        await().until(() -> controller.connected() == 1);
    }

    @AfterEach
    void close() {
        channel.shutdownNow();
        agent.close();
        controller.close();
        tasks.close();
    }

    private AgentServiceGrpc.AgentServiceBlockingStub door() {
        return AgentServiceGrpc.newBlockingStub(channel).withDeadlineAfter(20, TimeUnit.SECONDS);
    }

    private static AgentCreateInstanceRequest.Builder request(String name, String image) {
        return AgentCreateInstanceRequest.newBuilder()
                .setName(name)
                .setType(InstanceType.INSTANCE_TYPE_CONTAINER)
                .setSpec(InstanceSpec.newBuilder().setImage(image));
    }

    private Instance created(String name) {
        return door().createInstance(request(name, "run").build());
    }

    private static AgentInstanceRequest byId(String id) {
        return AgentInstanceRequest.newBuilder().setInstanceId(id).build();
    }

    private static Status.Code code(Runnable call) {
        return catchThrowableOfType(StatusRuntimeException.class, call::run).getStatus().getCode();
    }

    @Test
    void createsAndReadsAndReports() {
        Instance made = door().createInstance(request("web", "run").putLabels("a", "b").build());
        assertThat(made.getState()).isEqualTo(InstanceState.INSTANCE_STATE_RUNNING);
        assertThat(made.getLocal()).isTrue();
        assertThat(made.getSpec().getCpuCores()).isEqualTo(1);
        assertThat(made.getMetadata().getLabelsMap()).containsEntry("a", "b");
        assertThat(made.hasCreatedAt()).isTrue();
        assertThat(made.hasStartedAt()).isTrue();
        assertThat(door().getInstance(byId(made.getId()))).isEqualTo(made);
        assertThat(door().listInstances(Empty.getDefaultInstance()).getInstancesList())
                .containsExactly(made);
        await().until(
                        () ->
                                controller.locals().containsKey(made.getId())
                                        && controller.locals().get(made.getId()).getState()
                                                == InstanceState.INSTANCE_STATE_RUNNING);
    }

    @Test
    void theSameAgainIsTheSameAndAnotherIsNot() {
        String id = UUID.randomUUID().toString();
        AgentCreateInstanceRequest request = request("web", "run").setInstanceId(id).build();
        Instance first = door().createInstance(request);
        assertThat(first.getId()).isEqualTo(id);
        assertThat(door().createInstance(request)).isEqualTo(first);
        assertThat(agent.script().calls(Call.CREATE)).isEqualTo(1);
        assertThat(code(() -> door().createInstance(request.toBuilder().setName("x").build())))
                .isEqualTo(Status.Code.ALREADY_EXISTS);
        assertThat(code(() -> created("web"))).isEqualTo(Status.Code.ALREADY_EXISTS);
    }

    @Test
    void whatCannotBeMadeLeavesNothing() {
        StatusRuntimeException failure =
                catchThrowableOfType(
                        StatusRuntimeException.class,
                        () -> door().createInstance(request("web", "missing").build()));
        assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
        assertThat(failure.getStatus().getDescription()).contains("image not found: missing");
        assertThat(door().listInstances(Empty.getDefaultInstance()).getInstancesCount()).isZero();
        assertThat(agent.driver().list()).isEmpty();
    }

    @Test
    void shortLivedInstancesAreCreatedToo() {
        Instance made = door().createInstance(request("job", "exit-0").build());
        await().until(
                        () ->
                                door().getInstance(byId(made.getId())).getState()
                                        == InstanceState.INSTANCE_STATE_STOPPED);
        assertThat(door().getInstance(byId(made.getId())).getExitCode()).isZero();
    }

    @Test
    void stopsStartsRestartsDeletes() {
        String id = created("web").getId();
        AgentStopInstanceRequest stop =
                AgentStopInstanceRequest.newBuilder().setInstanceId(id).build();
        assertThat(code(() -> door().startInstance(byId(id))))
                .isEqualTo(Status.Code.FAILED_PRECONDITION);
        assertThat(door().stopInstance(stop).getState())
                .isEqualTo(InstanceState.INSTANCE_STATE_STOPPED);
        assertThat(code(() -> door().stopInstance(stop)))
                .isEqualTo(Status.Code.FAILED_PRECONDITION);
        AgentRestartInstanceRequest restart =
                AgentRestartInstanceRequest.newBuilder().setInstanceId(id).build();
        assertThat(code(() -> door().restartInstance(restart)))
                .isEqualTo(Status.Code.FAILED_PRECONDITION);
        assertThat(door().startInstance(byId(id)).getState())
                .isEqualTo(InstanceState.INSTANCE_STATE_RUNNING);
        assertThat(door().restartInstance(restart).getState())
                .isEqualTo(InstanceState.INSTANCE_STATE_RUNNING);
        assertThat(agent.script().calls(Call.START)).isEqualTo(3);
        AgentDeleteInstanceRequest delete =
                AgentDeleteInstanceRequest.newBuilder().setInstanceId(id).build();
        await().until(() -> controller.locals().containsKey(id));
        var _ = door().deleteInstance(delete);
        assertThat(code(() -> door().getInstance(byId(id)))).isEqualTo(Status.Code.NOT_FOUND);
        assertThat(code(() -> door().deleteInstance(delete))).isEqualTo(Status.Code.NOT_FOUND);
        assertThat(agent.driver().list()).isEmpty();
        await().until(() -> !controller.locals().containsKey(id));
    }

    @Test
    void clusterInstancesAreReadAndNeverChanged() {
        String id = UUID.randomUUID().toString();
        controller.document(
                NodeDocument.newBuilder()
                        .setClusterId(ScriptedController.CLUSTER)
                        .setTerm(1)
                        .setRevision(7)
                        .addAssignments(
                                Assignment.newBuilder()
                                        .setInstanceId(id)
                                        .setName("theirs")
                                        .setEpoch(3)
                                        .setRunGeneration(1)
                                        .setWant(Assignment.Want.WANT_RUNNING)
                                        .setType(InstanceType.INSTANCE_TYPE_CONTAINER)
                                        .setSpec(InstanceSpec.newBuilder().setImage("run")))
                        .build());
        controller.drop(Fault.unavailable("X", "again"));
        await().until(() -> controller.observed().containsKey(id));
        await().until(
                        () ->
                                door().getInstance(byId(id)).getState()
                                        == InstanceState.INSTANCE_STATE_RUNNING);
        assertThat(door().getInstance(byId(id)).getLocal()).isFalse();
        List<Runnable> changes =
                List.of(
                        () ->
                                door().deleteInstance(
                                                AgentDeleteInstanceRequest.newBuilder()
                                                        .setInstanceId(id)
                                                        .build()),
                        () ->
                                door().stopInstance(
                                                AgentStopInstanceRequest.newBuilder()
                                                        .setInstanceId(id)
                                                        .build()),
                        () ->
                                door().restartInstance(
                                                AgentRestartInstanceRequest.newBuilder()
                                                        .setInstanceId(id)
                                                        .build()),
                        () -> door().startInstance(byId(id)));
        changes.forEach(
                change -> assertThat(code(change)).isEqualTo(Status.Code.FAILED_PRECONDITION));
        assertThat(code(() -> door().createInstance(request("theirs", "run").build())))
                .isEqualTo(Status.Code.ALREADY_EXISTS);
        assertThat(agent.driver().list()).hasSize(1);
    }

    @Test
    void localInstancesSurviveTheAgent() {
        String id = created("web").getId();
        agent.close();
        channel.shutdownNow();
        open();
        await().until(
                        () ->
                                door().getInstance(byId(id)).getState()
                                        == InstanceState.INSTANCE_STATE_RUNNING);
        assertThat(agent.script().calls(Call.START)).isZero();
    }

    @Test
    void stats() {
        String id = created("web").getId();
        InstanceStats first = door().getInstanceStats(byId(id));
        assertThat(first.getCpuTimeNs()).isPositive();
        // The fake uses one processor in full.
        await().until(
                        () -> {
                            double percent = door().getInstanceStats(byId(id)).getCpuUsagePercent();
                            return percent > 50 && percent < 150;
                        });
        var _ =
                door().stopInstance(
                                AgentStopInstanceRequest.newBuilder().setInstanceId(id).build());
        assertThat(code(() -> door().getInstanceStats(byId(id))))
                .isEqualTo(Status.Code.FAILED_PRECONDITION);
    }

    @Test
    void driverFailuresAreClear() {
        String id = created("web").getId();
        agent.script().fail(Call.STATS, DriverException.passing("daemon is away", null));
        StatusRuntimeException failure =
                catchThrowableOfType(
                        StatusRuntimeException.class, () -> door().getInstanceStats(byId(id)));
        assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
        assertThat(failure.getStatus().getDescription()).contains("daemon is away");
    }

    static Stream<Arguments> badCreates() {
        return Stream.of(
                bad("name", r -> r.setName("Bad Name")),
                bad("name", r -> r.clearName()),
                bad("instance_id", r -> r.setInstanceId("x")),
                bad("spec", r -> r.clearSpec()),
                bad("type", r -> r.clearType()),
                bad("type", r -> r.setTypeValue(99)),
                bad("spec.image", r -> r.getSpecBuilder().clearImage()),
                bad("spec.cpu_cores", r -> r.getSpecBuilder().setCpuCores(-1)),
                bad("spec.memory_bytes", r -> r.getSpecBuilder().setMemoryBytes(1)),
                bad("spec.restart_policy", r -> r.getSpecBuilder().setRestartPolicyValue(77)),
                bad("labels", r -> r.putLabels("", "x")),
                bad("labels[a]", r -> r.putLabels("a", "bad value")));
    }

    private static Arguments bad(String field, Consumer<AgentCreateInstanceRequest.Builder> spoil) {
        return Arguments.of(field, spoil);
    }

    @ParameterizedTest
    @MethodSource("badCreates")
    void badCreatesAreRefusedByField(
            String field, Consumer<AgentCreateInstanceRequest.Builder> spoil) {
        AgentCreateInstanceRequest.Builder request = request("web", "run");
        spoil.accept(request);
        StatusRuntimeException failure =
                catchThrowableOfType(
                        StatusRuntimeException.class, () -> door().createInstance(request.build()));
        assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(failure.getStatus().getDescription()).contains(field).contains("expected");
        assertThat(agent.driver().list()).isEmpty();
    }

    @Test
    void otherTypesAreRefused() {
        AgentCreateInstanceRequest vm =
                request("web", "disk.qcow2").setType(InstanceType.INSTANCE_TYPE_VM).build();
        assertThat(code(() -> door().createInstance(vm)))
                .isEqualTo(Status.Code.FAILED_PRECONDITION);
    }

    @Test
    void badAndUnknownIds() {
        List<Consumer<String>> calls =
                List.of(
                        id -> door().getInstance(byId(id)),
                        id -> door().startInstance(byId(id)),
                        id -> door().getInstanceStats(byId(id)),
                        id ->
                                door().stopInstance(
                                                AgentStopInstanceRequest.newBuilder()
                                                        .setInstanceId(id)
                                                        .build()),
                        id ->
                                door().restartInstance(
                                                AgentRestartInstanceRequest.newBuilder()
                                                        .setInstanceId(id)
                                                        .build()),
                        id ->
                                door().deleteInstance(
                                                AgentDeleteInstanceRequest.newBuilder()
                                                        .setInstanceId(id)
                                                        .build()),
                        id ->
                                text(
                                        door().getInstanceLogs(
                                                        GetInstanceLogsRequest.newBuilder()
                                                                .setInstanceId(id)
                                                                .build())));
        for (Consumer<String> call : calls) {
            assertThat(code(() -> call.accept(""))).isEqualTo(Status.Code.INVALID_ARGUMENT);
            assertThat(code(() -> call.accept("x"))).isEqualTo(Status.Code.INVALID_ARGUMENT);
            assertThat(code(() -> call.accept(UNKNOWN))).isEqualTo(Status.Code.NOT_FOUND);
        }
    }

    @Test
    void badTimeoutsAndTails() {
        String id = created("web").getId();
        for (int seconds : new int[] {-1, 3_601}) {
            AgentStopInstanceRequest stop =
                    AgentStopInstanceRequest.newBuilder()
                            .setInstanceId(id)
                            .setTimeoutSeconds(seconds)
                            .build();
            assertThat(code(() -> door().stopInstance(stop)))
                    .isEqualTo(Status.Code.INVALID_ARGUMENT);
        }
        for (long tail : new long[] {-1, (1 << 20) + 1}) {
            GetInstanceLogsRequest logs =
                    GetInstanceLogsRequest.newBuilder()
                            .setInstanceId(id)
                            .setTailBytes(tail)
                            .build();
            assertThat(code(() -> text(door().getInstanceLogs(logs))))
                    .isEqualTo(Status.Code.INVALID_ARGUMENT);
        }
    }

    /** One viewer of a console. */
    private final class Viewer implements StreamObserver<AgentConsoleOutput> {
        private final List<String> seen = new CopyOnWriteArrayList<>();
        private final StreamObserver<AgentConsoleInput> in;
        private volatile Optional<Status> end = Optional.empty();

        Viewer(String header) {
            AgentServiceGrpc.AgentServiceStub stub = AgentServiceGrpc.newStub(channel);
            if (!header.isEmpty()) {
                Metadata headers = new Metadata();
                headers.put(
                        Metadata.Key.of("instance-id", Metadata.ASCII_STRING_MARSHALLER), header);
                stub = stub.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
            }
            in = stub.attachConsole(this);
        }

        Viewer send(AgentConsoleInput.Builder input) {
            in.onNext(input.build());
            return this;
        }

        Viewer type(String text) {
            return send(AgentConsoleInput.newBuilder().setData(ByteString.copyFromUtf8(text)));
        }

        @Override
        public void onNext(AgentConsoleOutput output) {
            seen.add(output.getData().toStringUtf8());
        }

        @Override
        public void onError(Throwable cause) {
            end = Optional.of(Status.fromThrowable(cause));
        }

        @Override
        public void onCompleted() {
            end = Optional.of(Status.OK);
        }

        String text() {
            return String.join("", seen);
        }

        Status.Code awaitEnd() {
            await().until(() -> end.isPresent());
            return end.orElseThrow().getCode();
        }
    }

    private static AgentConsoleInput.Builder first(String id) {
        return AgentConsoleInput.newBuilder().setInstanceId(id);
    }

    @Test
    void allViewersSeeTheSame() {
        String id = created("web").getId();
        Viewer one = new Viewer("").send(first(id)).type("hello ");
        Viewer two = new Viewer(id);
        await().until(() -> two.text().equals("hello "));
        two.type("world");
        await().until(() -> one.text().equals("hello world"));
        await().until(() -> two.text().equals("hello world"));
        one.send(
                AgentConsoleInput.newBuilder()
                        .setResize(AgentConsoleResize.newBuilder().setWidth(80).setHeight(25)));
        one.in.onCompleted();
        two.type("!");
        await().until(() -> one.text().endsWith("!"));
        var _ =
                door().stopInstance(
                                AgentStopInstanceRequest.newBuilder().setInstanceId(id).build());
        assertThat(one.awaitEnd()).isEqualTo(Status.Code.OK);
        assertThat(two.awaitEnd()).isEqualTo(Status.Code.OK);
    }

    @Test
    void aViewerBeginsWithTheLast64KiB() {
        String id = created("web").getId();
        agent.driver().console(id).write("x".repeat(200_000).getBytes(StandardCharsets.UTF_8));
        Viewer viewer = new Viewer(id);
        await().until(() -> viewer.text().length() == 64 * 1024);
    }

    @Test
    void badConsoleInput() {
        String id = created("web").getId();
        List<Viewer> invalid = new ArrayList<>();
        invalid.add(new Viewer("").type("no id"));
        invalid.add(new Viewer("").send(first("x")));
        invalid.add(new Viewer(id).send(first(UNKNOWN)));
        invalid.add(
                new Viewer(id)
                        .send(
                                AgentConsoleInput.newBuilder()
                                        .setResize(AgentConsoleResize.getDefaultInstance())));
        invalid.add(new Viewer(id).type("x".repeat(64 * 1024 + 1)));
        invalid.forEach(v -> assertThat(v.awaitEnd()).isEqualTo(Status.Code.INVALID_ARGUMENT));
        assertThat(new Viewer("").send(first(UNKNOWN)).awaitEnd()).isEqualTo(Status.Code.NOT_FOUND);
        var _ =
                door().stopInstance(
                                AgentStopInstanceRequest.newBuilder().setInstanceId(id).build());
        assertThat(new Viewer(id).awaitEnd()).isEqualTo(Status.Code.FAILED_PRECONDITION);
    }

    @Test
    void logsOfARunningAndOfAStoppedInstance() {
        String id = created("web").getId();
        agent.driver().console(id).write("line 1\nline 2\n".getBytes(StandardCharsets.UTF_8));
        GetInstanceLogsRequest all = GetInstanceLogsRequest.newBuilder().setInstanceId(id).build();
        assertThat(text(door().getInstanceLogs(all))).isEqualTo("line 1\nline 2\n");
        assertThat(text(door().getInstanceLogs(all.toBuilder().setTailBytes(7).build())))
                .isEqualTo("line 2\n");
        agent.driver().end(id, Found.Exit.CLEAN, 0, "");
        await().until(
                        () ->
                                door().getInstance(byId(id)).getState()
                                        == InstanceState.INSTANCE_STATE_STOPPED);
        assertThat(text(door().getInstanceLogs(all))).isEqualTo("line 1\nline 2\n");
    }

    @Test
    void followedLogsEndWithTheInstance() {
        String id =
                door().createInstance(
                                request("web", "run")
                                        .setSpec(
                                                InstanceSpec.newBuilder()
                                                        .setImage("run")
                                                        .setRestartPolicy(
                                                                RestartPolicy.RESTART_POLICY_NEVER))
                                        .build())
                        .getId();
        agent.driver().console(id).write("before ".getBytes(StandardCharsets.UTF_8));
        Iterator<InstanceLogChunk> chunks =
                door().getInstanceLogs(
                                GetInstanceLogsRequest.newBuilder()
                                        .setInstanceId(id)
                                        .setFollow(true)
                                        .build());
        assertThat(chunks.next().getData().toStringUtf8()).isEqualTo("before ");
        agent.driver().console(id).write("after".getBytes(StandardCharsets.UTF_8));
        assertThat(chunks.next().getData().toStringUtf8()).isEqualTo("after");
        var _ =
                door().deleteInstance(
                                AgentDeleteInstanceRequest.newBuilder().setInstanceId(id).build());
        assertThat(chunks.hasNext()).isFalse();
    }

    private static String text(Iterator<InstanceLogChunk> chunks) {
        StringBuilder text = new StringBuilder();
        chunks.forEachRemaining(chunk -> text.append(chunk.getData().toStringUtf8()));
        return text.toString();
    }
}
