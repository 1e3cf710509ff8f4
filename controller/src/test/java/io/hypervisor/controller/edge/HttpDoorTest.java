package io.hypervisor.controller.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.util.JsonFormat;

import io.hypervisor.api.v1.ClusterInfo;
import io.hypervisor.api.v1.CreateNetworkResponse;
import io.hypervisor.api.v1.Network;
import io.hypervisor.controller.store.MemoryStore;
import io.hypervisor.core.VirtualTasks;
import io.hypervisor.core.server.CallMemory;
import io.hypervisor.core.server.HostPort;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The HTTP door, called with the JDK's client. */
final class HttpDoorTest {
    private static VirtualTasks storeTasks;
    private static TestController controller;
    private static HttpClient http;

    @BeforeAll
    static void start() {
        storeTasks = new VirtualTasks();
        controller = new TestController(new MemoryStore(storeTasks, 10_000).connect());
        // Over HTTP/2, its own choice, it takes a refusal before a request's end for a reset.
        http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    }

    @AfterAll
    static void stop() {
        http.close();
        controller.close();
        storeTasks.close();
    }

    private static HttpResponse<String> send(String method, String path, String body)
            throws IOException, InterruptedException {
        HttpRequest request =
                HttpRequest.newBuilder(
                                URI.create(
                                        "http://127.0.0.1:"
                                                + controller.controller().httpPort()
                                                + path))
                        .header("content-type", "application/json")
                        .method(
                                method,
                                body.isEmpty()
                                        ? HttpRequest.BodyPublishers.noBody()
                                        : HttpRequest.BodyPublishers.ofString(body))
                        .build();
        return http.send(request, HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void anAddressThatIsTakenIsNamed() {
        HostPort taken = new HostPort("127.0.0.1", controller.controller().httpPort());
        assertThatThrownBy(
                        () ->
                                new HttpDoor(
                                        taken,
                                        storeTasks,
                                        new PrometheusMeterRegistry(PrometheusConfig.DEFAULT),
                                        new CallMemory(1 << 20),
                                        List.of(),
                                        List.of(),
                                        Optional::empty,
                                        Duration.ZERO))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("cannot listen on " + taken)
                .hasMessageContaining("Address already in use");
    }

    @Test
    void healthReadinessAndMetrics() throws Exception {
        assertThat(send("GET", "/health", "").statusCode()).isEqualTo(200);
        assertThat(send("GET", "/ready", "").statusCode()).isEqualTo(200);
        HttpResponse<String> metrics = send("GET", "/metrics", "");
        assertThat(metrics.body()).contains("hypervisor_watch_watchers");
    }

    @Test
    void theClusterAsJson() throws Exception {
        HttpResponse<String> response = send("GET", "/v1/cluster", "");
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("content-type").orElse(""))
                .startsWith("application/json");
        assertThat(response.body()).contains("\"clusterName\"").contains("\"test\"");
    }

    @Test
    void theClusterAsGrpcWeb() throws Exception {
        HttpRequest request =
                HttpRequest.newBuilder(
                                URI.create(
                                        "http://127.0.0.1:"
                                                + controller.controller().httpPort()
                                                + "/hypervisor.v1.ClusterService/GetClusterInfo"))
                        .header("content-type", "application/grpc-web+proto")
                        .POST(HttpRequest.BodyPublishers.ofByteArray(new byte[5]))
                        .build();
        HttpResponse<byte[]> response = http.send(request, HttpResponse.BodyHandlers.ofByteArray());
        assertThat(response.statusCode()).isEqualTo(200);
        ByteBuffer frames = ByteBuffer.wrap(response.body());
        assertThat(frames.get()).as("a message, not compressed").isZero();
        byte[] message = new byte[frames.getInt()];
        frames.get(message);
        assertThat(ClusterInfo.parseFrom(message).getClusterName()).isEqualTo("test");
        assertThat(frames.get()).as("the trailers").isEqualTo((byte) 0x80);
        byte[] trailers = new byte[frames.getInt()];
        frames.get(trailers);
        assertThat(new String(trailers, StandardCharsets.US_ASCII))
                .containsPattern("grpc-status: ?0");
    }

    @Test
    void aNodeIsRegisteredAndListed() throws Exception {
        HttpResponse<String> made =
                send(
                        "POST",
                        "/v1/nodes",
                        """
                        {"hostname": "json-1", "ip": "10.0.0.1", "port": 50052,
                         "capacity": {"cpuCores": 4, "memoryBytes": "8589934592"},
                         "supportedInstanceTypes": ["container"]}
                        """);
        assertThat(made.statusCode()).as(made.body()).isEqualTo(200);
        await().until(() -> send("GET", "/v1/nodes?page_size=5", "").body().contains("json-1"));
        HttpResponse<String> read = send("GET", "/v1/nodes?pageSize=5", "");
        assertThat(read.body()).contains("\"totalCount\"");
    }

    @Test
    void aPartOfARequestIsItsBodyAndTheRestIsInPathAndQuery() throws Exception {
        String made = send("POST", "/v1/networks", "{\"name\": \"json\"}").body();
        CreateNetworkResponse.Builder created = CreateNetworkResponse.newBuilder();
        JsonFormat.parser().merge(made, created);
        Network network = created.getNetwork();
        String path = "/v1/networks/" + network.getId();
        String query = "?update_mask=name,shared&expected_revision=" + network.getRevision();
        HttpResponse<String> changed =
                send("PATCH", path + query, "{\"name\": \"renamed\", \"shared\": true}");
        assertThat(changed.statusCode()).as(changed.body()).isEqualTo(200);
        assertThat(changed.body()).contains("\"name\":\"renamed\"", "\"shared\":true");
        HttpResponse<String> late = send("PATCH", path + query, "{\"name\": \"late\"}");
        assertThat(late.statusCode()).as(late.body()).isEqualTo(409);
        assertThat(send("DELETE", path, "").body()).isEqualTo("{}\n");
        assertThat(send("GET", path, "").statusCode()).isEqualTo(404);
    }

    @Test
    void whatAPathEndsWithMayHaveSlashes() throws Exception {
        String path = "/v1/routers/00000000-0000-7000-8000-000000000000/routes/10.20.0.0/16";
        HttpResponse<String> unknown = send("DELETE", path, "");
        assertThat(unknown.statusCode()).as(unknown.body()).isEqualTo(404);
        assertThat(unknown.body()).contains("google.rpc.ResourceInfo");
        assertThat(send("DELETE", path + "x", "").body())
                .contains("\"field\": \"destination\"", "value: 10.20.0.0/16x");
    }

    @Test
    void aParameterThatIsNoneIsNamed() throws Exception {
        HttpResponse<String> response = send("GET", "/v1/nodes?page_sise=5", "");
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(response.body())
                .contains("\"field\": \"page_sise\"", "value: 5", "fields of")
                .contains("hypervisor.v1.ListNodesRequest");
    }

    @Test
    void faultsAreGoogleStatusWithTheRightCode() throws Exception {
        HttpResponse<String> bad = send("GET", "/v1/instances/no-id", "");
        assertThat(bad.statusCode()).isEqualTo(400);
        assertThat(bad.body())
                .contains("\"code\": 3", "google.rpc.BadRequest", "instance_id", "no-id");
        HttpResponse<String> unknown =
                send("GET", "/v1/instances/00000000-0000-7000-8000-000000000000", "");
        assertThat(unknown.statusCode()).isEqualTo(404);
        assertThat(unknown.body()).contains("\"code\": 5", "google.rpc.ResourceInfo");
        HttpResponse<String> noRoom =
                send(
                        "POST",
                        "/v1/instances",
                        """
                        {"name": "big", "type": "INSTANCE_TYPE_VM",
                         "spec": {"image": "a.qcow2", "cpuCores": 500}}
                        """);
        assertThat(noRoom.statusCode()).as(noRoom.body()).isEqualTo(429);
    }

    @Test
    void brokenRequestsGetJsonErrorsWithoutATrace() throws Exception {
        for (HttpResponse<String> response :
                List.of(
                        send("POST", "/v1/instances", "{\"name\": "),
                        send("POST", "/v1/instances", "{\"type\": \"INSTANCE_TYPE_NONSENSE\"}"),
                        send("POST", "/v1/instances", "{\"spec\": {\"cpuCores\": \"many\"}}"),
                        send("GET", "/v1/instances?page_size=many", ""),
                        send("GET", "/v1/nothing", ""),
                        send("DELETE", "/v1/cluster", ""))) {
            assertThat(response.statusCode()).as(response.body()).isBetween(400, 499);
            assertThat(response.body())
                    .as(response.uri() + " " + response.statusCode())
                    .contains("\"code\"")
                    .doesNotContain("Exception", "\tat ");
        }
    }

    @Test
    void manyLongMistakesKeepTheirDetails() throws Exception {
        String terms =
                IntStream.range(0, 64)
                        .mapToObj(i -> "\"" + "k".repeat(300) + i + "\": \"v\"")
                        .collect(Collectors.joining(", "));
        HttpResponse<String> response =
                send(
                        "POST",
                        "/v1/instances",
                        "{\"name\": \"long\", \"type\": \"INSTANCE_TYPE_VM\", \"spec\": {\"image\":"
                            + " \"a.qcow2\"}, \"placement\": {\"affinity\": [{\"labelSelector\": {"
                                + terms
                                + "}}]}}");
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        assertThat(response.body()).contains("google.rpc.BadRequest", "label_selector");
    }

    @Test
    void whatIsWrongWithinABodyIsNamed() throws Exception {
        for (String key : List.of("k".repeat(60_000), "\ud83d\ude00", "\\ud83d\\ude00")) {
            String body = "{\"metadata\": {\"labels\": {\"" + key + "\": \"v\"}}}";
            assertThat(send("POST", "/v1/instances", body).body())
                    .contains("\"field\": \"metadata.labels\"", "keys of 1-63");
        }
        assertThat(send("POST", "/v1/instances", "{\"nme\": \"web\"}").body())
                .contains("MALFORMED_REQUEST", "Cannot find field: nme");
        assertThat(send("POST", "/v1/instances", "{\"spec\": {\"cpuCores\": \"many\"}}").body())
                .contains("MALFORMED_REQUEST", "Not an int32 value");
    }

    @Test
    void aTimeoutThatIsNoneIsNamed() throws Exception {
        HttpRequest request =
                HttpRequest.newBuilder(
                                URI.create(
                                        "http://127.0.0.1:"
                                                + controller.controller().httpPort()
                                                + "/v1/nodes"))
                        .header("grpc-timeout", "soon")
                        .build();
        HttpResponse<String> response = http.send(request, HttpResponse.BodyHandlers.ofString());
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(response.body()).contains("\"field\": \"grpc-timeout\"", "value: soon");
    }

    @Test
    void aConnectionEndsAfterTheAnswerThatItsClientDidNotWaitFor() throws Exception {
        String request = "GET /v1/cluster HTTP/1.1\r\nhost: x\r\n\r\n";
        try (Socket socket =
                new Socket(InetAddress.getLoopbackAddress(), controller.controller().httpPort())) {
            socket.getOutputStream().write(request.repeat(3).getBytes(StandardCharsets.US_ASCII));
            String answers =
                    new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
            assertThat(answers).containsOnlyOnce("HTTP/1.1 200").contains("clusterName");
        }
    }

    @Test
    void aConnectionServesOneRequestAfterTheOther() throws Exception {
        String request =
                "POST /v1/nothing HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\n"
                        + "content-length: 2\r\n\r\n{}";
        try (Socket socket =
                new Socket(InetAddress.getLoopbackAddress(), controller.controller().httpPort())) {
            for (int i = 0; i < 3; i++) {
                socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
                StringBuilder answer = new StringBuilder();
                while (!answer.toString().endsWith("}")) {
                    answer.append((char) socket.getInputStream().read());
                }
                assertThat(answer).contains("HTTP/1.1 100", "HTTP/1.1 404");
            }
        }
    }

    /** What is answered to a request that asks for another protocol, until it contains a text. */
    private static String askForUpgrade(String protocol, String then, String until)
            throws IOException {
        String request =
                "GET /health HTTP/1.1\r\nhost: h\r\nconnection: Upgrade, HTTP2-Settings\r\n"
                        + "upgrade: %s\r\nhttp2-settings: AAMAAABk\r\n\r\n".formatted(protocol);
        try (Socket socket =
                new Socket(InetAddress.getLoopbackAddress(), controller.controller().httpPort())) {
            socket.getOutputStream().write((request + then).getBytes(StandardCharsets.ISO_8859_1));
            StringBuilder answer = new StringBuilder();
            for (int c = 0; c >= 0 && answer.indexOf(until) < 0; ) {
                c = socket.getInputStream().read();
                answer.append((char) c);
            }
            return answer.toString();
        }
    }

    @Test
    void anUpgradeThatIsNotOfferedIsIgnored() throws IOException {
        assertThat(askForUpgrade("gopher", "", "ok\n")).startsWith("HTTP/1.1 200");
    }

    @Test
    void anUpgradeToHttp2IsGrantedAndTheRequestAnswered() throws IOException {
        String prefaceAndNoSettings = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";
        assertThat(askForUpgrade("h2c", prefaceAndNoSettings, "ok\n"))
                .startsWith("HTTP/1.1 101")
                .endsWith("ok\n");
    }
}
