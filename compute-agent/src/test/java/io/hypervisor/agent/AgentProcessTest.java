package io.hypervisor.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.hypervisor.agent.testing.ScriptedController;
import io.hypervisor.api.internal.v1.Assignment;
import io.hypervisor.api.internal.v1.NodeDocument;
import io.hypervisor.api.v1.AgentCreateInstanceRequest;
import io.hypervisor.api.v1.AgentInstanceRequest;
import io.hypervisor.api.v1.AgentServiceGrpc;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.VirtualTasks;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/** The real process, over fake drivers in a folder, killed and started again. */
class AgentProcessTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @TempDir Path folder;
    private final Tasks tasks = new VirtualTasks();
    private final ScriptedController controller = new ScriptedController(tasks);
    private final List<Process> processes = new ArrayList<>();
    private int port;
    private ManagedChannel channel;

    @BeforeEach
    void open() throws IOException {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        channel = NettyChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().build();
    }

    @AfterEach
    void close() throws InterruptedException {
        for (Process process : processes) {
            process.destroyForcibly().waitFor();
        }
        channel.shutdownNow();
        controller.close();
        tasks.close();
    }

    private Process start(String... flags) throws IOException {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-XX:TieredStopAtLevel=1",
                                "--enable-native-access=ALL-UNNAMED",
                                "-cp",
                                System.getProperty("java.class.path"),
                                Main.class.getName(),
                                "--data-dir=" + folder,
                                "--grpc-addr=127.0.0.1:" + port,
                                "--controllers=[" + controller.address() + "]",
                                "--hostname=n1",
                                "--network.enabled=false",
                                "--drivers.fake.enabled=true",
                                "--drivers.fake.types=[vm, container]"));
        command.addAll(List.of(flags));
        Process process = new ProcessBuilder(command).inheritIO().start();
        processes.add(process);
        return process;
    }

    private AgentServiceGrpc.AgentServiceBlockingStub door() {
        return AgentServiceGrpc.newBlockingStub(channel)
                .withWaitForReady()
                .withDeadlineAfter(30, TimeUnit.SECONDS);
    }

    private Instance local() {
        return door().createInstance(
                        AgentCreateInstanceRequest.newBuilder()
                                .setName("local")
                                .setType(InstanceType.INSTANCE_TYPE_CONTAINER)
                                .setSpec(InstanceSpec.newBuilder().setImage("run"))
                                .build());
    }

    private Instance get(String id) {
        return door().getInstance(AgentInstanceRequest.newBuilder().setInstanceId(id).build());
    }

    private boolean runs(String id) {
        try {
            return get(id).getState() == InstanceState.INSTANCE_STATE_RUNNING;
        } catch (StatusRuntimeException e) {
            assertThat(e.getStatus().getCode())
                    .isIn(Status.Code.NOT_FOUND, Status.Code.UNAVAILABLE);
            return false;
        }
    }

    @Test
    void killedAndStartedAgainNothingIsLostOrStartedTwice() throws Exception {
        String id = UUID.randomUUID().toString();
        controller.document(
                NodeDocument.newBuilder()
                        .setClusterId(ScriptedController.CLUSTER)
                        .setTerm(1)
                        .setRevision(7)
                        .addAssignments(
                                Assignment.newBuilder()
                                        .setInstanceId(id)
                                        .setName("vm")
                                        .setEpoch(1)
                                        .setRunGeneration(1)
                                        .setWant(Assignment.Want.WANT_RUNNING)
                                        .setType(InstanceType.INSTANCE_TYPE_VM)
                                        .setSpec(InstanceSpec.newBuilder().setImage("run")))
                        .build());
        Process first = start();
        await().atMost(PATIENCE).until(() -> runs(id));
        Instance local = local();
        String vm = onPaper("vm", id);
        String container = onPaper("container", local.getId());
        first.destroyForcibly().waitFor();
        // The next one is headless: everything comes from the journal.
        controller.close();
        start();
        await().atMost(PATIENCE).until(() -> runs(id) && runs(local.getId()));
        // Written anew at every start.
        assertThat(onPaper("vm", id)).isEqualTo(vm);
        assertThat(onPaper("container", local.getId())).isEqualTo(container);
    }

    private String onPaper(String type, String id) throws IOException {
        return Files.readString(folder.resolve("fake").resolve(type).resolve(id).resolve("state"));
    }

    @Test
    void anOrderlyExitStopsInstancesIfToldAndTheNextStartStartsThem() throws Exception {
        Process first = start("--stop-instances-on-exit=true");
        Instance local = local();
        first.destroy();
        assertThat(first.waitFor(30, TimeUnit.SECONDS)).isTrue();
        start();
        await().atMost(PATIENCE).until(() -> runs(local.getId()));
        assertThat(get(local.getId()).getStartedAt()).isNotEqualTo(local.getStartedAt());
    }

    @Test
    void aSecondAgentOnTheSameFolderDoesNotStart() throws Exception {
        start();
        local();
        Process second = start("--grpc-addr=127.0.0.1:0");
        assertThat(second.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(second.exitValue()).isEqualTo(1);
    }
}
