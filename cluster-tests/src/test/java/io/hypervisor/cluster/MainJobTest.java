package io.hypervisor.cluster;

import static io.hypervisor.cluster.Structs.list;
import static io.hypervisor.cluster.Structs.number;
import static io.hypervisor.cluster.Structs.struct;
import static io.hypervisor.cluster.Structs.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.DynamicMessage;
import com.google.protobuf.Struct;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * The main job as a user sees it: "make run", then a VM and a container by a client that knows only
 * the address. Ordered, because booting a VM under emulation takes seconds.
 */
@Tag("real")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class MainJobTest {
    private static final String COMPUTE = "hypervisor.v1.ComputeService/";
    private static final String CLUSTER = "hypervisor.v1.ClusterService/";
    // Java's client sometimes waits in vain when it asks to be upgraded to HTTP/2.
    private static final HttpClient.Builder HTTP =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1);
    private static final Duration BOOT = Duration.ofMinutes(2);

    private static OneNodeCluster cluster;
    private static ReflectionClient client;
    private static Path data;
    private static String vm;
    private static String container;

    @BeforeAll
    static void start() throws IOException {
        data = Files.createTempDirectory("hv");
        cluster = new OneNodeCluster(data);
        cluster.buildImages();
        cluster.start();
        cluster.importImages();
        client = new ReflectionClient(cluster.grpc);
    }

    @AfterAll
    static void stop() throws IOException {
        client.close();
        cluster.close();
        assertThat(Leftovers.of(data)).as("processes and mounts of %s", data).isEmpty();
        Leftovers.delete(data);
    }

    @Test
    @Order(1)
    void reflectionListsTheServices() {
        assertThat(client.services())
                .contains(
                        "grpc.health.v1.Health",
                        "grpc.reflection.v1.ServerReflection",
                        "grpc.reflection.v1alpha.ServerReflection",
                        "hypervisor.v1.AgentService",
                        "hypervisor.v1.ClusterService",
                        "hypervisor.v1.ComputeService",
                        "hypervisor.v1.NetworkService",
                        "hypervisor.v1.StorageService");
    }

    @Test
    @Order(2)
    void oneNodeIsReady() {
        Struct info = client.call(CLUSTER + "GetClusterInfo", "{}");
        assertThat(number(info, "total_nodes")).isEqualTo(1);
        assertThat(number(info, "ready_nodes")).isEqualTo(1);
        Struct nodes = client.call(CLUSTER + "ListNodes", "{\"page_size\": 1}");
        assertThat(list(nodes, "nodes")).hasSize(1);
        assertThat(text(nodes, "next_page_token")).isEmpty();
        Struct node = list(nodes, "nodes").getFirst();
        assertThat(text(node, "status")).isEqualTo("NODE_STATUS_READY");
        assertThat(node.getFieldsOrThrow("supported_instance_types").toString())
                .contains("vm", "container");
    }

    @Test
    @Order(2)
    void aClientOfTheFirstPublishedExcerptsWorksUnchanged() {
        try (ExcerptClient old = new ExcerptClient(cluster.grpc)) {
            assertThat(ExcerptClient.field(old.clusterInfo(), "cluster_name"))
                    .isEqualTo("hypervisor");
            assertThat(ExcerptClient.field(old.clusterInfo(), "total_nodes")).isEqualTo(1);
            DynamicMessage page = old.listNodes(1, "");
            assertThat((List<?>) ExcerptClient.field(page, "nodes")).hasSize(1);
            assertThat(ExcerptClient.field(page, "total_count")).isEqualTo(1);
            assertThat(ExcerptClient.field(page, "next_page_token")).isEqualTo("");
        }
    }

    @Test
    @Order(3)
    void aVmIsCreatedAndWatchedUntilItRuns() {
        vm =
                create(
                        """
                        {"name": "vm-1", "type": "INSTANCE_TYPE_VM", "request_id": "one",
                         "spec": {"image": "demo-guest", "cpu_cores": 1,
                                  "memory_bytes": "134217728"}}
                        """);
        List<Struct> events = watchUntil(vm, "INSTANCE_STATE_RUNNING");
        assertThat(text(events.getFirst(), "type")).isEqualTo("EVENT_TYPE_ADDED");
        assertThat(events.stream().map(e -> Long.parseLong(text(e, "revision"))).toList())
                .isSorted();
        String again =
                create(
                        """
                        {"name": "vm-1", "type": "INSTANCE_TYPE_VM", "request_id": "one",
                         "spec": {"image": "demo-guest", "cpu_cores": 1,
                                  "memory_bytes": "134217728"}}
                        """);
        assertThat(again).as("a retry returns the first result").isEqualTo(vm);
    }

    @Test
    @Order(4)
    void aContainerIsCreatedAndWatchedUntilItRuns() {
        container =
                create(
                        """
                        {"name": "box-1", "type": "INSTANCE_TYPE_CONTAINER",
                         "spec": {"image": "demo/busybox:latest", "memory_bytes": "33554432",
                                  "tty": true, "command": ["sh"]}}
                        """);
        watchUntil(container, "INSTANCE_STATE_RUNNING");
    }

    @Test
    @Order(5)
    void instancesArePagedThrough() {
        List<String> names = new ArrayList<>();
        String token = "";
        do {
            Struct page =
                    client.call(
                            COMPUTE + "ListInstances",
                            "{\"page_size\": 1, \"page_token\": \"" + token + "\"}");
            assertThat(number(page, "total_count")).isEqualTo(2);
            list(page, "instances").forEach(i -> names.add(text(i, "name")));
            token = text(page, "next_page_token");
        } while (!token.isEmpty());
        assertThat(names).containsExactly("vm-1", "box-1");
    }

    @Test
    @Order(6)
    void aUserTypesIntoTheConsolesOfBoth() {
        assertThat(typed(container, "echo $((6 * 7))-container\n", "42-container")).isTrue();
        assertThat(typed(vm, "echo $((6 * 7))-vm\n", "42-vm")).isTrue();
    }

    @Test
    @Order(7)
    void bothHaveStatsAndLogs() {
        for (String id : List.of(vm, container)) {
            Struct stats = client.call(COMPUTE + "GetInstanceStats", id(id));
            assertThat(Long.parseLong(text(stats, "cpu_time_ns"))).isPositive();
            assertThat(Long.parseLong(text(stats, "memory_used_bytes"))).isPositive();
        }
        assertThat(logs(vm)).contains("demo-guest ready").contains("42-vm");
        assertThat(logs(container)).contains("42-container");
    }

    @Test
    @Order(8)
    void bothStopStartAndRestart() {
        for (String id : List.of(container, vm)) {
            client.call(COMPUTE + "StopInstance", id(id));
            watchUntil(id, "INSTANCE_STATE_STOPPED");
            assertCode(Status.Code.FAILED_PRECONDITION, "GetInstanceStats", id(id));
            assertCode(Status.Code.FAILED_PRECONDITION, "StopInstance", id(id));
            client.call(COMPUTE + "StartInstance", id(id));
            watchUntil(id, "INSTANCE_STATE_RUNNING");
            assertCode(Status.Code.FAILED_PRECONDITION, "StartInstance", id(id));
            String before = text(get(id), "started_at");
            client.call(
                    COMPUTE + "RestartInstance",
                    "{\"instance_id\": \"" + id + "\", \"force\": true}");
            client.watch(
                    COMPUTE + "WatchInstance",
                    id(id),
                    e -> {
                        Struct i = struct(e, "instance");
                        return text(i, "state").equals("INSTANCE_STATE_RUNNING")
                                && !text(i, "started_at").equals(before);
                    });
        }
    }

    @Test
    @Order(9)
    void theSameIsThereAsJson() throws IOException, InterruptedException {
        assertThat(http("/v1/instances/" + container)).contains("\"box-1\"", "RUNNING");
        assertThat(http("/v1/cluster")).contains("\"totalNodes\":1");
        assertThat(http("/metrics")).contains("hypervisor_");
        assertThat(http("/health")).isNotEmpty();
    }

    @Test
    @Order(10)
    void aRestartOfTheWholeClusterBringsTheInstancesBack() throws IOException {
        cluster.close();
        assertThat(Leftovers.of(data)).isEmpty();
        cluster.start();
        for (String id : List.of(vm, container)) {
            watchUntil(id, "INSTANCE_STATE_RUNNING");
        }
    }

    @Test
    @Order(11)
    void bothAreDeletedAndLeaveNothing() {
        for (String id : List.of(vm, container)) {
            client.call(
                    COMPUTE + "DeleteInstance",
                    "{\"instance_id\": \"" + id + "\", \"force\": true}");
            await().atMost(BOOT).until(() -> code("GetInstance", id(id)) == Status.Code.NOT_FOUND);
        }
        Reality reality = new Reality(cluster);
        assertThat(reality.domains()).isEmpty();
        assertThat(reality.tasks()).isEmpty();
        assertThat(reality.containers()).isEmpty();
        assertThat(reality.folders()).isEmpty();
    }

    private static String create(String json) {
        return text(client.call(COMPUTE + "CreateInstance", json), "id");
    }

    private static Struct get(String id) {
        return client.call(COMPUTE + "GetInstance", id(id));
    }

    private static String id(String id) {
        return "{\"instance_id\": \"" + id + "\"}";
    }

    private static List<Struct> watchUntil(String id, String state) {
        List<Struct> events =
                client.watch(
                        COMPUTE + "WatchInstance",
                        id(id),
                        e ->
                                List.of(state, "INSTANCE_STATE_FAILED")
                                        .contains(text(struct(e, "instance"), "state")));
        Struct last = struct(events.getLast(), "instance");
        assertThat(text(last, "state")).as(() -> last.toString()).isEqualTo(state);
        return events;
    }

    private static boolean typed(String id, String input, String expected) {
        ByteArrayOutputStream seen = new ByteArrayOutputStream();
        try (var console =
                client.converse(
                        COMPUTE + "AttachConsole",
                        m -> seen.writeBytes(ReflectionClient.bytes(m, "data").toByteArray()))) {
            console.send(
                    "{\"instance_id\": \"%s\", \"tty\": true, \"width\": 80, \"height\": 24}"
                            .formatted(id));
            await().atMost(BOOT).until(() -> seen.toString(UTF_8).contains("#"));
            String data = Base64.getEncoder().encodeToString(input.getBytes(UTF_8));
            console.send("{\"data\": \"" + data + "\"}");
            await().atMost(BOOT).until(() -> seen.toString(UTF_8).contains(expected));
            return true;
        }
    }

    private static String logs(String id) {
        StringBuilder text = new StringBuilder();
        client.watch(COMPUTE + "GetInstanceLogs", id(id), e -> false)
                .forEach(
                        e ->
                                text.append(
                                        new String(
                                                Base64.getDecoder().decode(text(e, "data")),
                                                UTF_8)));
        return text.toString();
    }

    private static void assertCode(Status.Code expected, String method, String json) {
        assertThat(code(method, json)).as(method).isEqualTo(expected);
    }

    private static Status.Code code(String method, String json) {
        StatusRuntimeException e =
                catchThrowableOfType(
                        StatusRuntimeException.class, () -> client.call(COMPUTE + method, json));
        return e == null ? Status.Code.OK : e.getStatus().getCode();
    }

    private static String http(String path) throws IOException, InterruptedException {
        try (HttpClient http = HTTP.build()) {
            HttpResponse<String> response =
                    http.send(
                            HttpRequest.newBuilder(URI.create("http://" + cluster.http + path))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString());
            assertThat(response.statusCode()).as(path).isEqualTo(200);
            return response.body();
        }
    }
}
