package io.hypervisor.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.hypervisor.agent.driver.containerd.ContainerdDaemon;
import io.hypervisor.agent.driver.containerd.CuttingProxy;
import io.hypervisor.agent.driver.containerd.TestImage;
import io.hypervisor.agent.driver.containerd.TestRegistry;
import io.hypervisor.api.v1.CreateInstanceRequest;
import io.hypervisor.api.v1.DeleteInstanceRequest;
import io.hypervisor.api.v1.GetInstanceRequest;
import io.hypervisor.api.v1.Image;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.ListImagesRequest;
import io.hypervisor.api.v1.PullImageProgress;
import io.hypervisor.api.v1.PullImageRequest;
import io.hypervisor.api.v1.StartInstanceRequest;
import io.hypervisor.api.v1.StopInstanceRequest;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Base64;
import java.util.Iterator;

/**
 * Images from a registry that wants a token, to a node of a cluster: controller, agent, containerd
 * and registry are processes of their own.
 */
@Tag("real")
class ImagePullsTest {
    private static final Duration PATIENCE = Duration.ofMinutes(1);
    private static final int MIB = 1 << 20;

    private static ContainerdDaemon daemon;
    private static TestRegistry registry;
    private static CuttingProxy proxy;
    private static NodeProcesses cluster;

    @BeforeAll
    static void start() throws IOException {
        daemon = new ContainerdDaemon();
        registry = new TestRegistry();
        proxy = new CuttingProxy(registry.token());
        cluster = new NodeProcesses();
        cluster.start(
                "--drivers.container.enabled=true",
                "--drivers.container.address=" + daemon.socket(),
                "--drivers.container.namespace=" + ContainerdDaemon.NAMESPACE,
                "--registries.plain-http=[%s, %s]".formatted(proxy.host(), registry.tokenHost()),
                "--registries.auth-file=" + auth());
    }

    private static Path auth() throws IOException {
        byte[] user = TestRegistry.USER.getBytes(StandardCharsets.UTF_8);
        String pair = Base64.getEncoder().encodeToString(user);
        Path file =
                Files.writeString(
                        cluster.data.resolve("auth.json"),
                        "{\"auths\": {\"%s\": {\"auth\": \"%s\"}}}".formatted(proxy.host(), pair));
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        return file;
    }

    @AfterAll
    static void stop() throws IOException {
        cluster.close();
        proxy.close();
        registry.close();
        daemon.close();
    }

    private static Iterator<PullImageProgress> pull(String image) {
        return cluster.compute()
                .pullImage(
                        PullImageRequest.newBuilder()
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

    private static Instance instance(String id) {
        return cluster.compute()
                .getInstance(GetInstanceRequest.newBuilder().setInstanceId(id).build());
    }

    @Test
    void anImageBehindATokenComesToTheNode() {
        TestImage image = TestImage.noisy(11, MIB);
        registry.push("team/secret", image);
        String name = proxy.host() + "/team/secret:1";
        PullImageProgress done = last(pull(name));
        assertThat(done.getError()).isEmpty();
        assertThat(done.getCompleted()).isTrue();
        assertThat(done.getCurrent()).isEqualTo(done.getTotal()).isGreaterThan(MIB);
        await().atMost(PATIENCE)
                .untilAsserted(
                        () ->
                                assertThat(
                                                cluster.compute()
                                                        .listImages(
                                                                ListImagesRequest
                                                                        .getDefaultInstance())
                                                        .getImagesList())
                                        .filteredOn(held -> held.getName().equals(name))
                                        .flatExtracting(Image::getNodeIdsList)
                                        .containsExactly(cluster.node().getId()));
        assertThat(last(pull(proxy.host() + "/team/none:1")).getError())
                .isEqualTo("node node: registry " + proxy.host() + " has no team/none:1");
    }

    @Test
    void whatAKilledAgentHadFetchedIsNotFetchedAgain() throws IOException {
        TestImage image = TestImage.noisy(12, 2 * MIB);
        registry.push("team/killed", image);
        String name = proxy.host() + "/team/killed:1";
        proxy.pauseAt(image.layer(), MIB);
        Iterator<PullImageProgress> stream = pull(name);
        PullImageProgress step = stream.next();
        while (step.getCurrent() < MIB / 2) {
            step = stream.next();
        }
        cluster.killAgent();
        assertThat(last(stream).getError()).startsWith("node node: ").contains("does not answer");
        proxy.release();
        cluster.startAgent();
        // Until the controller knows that the node was away, and that it is back.
        await().atMost(PATIENCE).ignoreExceptions().until(() -> last(pull(name)).getCompleted());
        assertThat(proxy.ranges(image.layer())).hasSize(2).first().isEqualTo("");
        assertThat(proxy.ranges(image.layer()).getLast()).matches("bytes=[1-9]\\d+-");
    }

    @Test
    void stopAndDeleteDoNotWaitForADownload() {
        TestImage image = TestImage.noisy(13, 2 * MIB);
        registry.push("team/slow", image);
        String name = proxy.host() + "/team/slow:1";
        proxy.pauseAt(image.layer(), MIB);
        String id =
                cluster.compute()
                        .createInstance(
                                CreateInstanceRequest.newBuilder()
                                        .setName("slow")
                                        .setType(InstanceType.INSTANCE_TYPE_CONTAINER)
                                        .setSpec(
                                                InstanceSpec.newBuilder()
                                                        .setImage(name)
                                                        .setMemoryBytes(32 * MIB))
                                        .build())
                        .getId();
        awaitFetching(id, name);
        var _ =
                cluster.compute()
                        .stopInstance(StopInstanceRequest.newBuilder().setInstanceId(id).build());
        await().atMost(PATIENCE)
                .until(() -> instance(id).getState() == InstanceState.INSTANCE_STATE_STOPPED);
        assertThat(instance(id).getStateReason()).isEqualTo("its image is fetched when it starts");
        var _ =
                cluster.compute()
                        .startInstance(StartInstanceRequest.newBuilder().setInstanceId(id).build());
        awaitFetching(id, name);
        var _ =
                cluster.compute()
                        .deleteInstance(
                                DeleteInstanceRequest.newBuilder().setInstanceId(id).build());
        await().atMost(PATIENCE).until(() -> isGone(id));
        proxy.release();
    }

    private static void awaitFetching(String id, String image) {
        await().atMost(PATIENCE)
                .until(() -> instance(id).getStateReason().equals("fetches image " + image));
    }

    private static boolean isGone(String id) {
        try {
            var _ = instance(id);
            return false;
        } catch (StatusRuntimeException e) {
            return e.getStatus().getCode() == Status.Code.NOT_FOUND;
        }
    }
}
