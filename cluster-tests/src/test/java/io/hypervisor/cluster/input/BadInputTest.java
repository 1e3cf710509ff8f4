package io.hypervisor.cluster.input;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.TypeRegistry;
import com.google.protobuf.util.JsonFormat;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.PreconditionFailure;
import com.google.rpc.ResourceInfo;
import com.google.rpc.Status;

import io.grpc.Channel;
import io.grpc.Metadata;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.hypervisor.api.v1.Agent;
import io.hypervisor.api.v1.Cluster;
import io.hypervisor.api.v1.Compute;
import io.hypervisor.api.v1.NetworkOuterClass;
import io.hypervisor.api.v1.Storage;
import io.hypervisor.core.server.RawCalls;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Every field of every request of cluster, compute, network and agent services, wrong in turn, sent
 * to running servers: the answer names the field, the value and what is expected, over gRPC, over
 * HTTP and at the node's own door, and nothing is left behind.
 */
final class BadInputTest {
    private static final String PACKAGE = "hypervisor.v1.";
    private static final Metadata.Key<String> NODE =
            Metadata.Key.of("hypervisor-node", Metadata.ASCII_STRING_MARSHALLER);

    private static final List<ServiceDescriptor> SERVICES =
            List.of(
                    Cluster.getDescriptor().findServiceByName("ClusterService"),
                    Compute.getDescriptor().findServiceByName("ComputeService"),
                    Agent.getDescriptor().findServiceByName("AgentService"),
                    NetworkOuterClass.getDescriptor().findServiceByName("NetworkService"),
                    Storage.getDescriptor().findServiceByName("StorageService"));
    // Of methods that do not stream, every third row: what it shows is the way, not the checks.
    private static final int HTTP_SAMPLE = 3;
    private static final TypeRegistry DETAILS =
            TypeRegistry.newBuilder()
                    .add(ErrorInfo.getDescriptor())
                    .add(BadRequest.getDescriptor())
                    .add(ResourceInfo.getDescriptor())
                    .add(PreconditionFailure.getDescriptor())
                    .build();
    private static final List<String> JSON =
            Stream.of(
                            "{\"name\":",
                            "[]",
                            "null",
                            "7",
                            "\"x\"",
                            "{\"name\": \"fresh\", \"nme\": 1}",
                            "{\"name\": 7}",
                            "{\"name\": {\"a\": 1}}",
                            "{\"name\": \"a\", \"name\": \"b\"}",
                            "{\"type\": \"INSTANCE_TYPE_NONSENSE\"}",
                            "{\"type\": 1e400}",
                            "{\"spec\": []}",
                            "{\"spec\": {\"cpuCores\": \"-1\"}}",
                            "{\"spec\": {\"cpuCores\": \"many\"}}",
                            "{\"spec\": {\"cpuCores\": 1.5}}",
                            "{\"spec\": {\"cpuCores\": 99999999999}}",
                            "{\"spec\": {\"memoryBytes\": -1}}",
                            "{\"spec\": {\"memoryBytes\": \"1e30\"}}",
                            "{\"spec\": {\"memoryBytes\": 18446744073709551616}}",
                            "{\"spec\": {\"memoryBytes\": NaN}}",
                            "{\"spec\": {\"tty\": \"yes\"}}",
                            "{\"queue\": 1}",
                            "{\"metadata\": {\"annotations\": {\"a\": \"\\ud800\"}}}",
                            "{\"metadata\": {\"labels\": {\"a\": null}}}",
                            "{\"placement\": {\"affinity\": {}}}",
                            "{\"a\":".repeat(5_000) + "1" + "}".repeat(5_000),
                            "{\"metadata\": ".repeat(200) + "1" + "}".repeat(200),
                            "[".repeat(100_000))
                    .toList();

    @TempDir static Path folder;
    private static Scene scene;
    private static Known known;

    @BeforeAll
    static void start() {
        scene = new Scene(folder.resolve("agent"));
        known = Known.make(scene);
    }

    @AfterAll
    static void stop() {
        scene.close();
    }

    private static List<Message> messages(Row row) {
        List<Message> messages = new ArrayList<>();
        row.call().before().forEach(message -> messages.add(known.resolve(message)));
        messages.add(known.resolve(row.request()));
        return messages;
    }

    static Stream<Row> all() {
        return Stream.of(
                        ClusterRows.all(),
                        ComputeRows.all(),
                        AgentRows.all(),
                        NetworkRows.all(),
                        SubnetRows.all(),
                        PortRows.all(),
                        TraceRows.all(),
                        GroupRows.all(),
                        RouterRows.all(),
                        FloatingRows.all())
                .flatMap(rows -> rows);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("all")
    void isRefusedAndLeavesNothing(Row row) throws InvalidProtocolBufferException {
        check(row, scene.toController());
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("io.hypervisor.cluster.input.AgentRows#all")
    void theNodesOwnDoorAnswersAlike(Row row) throws InvalidProtocolBufferException {
        check(row, scene.toAgent());
    }

    /** Rows of streams, of methods that take a JSON body, and those that only JSON can express. */
    @Test
    void httpAnswersAlike() throws InvalidProtocolBufferException {
        Scene.Traces before = scene.traces();
        int sent = 0;
        int streams = 0;
        List<Row> rows = all().filter(BadInputTest::overHttp).toList();
        try (HttpCaller http = new HttpCaller(scene)) {
            for (int i = 0; i < rows.size(); i++) {
                Row row = rows.get(i);
                boolean streaming = method(row).isServerStreaming();
                Optional<HttpRequest> request =
                        streaming || i % HTTP_SAMPLE == 0
                                ? http.request(method(row), known.resolve(row.request()))
                                : Optional.empty();
                if (request.isPresent()) {
                    sent++;
                    streams += streaming ? 1 : 0;
                    checkHttp(row, http.send(request.get()));
                }
            }
            assertThat(streams).isGreaterThan(100);
            assertThat(sent - streams).isGreaterThan(150);
            for (String path : List.of("/v1/instances", "/v1/images:pull")) {
                for (String json : JSON) {
                    HttpResponse<String> response = http.send(http.post(path, json));
                    assertThat(response.statusCode()).as(json + response.body()).isEqualTo(400);
                    assertThat(checkProblem(response).getMessage()).as(json).contains("expected: ");
                }
            }
        }
        assertThat(scene.traces()).isEqualTo(before);
    }

    /** AgentService takes its node from a header there. */
    private static boolean overHttp(Row row) {
        // What this version does not know cannot be said in JSON.
        boolean unknown = row.field().equals("request");
        return !row.call().service().equals("AgentService") && !unknown;
    }

    private static MethodDescriptor method(Row row) {
        return SERVICES.stream()
                .filter(service -> service.getName().equals(row.call().service()))
                .findFirst()
                .orElseThrow()
                .findMethodByName(row.call().methods().getFirst());
    }

    private static void checkHttp(Row row, HttpResponse<String> response)
            throws InvalidProtocolBufferException {
        assertThat(response.statusCode()).as(row + response.body()).isNotEqualTo(200);
        Status status = checkProblem(response);
        assertThat(io.grpc.Status.fromCodeValue(status.getCode()).getCode())
                .as(row + response.body())
                .isEqualTo(row.code());
        checkDetails(row, status.getMessage(), status);
        assertThat(response.statusCode())
                .isEqualTo(
                        switch (row.code()) {
                            case INVALID_ARGUMENT, FAILED_PRECONDITION -> 400;
                            case PERMISSION_DENIED -> 403;
                            case NOT_FOUND -> 404;
                            case ABORTED, ALREADY_EXISTS -> 409;
                            case RESOURCE_EXHAUSTED -> 429;
                            default -> throw new IllegalStateException(row.toString());
                        });
    }

    private static Status checkProblem(HttpResponse<String> response)
            throws InvalidProtocolBufferException {
        assertThat(response.headers().firstValue("content-type").orElse(""))
                .startsWith("application/json");
        assertThat(response.body()).doesNotContain("Exception", "\tat ");
        Status.Builder status = Status.newBuilder();
        assertThat(response.statusCode()).as(response.body()).isGreaterThanOrEqualTo(400);
        JsonFormat.parser().usingTypeRegistry(DETAILS).merge(response.body(), status);
        return status.build();
    }

    private static RawCalls.Answer send(Channel channel, String method, List<Message> messages) {
        Metadata headers = new Metadata();
        headers.put(NODE, "n1");
        return RawCalls.send(
                channel, method, headers, messages.stream().map(Message::toByteArray).toList());
    }

    private static void check(Row row, Channel channel) throws InvalidProtocolBufferException {
        Scene.Traces before = scene.traces();
        for (String method : row.call().methods()) {
            RawCalls.Answer answer =
                    send(channel, PACKAGE + row.call().service() + "/" + method, messages(row));
            StatusRuntimeException e =
                    new StatusRuntimeException(answer.status(), answer.trailers());
            assertThat(answer.status().getCode())
                    .as("%s of %s", answer.status(), method)
                    .isEqualTo(row.code());
            checkDetails(row, answer.status().getDescription(), StatusProto.fromThrowable(e));
            assertThat(answer.messages()).isEmpty();
        }
        assertThat(scene.traces()).isEqualTo(before);
    }

    private static void checkDetails(Row row, String description, Status status)
            throws InvalidProtocolBufferException {
        assertThat(description).doesNotContain("Exception", "\tat ");
        String reason = "";
        List<BadRequest.FieldViolation> violations = List.of();
        for (Any detail : status.getDetailsList()) {
            if (detail.is(ErrorInfo.class)) {
                reason = detail.unpack(ErrorInfo.class).getReason();
            } else if (detail.is(BadRequest.class)) {
                violations = detail.unpack(BadRequest.class).getFieldViolationsList();
            }
        }
        assertThat(reason).as("%s: %s", row, description).isEqualTo(row.reason());
        if (row.field().isEmpty()) {
            assertThat(description).contains(known.resolve(row.says()));
        } else {
            assertThat(violations)
                    .as(description)
                    .anySatisfy(
                            violation -> {
                                assertThat(violation.getField()).isEqualTo(row.field());
                                assertThat(violation.getDescription())
                                        .startsWith("value: ")
                                        .contains("(expected: ")
                                        .contains(known.resolve(row.says()));
                            });
        }
    }

    @Test
    void everyFieldHasARow() {
        Set<String> covered =
                all().flatMap(BadInputTest::covered).collect(Collectors.toCollection(HashSet::new));
        Map<String, String> neverWrong = new HashMap<>(ClusterRows.NEVER_WRONG);
        neverWrong.putAll(ComputeRows.NEVER_WRONG);
        neverWrong.putAll(AgentRows.NEVER_WRONG);
        neverWrong.putAll(UpdateRows.neverWrong());
        neverWrong.putAll(NetworkRows.neverWrong());
        neverWrong.putAll(SubnetRows.neverWrong());
        neverWrong.putAll(PortRows.neverWrong());
        neverWrong.putAll(GroupRows.neverWrong());
        neverWrong.putAll(RouterRows.neverWrong());
        covered.addAll(neverWrong.keySet());
        Set<String> fields = new TreeSet<>();
        SERVICES.stream()
                .flatMap(BadInputTest::requests)
                .forEach(request -> addFields(fields, request.getName() + ".", request));
        assertThat(fields).hasSizeGreaterThan(100);
        assertThat(covered).as("add rows with bad values for these fields").containsAll(fields);
        assertThat(neverWrong.keySet()).allMatch(fields::contains);
    }

    /** The field of a row, and those it is in. */
    private static Stream<String> covered(Row row) {
        String path = row.call().good().getDescriptorForType().getName() + "." + row.fieldPath();
        return Stream.iterate(
                path, at -> at.contains("."), at -> at.substring(0, at.lastIndexOf('.')));
    }

    private static Stream<Descriptor> requests(ServiceDescriptor service) {
        Set<String> withRows =
                all().filter(row -> row.call().service().equals(service.getName()))
                        .flatMap(row -> row.call().methods().stream())
                        .collect(Collectors.toSet());
        return service.getMethods().stream()
                .filter(method -> withRows.contains(method.getName()) || isImplemented(method))
                .map(method -> method.getInputType())
                .filter(type -> type.getFullName().startsWith(PACKAGE))
                .distinct()
                .sorted(Comparator.comparing(Descriptor::getName));
    }

    private static boolean isImplemented(MethodDescriptor method) {
        RawCalls.Answer answer =
                send(
                        scene.toController(),
                        method.getService().getFullName() + "/" + method.getName(),
                        List.of(DynamicMessage.getDefaultInstance(method.getInputType())));
        return answer.status().getCode() != Code.UNIMPLEMENTED;
    }

    private static void addFields(Set<String> to, String prefix, Descriptor message) {
        for (FieldDescriptor field : message.getFields()) {
            to.add(prefix + field.getName());
            boolean descends =
                    field.getJavaType() == FieldDescriptor.JavaType.MESSAGE
                            && !field.isMapField()
                            && field.getMessageType().getFullName().startsWith(PACKAGE);
            if (descends) {
                addFields(to, prefix + field.getName() + ".", field.getMessageType());
            }
        }
    }
}
