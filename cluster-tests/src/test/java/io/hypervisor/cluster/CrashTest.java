package io.hypervisor.cluster;

import static io.hypervisor.cluster.Structs.list;
import static io.hypervisor.cluster.Structs.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.Struct;

import io.grpc.StatusRuntimeException;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;

/**
 * kill -9 of controller and agent in a stream of creates and deletes, on real daemons: afterwards
 * API, libvirt, containerd and the file system agree.
 */
@Tag("real")
class CrashTest {
    private static final String COMPUTE = "hypervisor.v1.ComputeService/";
    private static final Duration SETTLE = Duration.ofMinutes(2);
    private static final int OPERATIONS = 40;

    private OneNodeCluster cluster;
    private ReflectionClient client;
    private Path data;

    @BeforeEach
    void start() throws IOException {
        data = Files.createTempDirectory("hv");
        cluster = new OneNodeCluster(data);
        cluster.buildImages();
        cluster.start();
        cluster.importImages();
        client = new ReflectionClient(cluster.grpc);
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        cluster.close();
        assertThat(Leftovers.of(data)).isEmpty();
        Leftovers.delete(data);
    }

    @Test
    void everythingAgreesAfterKillsOfControllerAndAgent() {
        Random random = new Random(7);
        Set<String> expected = new TreeSet<>();
        for (int i = 0; i < OPERATIONS; i++) {
            if (i % 10 == 3) {
                cluster.kill("controller");
            } else if (i % 10 == 7) {
                cluster.kill("agent");
            }
            if (expected.size() > 4 || (expected.size() > 2 && random.nextBoolean())) {
                String victim = expected.iterator().next();
                retry("DeleteInstance", "{\"instance_id\": \"" + victim + "\", \"force\": true}");
                expected.remove(victim);
            } else {
                boolean vm = i % 8 == 0;
                expected.add(text(retry("CreateInstance", request(i, vm)), "id"));
            }
        }
        Reality reality = new Reality(cluster);
        await().atMost(SETTLE)
                .untilAsserted(
                        () -> {
                            List<Struct> instances =
                                    list(
                                            client.call(
                                                    COMPUTE + "ListInstances",
                                                    "{\"page_size\": 100}"),
                                            "instances");
                            assertThat(ids(instances)).isEqualTo(expected);
                            assertThat(instances)
                                    .allMatch(
                                            s -> text(s, "state").equals("INSTANCE_STATE_RUNNING"));
                        });
        Set<String> running = new TreeSet<>(reality.runningDomains());
        running.addAll(reality.tasks());
        Set<String> existing = new TreeSet<>(reality.domains());
        existing.addAll(reality.containers());
        assertThat(running).isEqualTo(expected);
        assertThat(existing).isEqualTo(expected);
        assertThat(reality.folders()).isEqualTo(expected);
    }

    private static Set<String> ids(List<Struct> instances) {
        Set<String> ids = new TreeSet<>();
        instances.forEach(s -> ids.add(text(s, "id")));
        return ids;
    }

    private static String request(int number, boolean vm) {
        return vm
                ? """
                {"name": "vm-%d", "type": "INSTANCE_TYPE_VM", "request_id": "r%d",
                 "spec": {"image": "demo-guest", "memory_bytes": "67108864"}}
                """
                        .formatted(number, number)
                : """
                {"name": "box-%d", "type": "INSTANCE_TYPE_CONTAINER", "request_id": "r%d",
                 "spec": {"image": "demo/busybox:latest", "memory_bytes": "16777216",
                          "command": ["sleep", "100000"]}}
                """
                        .formatted(number, number);
    }

    /** As a client does: again until the answer is known; request_id and NOT_FOUND make it safe. */
    private Struct retry(String method, String json) {
        Struct[] answer = {Struct.getDefaultInstance()};
        await().atMost(SETTLE)
                .until(
                        () -> {
                            try {
                                answer[0] = client.call(COMPUTE + method, json);
                                return true;
                            } catch (StatusRuntimeException e) {
                                return switch (e.getStatus().getCode()) {
                                    case UNAVAILABLE, CANCELLED, UNKNOWN -> false;
                                    // What is being deleted keeps its room until it is gone.
                                    case RESOURCE_EXHAUSTED -> false;
                                    case NOT_FOUND -> method.equals("DeleteInstance");
                                    default -> throw e;
                                };
                            }
                        });
        return answer[0];
    }
}
