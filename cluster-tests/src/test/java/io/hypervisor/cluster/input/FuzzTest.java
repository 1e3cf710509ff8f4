package io.hypervisor.cluster.input;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.Empty;

import io.grpc.Channel;
import io.grpc.StatusRuntimeException;
import io.hypervisor.api.v1.AgentCreateInstanceRequest;
import io.hypervisor.api.v1.AgentDeleteInstanceRequest;
import io.hypervisor.api.v1.DeleteInstanceRequest;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.ListInstancesRequest;
import io.hypervisor.core.server.Described;
import io.netty.util.internal.PlatformDependent;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Bytes that are no requests, on all ports of running servers. Repeat a run with -Dfuzz.seed=n; a
 * longer one is {@code make fuzz SECONDS=n}.
 */
@Tag("real")
final class FuzzTest {
    private static final long SEED = Long.getLong("fuzz.seed", 1);
    private static final int SECONDS = Integer.getInteger("fuzz.seconds", 30);
    private static final int WORKERS = 3;
    private static final long MIB = 1 << 20;
    // What caches may still grow by after the first part of the run.
    private static final long MAX_GROWTH = 48 * MIB;
    // Buffers of gRPC's servers and clients are pooled; huge messages fill the pools.
    private static final long MAX_DIRECT = 128 * MIB;

    @TempDir Path folder;

    private record Memory(long heap, long direct) {
        static Memory used() {
            System.gc();
            System.gc();
            long pools =
                    ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                            .mapToLong(BufferPoolMXBean::getMemoryUsed)
                            .sum();
            // Netty counts its own, with or without the JVM.
            return new Memory(
                    ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed(),
                    Math.max(pools, PlatformDependent.usedDirectMemory()));
        }
    }

    @Test
    void serversStandEverything() throws InterruptedException {
        try (Scene scene = new Scene(folder.resolve("agent"));
                Findings findings = new Findings()) {
            List<String> texts = texts(scene);
            run(scene, findings, texts, SEED, Duration.ofSeconds(SECONDS / 3 + 1));
            Memory before = Memory.used();
            run(scene, findings, texts, SEED + 1, Duration.ofSeconds(SECONDS * 2 / 3 + 1));
            Memory after = Memory.used();
            System.out.printf("fuzz: %s, %s then %s%n", findings.answers(), before, after);

            assertThat(findings.bad()).isEmpty();
            assertThat(after.heap() - before.heap()).isLessThan(MAX_GROWTH);
            assertThat(after.direct()).isLessThan(MAX_DIRECT);
            serves(scene);
            nothingIsLeft(scene);
            assertThat(findings.bad()).isEmpty();
        }
    }

    /** Words that get a request further. */
    private static List<String> texts(Scene scene) {
        Instance local =
                scene.node()
                        .createInstance(
                                AgentCreateInstanceRequest.newBuilder()
                                        .setName("local")
                                        .setType(InstanceType.INSTANCE_TYPE_CONTAINER)
                                        .setSpec(SpecRows.CONTAINER)
                                        .build());
        List<String> texts =
                new ArrayList<>(List.of(Values.UNKNOWN, "run", "web", "vm", "container", "True"));
        texts.addAll(List.of("n2", "127.0.0.1", "::1", "node", local.getId(), "zone-1", "local"));
        texts.addAll(List.of("10.0.0.0/24", NetworkScene.ADDRESS, NetworkScene.MAC, "tcp"));
        texts.addAll(NetworkScene.make(scene).values());
        for (int i = 0; i < 3; i++) {
            texts.add(
                    scene.cluster()
                            .registerNode(
                                    ClusterRows.GOOD_NODE.toBuilder().setHostname("f" + i).build())
                            .getNodeId());
        }
        return texts;
    }

    private static void run(
            Scene scene, Findings findings, List<String> texts, long seed, Duration length)
            throws InterruptedException {
        List<MethodDescriptor> onController = Described.methods(scene.toController());
        List<MethodDescriptor> onAgent = Described.methods(scene.toAgent());
        assertThat(onController).hasSizeGreaterThan(40);
        assertThat(onAgent).hasSizeGreaterThan(10);
        long end = System.nanoTime() + length.toNanos();
        BooleanSupplier goesOn = () -> System.nanoTime() < end;
        List<Runnable> steps = new ArrayList<>();
        for (int i = 0; i < WORKERS; i++) {
            steps.add(grpc(scene.toController(), onController, seed * 31 + i, texts, findings));
            steps.add(grpc(scene.toAgent(), onAgent, seed * 37 + i, texts, findings));
            steps.add(frames(scene.grpcPort(), onController, seed * 43 + i, texts, findings));
            steps.add(frames(scene.agentPort(), onAgent, seed * 47 + i, texts, findings));
            Random random = new Random(seed * 41 + i);
            Mutator mutator = new Mutator(random, texts);
            steps.add(new HttpFuzzer(scene.httpPort(), random, mutator, findings)::step);
        }
        CountDownLatch done = new CountDownLatch(steps.size());
        for (Runnable step : steps) {
            Thread.ofVirtual()
                    .start(
                            () -> {
                                while (goesOn.getAsBoolean()) {
                                    step.run();
                                }
                                done.countDown();
                            });
        }
        assertThat(done.await(length.toSeconds() + 60, TimeUnit.SECONDS)).isTrue();
    }

    private static Runnable grpc(
            Channel channel,
            List<MethodDescriptor> methods,
            long seed,
            List<String> texts,
            Findings findings) {
        Random random = new Random(seed);
        Mutator mutator = new Mutator(random, texts);
        return new GrpcFuzzer(channel, methods, random, mutator, findings)::step;
    }

    private static Runnable frames(
            int port,
            List<MethodDescriptor> methods,
            long seed,
            List<String> texts,
            Findings findings) {
        Random random = new Random(seed);
        Mutator mutator = new Mutator(random, texts);
        return new FrameFuzzer(port, methods, random, mutator, findings)::step;
    }

    private static void serves(Scene scene) {
        assertThat(scene.info().getClusterId()).isNotEmpty();
        Instance made =
                scene.node()
                        .createInstance(
                                AgentCreateInstanceRequest.newBuilder()
                                        .setName("after-all")
                                        .setType(InstanceType.INSTANCE_TYPE_CONTAINER)
                                        .setSpec(SpecRows.CONTAINER)
                                        .build());
        assertThat(made.getId()).isNotEmpty();
    }

    /** What is known can be deleted, and then there is nothing, watches and consoles included. */
    private static void nothingIsLeft(Scene scene) {
        for (Instance local :
                scene.node().listInstances(Empty.getDefaultInstance()).getInstancesList()) {
            if (local.getLocal()) {
                var _ =
                        scene.node()
                                .deleteInstance(
                                        AgentDeleteInstanceRequest.newBuilder()
                                                .setInstanceId(local.getId())
                                                .setForce(true)
                                                .build());
            }
        }
        await().until(
                        () -> {
                            List<Instance> rest = all(scene);
                            rest.stream()
                                    .filter(instance -> !instance.getLocal())
                                    .forEach(instance -> delete(scene, instance.getId()));
                            return rest.isEmpty();
                        });
        await().until(() -> scene.gauge("hypervisor.watch.watchers") == 0);
        await().until(() -> scene.gauge("hypervisor.feed.streams") == 1);
        assertThat(scene.traces().files())
                .as("only the agent's own files")
                .noneMatch(file -> file.getParent().getFileName().toString().startsWith("world-"));
    }

    private static List<Instance> all(Scene scene) {
        return scene.compute()
                .listInstances(ListInstancesRequest.newBuilder().setPageSize(100).build())
                .getInstancesList();
    }

    private static void delete(Scene scene, String id) {
        try {
            var _ =
                    scene.compute()
                            .deleteInstance(
                                    DeleteInstanceRequest.newBuilder()
                                            .setInstanceId(id)
                                            .setForce(true)
                                            .build());
        } catch (StatusRuntimeException gone) {
            assertThat(gone.getStatus().getCode()).isEqualTo(io.grpc.Status.Code.NOT_FOUND);
        }
    }
}
