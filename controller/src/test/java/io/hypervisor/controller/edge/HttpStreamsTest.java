package io.hypervisor.controller.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;

import io.hypervisor.api.v1.ClusterServiceGrpc;
import io.hypervisor.api.v1.ComputeServiceGrpc;
import io.hypervisor.api.v1.DeleteInstanceRequest;
import io.hypervisor.api.v1.EventType;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceEvent;
import io.hypervisor.api.v1.InstanceLogChunk;
import io.hypervisor.api.v1.Metadata;
import io.hypervisor.api.v1.NodeEvent;
import io.hypervisor.api.v1.PullImageProgress;
import io.hypervisor.controller.store.MemoryStore;
import io.hypervisor.core.VirtualTasks;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Streams over HTTP, read line by line with the JDK's client. */
final class HttpStreamsTest {
    private static final String NOBODY = "00000000-0000-7000-8000-000000000000";
    // As a shell splits them.
    private static final Pattern WORD = Pattern.compile("'([^']*)'|\\S+");
    private static final String PULL =
            "{\"imageRef\": \"team/%s:1\", \"type\": \"INSTANCE_TYPE_CONTAINER\"}";

    private static VirtualTasks storeTasks;
    private static FakeAgent agent;
    private static TestController controller;
    private static ComputeServiceGrpc.ComputeServiceBlockingStub compute;
    private static String nodeId;
    private static HttpClient http;

    @BeforeAll
    static void start() {
        storeTasks = new VirtualTasks();
        controller = new TestController(new MemoryStore(storeTasks, 10_000).connect());
        compute = ComputeServiceGrpc.newBlockingStub(controller.channel());
        agent = new FakeAgent();
        nodeId =
                EdgeTest.ready(
                        ClusterServiceGrpc.newBlockingStub(controller.channel()),
                        TestController.node("node-1", agent.port()));
        http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    }

    @AfterAll
    static void stop() {
        http.close();
        controller.close();
        agent.close();
        storeTasks.close();
    }

    private static HttpRequest.Builder to(String path) {
        return HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + controller.controller().httpPort() + path));
    }

    private static HttpRequest pull(String image) {
        return to("/v1/images:pull")
                .header("content-type", "application/json")
                .POST(BodyPublishers.ofString(PULL.formatted(image)))
                .build();
    }

    private static String answer(HttpRequest request, int code)
            throws IOException, InterruptedException {
        HttpResponse<String> response = http.send(request, BodyHandlers.ofString());
        assertThat(response.statusCode()).as(response.body()).isEqualTo(code);
        assertThat(response.headers().firstValue("content-type").orElse(""))
                .startsWith("application/json");
        return response.body();
    }

    private static Stream<String> lines(HttpRequest request)
            throws IOException, InterruptedException {
        HttpResponse<Stream<String>> response = http.send(request, BodyHandlers.ofLines());
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("content-type")).hasValue("application/json");
        return response.body();
    }

    private static <M extends Message> M result(String line, M prototype) {
        assertThat(line).startsWith("{\"result\":{").endsWith("}}");
        Message.Builder builder = prototype.newBuilderForType();
        try {
            JsonFormat.parser()
                    .merge(line.substring("{\"result\":".length(), line.length() - 1), builder);
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError(line, e);
        }
        @SuppressWarnings("unchecked")
        M message = (M) builder.build();
        return message;
    }

    private static InstanceEvent next(Iterator<String> lines, Predicate<InstanceEvent> wanted) {
        while (true) {
            InstanceEvent event = result(lines.next(), InstanceEvent.getDefaultInstance());
            if (wanted.test(event)) {
                return event;
            }
        }
    }

    private static Predicate<InstanceEvent> isAbout(Instance instance) {
        return event -> event.getInstance().getId().equals(instance.getId());
    }

    private static void awaitNoWatchers() {
        HttpRequest metrics = to("/metrics").build();
        await().until(
                        () ->
                                http.send(metrics, BodyHandlers.ofString())
                                        .body()
                                        .contains("hypervisor_watch_watchers 0"));
    }

    @ParameterizedTest
    @EnumSource(HttpClient.Version.class)
    void aWatchShowsACreateAndEndsWithItsReader(HttpClient.Version version) throws Exception {
        HttpRequest request = to("/v1/instances:watch?nodeId=" + nodeId).version(version).build();
        Instance made;
        try (Stream<String> lines = lines(request)) {
            Iterator<String> events = lines.iterator();
            made =
                    compute.createInstance(
                            EdgeTest.container(
                                    "by-"
                                            + version.name()
                                                    .toLowerCase(Locale.ROOT)
                                                    .replace("_", "-")));
            InstanceEvent event = next(events, isAbout(made));
            assertThat(event.getType()).isEqualTo(EventType.EVENT_TYPE_ADDED);
            assertThat(event.getInstance().getSpec()).isEqualTo(made.getSpec());
        }
        awaitNoWatchers();
    }

    @Test
    void aWatchGoesOnWhereAnotherEnded() throws Exception {
        Instance before = compute.createInstance(EdgeTest.container("before"));
        Instance after = compute.createInstance(EdgeTest.container("after"));
        String from = "resume_revision=" + before.getRevision();
        try (Stream<String> lines = lines(to("/v1/instances:watch?" + from).build())) {
            Iterator<String> events = lines.iterator();
            InstanceEvent event = next(events, isAbout(after));
            assertThat(event.getType()).isEqualTo(EventType.EVENT_TYPE_ADDED);
            assertThat(event.getRevision()).isEqualTo(after.getRevision());
        }
    }

    @Test
    void theWatchOfOneInstanceEndsWithIt() throws Exception {
        Instance made = compute.createInstance(EdgeTest.container("followed"));
        String path = "/v1/instances/%s:watch".formatted(made.getId());
        try (Stream<String> lines = lines(to(path).build())) {
            Iterator<String> events = lines.iterator();
            next(events, isAbout(made));
            var _ =
                    compute.deleteInstance(
                            DeleteInstanceRequest.newBuilder()
                                    .setInstanceId(made.getId())
                                    .setForce(true)
                                    .build());
            next(events, event -> event.getType() == EventType.EVENT_TYPE_DELETED);
            assertThat(events.hasNext()).isFalse();
        }
    }

    @Test
    void aListInAQueryIsWrittenAgainAndAgain() throws Exception {
        String path = "/v1/nodes:watch?node_ids=" + NOBODY + "&nodeIds=" + nodeId;
        try (Stream<String> lines = lines(to(path).build())) {
            NodeEvent event = result(lines.iterator().next(), NodeEvent.getDefaultInstance());
            assertThat(event.getNode().getId()).isEqualTo(nodeId);
        }
        Instance made =
                compute.createInstance(
                        EdgeTest.container("labelled").toBuilder()
                                .setMetadata(Metadata.newBuilder().putLabels("a.b/c", "1"))
                                .build());
        String labels = "/v1/instances:watch?label_selector%5Ba.b/c%5D=1";
        try (Stream<String> lines = lines(to(labels).build())) {
            InstanceEvent event =
                    result(lines.iterator().next(), InstanceEvent.getDefaultInstance());
            assertThat(event.getInstance().getId()).isEqualTo(made.getId());
        }
    }

    @Test
    void aPullEndsWithItsCompletion() throws Exception {
        List<PullImageProgress> told;
        try (Stream<String> lines = lines(pull("app"))) {
            told = lines.map(line -> result(line, PullImageProgress.getDefaultInstance())).toList();
        }
        assertThat(told.getLast().getCompleted()).isTrue();
        assertThat(told.getLast().getTotal()).isEqualTo(FakeAgent.IMAGE_BYTES);
        try (Stream<String> lines = lines(pull("missing"))) {
            assertThat(lines.toList().getLast()).contains("\"error\":\"node node-1: has no team");
        }
    }

    @Test
    void aReaderThatGoesEndsTheCallOnTheNode() throws Exception {
        try (Stream<String> lines = lines(pull("endless"))) {
            assertThat(lines.iterator().next()).contains("nodes");
            await().until(() -> agent.openPulls.get() == 1);
        }
        await().until(() -> agent.openPulls.get() == 0);
    }

    @Test
    void logsComeFromTheNode() throws Exception {
        Instance made = compute.createInstance(EdgeTest.container("talkative"));
        List<HttpRequest> requests =
                List.of(
                        to("/v1/instances/" + made.getId() + "/logs?since=2026-01-01T00:00:00Z")
                                .build(),
                        to("/v1/agent/instances/" + made.getId() + "/logs?tail_lines=7")
                                .header("hypervisor-node", "node-1")
                                .build());
        for (HttpRequest request : requests) {
            try (Stream<String> lines = lines(request)) {
                assertThat(lines)
                        .hasSize(FakeAgent.LOG_CHUNKS)
                        .last()
                        .extracting(line -> result(line, InstanceLogChunk.getDefaultInstance()))
                        .satisfies(
                                chunk ->
                                        assertThat(chunk.getData().toStringUtf8())
                                                .isEqualTo("line 49\n"));
            }
        }
    }

    @Test
    void aCallThatTakesLongerThanItsCallerWaitsEndsWithALine() throws Exception {
        HttpRequest request = to("/v1/nodes:watch").header("grpc-timeout", "500m").build();
        try (Stream<String> lines = lines(request)) {
            assertThat(lines.toList().getLast()).startsWith("{\"error\":{\"code\":4,");
        }
        awaitNoWatchers();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "/v1/instances/no-id:watch | 400 | instance_id | value: no-id",
                "/v1/instances:watch?resume_revision=-1 | 400 | resume_revision | value: -1",
                "/v1/instances:watch?resume_revision=many | 400 | resume_revision | type int64",
                "/v1/instances:watch?resume_revision=99999999999999999999 | 400 | resume_revision"
                        + " | type int64",
                "/v1/instances:watch?resume_revision=1&resumeRevision=1 | 400 | resume_revision |"
                        + " once",
                "/v1/instances:watch?resume_revison=1 | 400 | resume_revison |"
                        + " hypervisor.v1.WatchInstanceRequest",
                "/v1/instances:watch?label_selector=x | 400 | label_selector | no parameter",
                "/v1/instances:watch?state%5Ba%5D=x | 400 | state[a] | no parameter",
                "/v1/instances:watch?state=FLYING | 400 | state | INSTANCE_STATE_RUNNING",
                "/v1/instances/x:watch?instance_id=y | 400 | instance_id | once",
                "/v1/networks:watch?resources=7000 | 400 | resources[0] | 7000",
                "/v1/instances/x/logs?follow=perhaps | 400 | follow | type bool",
                "/v1/instances/x/logs?since=yesterday | 400 | since | google.protobuf.Timestamp",
            })
    void aWrongParameterIsNamed(String path, int code, String field, String says) throws Exception {
        assertThat(answer(to(path).build(), code))
                .contains("google.rpc.BadRequest", "\"field\": \"" + field + "\"", says);
    }

    @Test
    void anErrorBeforeTheFirstLineHasItsOwnCode() throws Exception {
        assertThat(answer(to("/v1/instances/" + NOBODY + ":watch").build(), 404))
                .contains("\"code\": 5", "google.rpc.ResourceInfo");
        assertThat(answer(to("/v1/instances/" + NOBODY + "/logs").build(), 404))
                .contains("\"code\": 5");
        // Waits for it, as the same call over gRPC does.
        String future = "/v1/nodes:watch?resume_revision=" + (1L << 40);
        assertThat(answer(to(future).header("grpc-timeout", "100m").build(), 504))
                .contains("\"code\": 4");
    }

    @Test
    void aBodyThatIsNoneIsRefused() throws Exception {
        HttpRequest.Builder post = to("/v1/images:pull").header("content-type", "application/json");
        for (String body :
                List.of("{\"imageRef\": ", "[]", "7", "[".repeat(100_000), "{\"a\": 1}")) {
            assertThat(answer(post.POST(BodyPublishers.ofString(body)).build(), 400))
                    .as(body.substring(0, Math.min(20, body.length())))
                    .contains("MALFORMED_REQUEST", "expected: ")
                    .doesNotContain("Exception");
        }
        assertThat(answer(post.POST(BodyPublishers.noBody()).build(), 400))
                .contains("\"field\": \"image_ref\"");
        HttpRequest plain =
                to("/v1/images:pull").POST(BodyPublishers.ofString(PULL.formatted("app"))).build();
        assertThat(answer(plain, 400)).contains("header content-type");
        String large = " ".repeat(HttpDoor.MAX_REQUEST_BYTES + 1);
        assertThat(answer(post.POST(BodyPublishers.ofString(large)).build(), 413))
                .contains("\"code\": 3");
    }

    /** What curl writes, each command of the README, up to the line of its instance. */
    @Test
    void theReadmesCommandsWork() throws IOException {
        String readme = Files.readString(Path.of("../README.md"));
        Matcher block = Pattern.compile("```sh\n(curl .*?)```", Pattern.DOTALL).matcher(readme);
        assertThat(block.find()).isTrue();
        String own = "127.0.0.1:" + controller.controller().httpPort();
        String[] commands = block.group(1).replace("localhost:8080", own).split("\n(?=curl )");
        assertThat(commands).hasSize(3);
        for (String command : commands) {
            Process curl =
                    new ProcessBuilder(
                                    WORD.matcher(command)
                                            .results()
                                            .map(w -> w.group(1) == null ? w.group() : w.group(1))
                                            .toList())
                            .redirectError(ProcessBuilder.Redirect.DISCARD)
                            .start();
            try (BufferedReader lines = curl.inputReader()) {
                String line = lines.readLine();
                while (line != null && !line.contains("\"name\":\"by-curl\"")) {
                    line = lines.readLine();
                }
                assertThat(line).as(command).isNotNull();
            } finally {
                curl.destroy();
            }
        }
        awaitNoWatchers();
    }
}
