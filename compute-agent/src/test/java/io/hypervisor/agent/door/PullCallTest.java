package io.hypervisor.agent.door;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.fake.FakeScript.Call;
import io.hypervisor.agent.testing.ScriptedController;
import io.hypervisor.agent.testing.TestAgent;
import io.hypervisor.api.v1.AgentCreateInstanceRequest;
import io.hypervisor.api.v1.AgentDeleteInstanceRequest;
import io.hypervisor.api.v1.AgentInstanceRequest;
import io.hypervisor.api.v1.AgentPullImageRequest;
import io.hypervisor.api.v1.AgentServiceGrpc;
import io.hypervisor.api.v1.AgentStopInstanceRequest;
import io.hypervisor.api.v1.Image;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.PullImageProgress;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.VirtualTasks;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/** Images on their way to a node, and those who wait for them. */
class PullCallTest {
    @TempDir Path folder;
    private final Tasks tasks = new VirtualTasks();
    private final ScriptedController controller = new ScriptedController(tasks);
    private TestAgent agent;
    private ManagedChannel channel;

    @BeforeEach
    void open() {
        agent = new TestAgent(folder.resolve("agent"), "n1", List.of(controller.address()));
        channel = NettyChannelBuilder.forAddress("127.0.0.1", agent.port()).usePlaintext().build();
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

    private List<String> reported() {
        return controller.reports().stream()
                .flatMap(report -> report.getNode().getImagesList().stream())
                .map(Image::getName)
                .toList();
    }

    private Iterator<PullImageProgress> pull(String image) {
        return door().pullImage(
                        AgentPullImageRequest.newBuilder()
                                .setImageRef(image)
                                .setType(InstanceType.INSTANCE_TYPE_CONTAINER)
                                .build());
    }

    private static PullImageProgress last(Iterator<PullImageProgress> stream) {
        PullImageProgress last = PullImageProgress.getDefaultInstance();
        while (stream.hasNext()) {
            last = stream.next();
        }
        return last;
    }

    @Test
    void pullsAnImageAndTells() {
        agent.script().takes(Call.PULL, Duration.ofMillis(300));
        Iterator<PullImageProgress> stream = pull("remote");
        PullImageProgress first = stream.next();
        assertThat(first.getStatus()).isEqualTo("downloading");
        assertThat(first.getCurrent()).isBetween(1L, first.getTotal() - 1);
        PullImageProgress done = last(stream);
        assertThat(done.getCompleted()).isTrue();
        assertThat(done.getCurrent()).isEqualTo(done.getTotal()).isEqualTo(first.getTotal());
        assertThat(last(pull("remote")).getCompleted()).isTrue();
        assertThat(agent.script().calls(Call.PULL)).isEqualTo(1);
        await().until(() -> reported().contains("remote"));
    }

    @Test
    void aFailedPullSaysWhy() {
        agent.script().fail(Call.PULL, DriverException.permanent("has no remote:latest"));
        PullImageProgress end = last(pull("remote"));
        assertThat(end.getCompleted()).isFalse();
        assertThat(end.getStatus()).isEqualTo("failed");
        assertThat(end.getError()).isEqualTo("has no remote:latest");
    }

    @Test
    void aCallerWhoLeavesAPullEndsItUnlessAnotherWaits() {
        agent.script().takes(Call.PULL, Duration.ofHours(1));
        Context.CancellableContext one = Context.current().withCancellation();
        Context.CancellableContext two = Context.current().withCancellation();
        one.run(() -> pull("remote").next());
        two.run(() -> pull("remote").next());
        one.cancel(null);
        assertThat(agent.driver().pullsGivenUp()).isZero();
        assertThat(agent.script().calls(Call.PULL)).isEqualTo(1);
        two.cancel(null);
        await().until(() -> agent.driver().pullsGivenUp() == 1);
        agent.script().takes(Call.PULL, Duration.ZERO);
        assertThat(last(pull("remote")).getCompleted()).isTrue();
        assertThat(agent.script().calls(Call.PULL)).isEqualTo(2);
    }

    private static AgentCreateInstanceRequest web(String id) {
        return AgentCreateInstanceRequest.newBuilder()
                .setInstanceId(id)
                .setName("web")
                .setType(InstanceType.INSTANCE_TYPE_CONTAINER)
                .setSpec(InstanceSpec.newBuilder().setImage("remote"))
                .build();
    }

    @Test
    void whoeverStopsOrDeletesDoesNotWaitForAnImage() {
        agent.script().takes(Call.PULL, Duration.ofHours(1));
        String id = UUID.randomUUID().toString();
        tasks.concurrent("create")
                .execute(() -> assertThatThrownBy(() -> door().createInstance(web(id))));
        await().until(() -> agent.script().calls(Call.PULL) == 1);
        Instance stopped =
                door().stopInstance(
                                AgentStopInstanceRequest.newBuilder().setInstanceId(id).build());
        assertThat(stopped.getState()).isEqualTo(InstanceState.INSTANCE_STATE_STOPPED);
        tasks.concurrent("start")
                .execute(
                        () ->
                                assertThatThrownBy(
                                        () ->
                                                door().startInstance(
                                                                AgentInstanceRequest.newBuilder()
                                                                        .setInstanceId(id)
                                                                        .build())));
        await().until(() -> agent.script().calls(Call.PULL) == 2);
        var _ =
                door().deleteInstance(
                                AgentDeleteInstanceRequest.newBuilder().setInstanceId(id).build());
        assertThat(
                        catchThrowableOfType(
                                        StatusRuntimeException.class,
                                        () ->
                                                door().getInstance(
                                                                AgentInstanceRequest.newBuilder()
                                                                        .setInstanceId(id)
                                                                        .build()))
                                .getStatus()
                                .getCode())
                .isEqualTo(Status.Code.NOT_FOUND);
    }
}
