package io.hypervisor.cluster.input;

import static io.hypervisor.cluster.input.CommonRows.ids;
import static io.hypervisor.cluster.input.CommonRows.inState;
import static io.hypervisor.cluster.input.CommonRows.optionalIds;
import static io.hypervisor.cluster.input.CommonRows.optionalNames;
import static io.hypervisor.cluster.input.CommonRows.pages;
import static io.hypervisor.cluster.input.CommonRows.revisions;
import static io.hypervisor.cluster.input.CommonRows.stale;
import static io.hypervisor.cluster.input.CommonRows.unknown;
import static io.hypervisor.cluster.input.Values.LABEL_VALUES;
import static io.hypervisor.cluster.input.Values.NAMES;
import static io.hypervisor.cluster.input.Values.UNKNOWN;
import static io.hypervisor.cluster.input.Values.withoutEmpty;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import com.google.protobuf.UnknownFieldSet;

import io.grpc.Status.Code;
import io.hypervisor.api.v1.AffinityRule;
import io.hypervisor.api.v1.ConsoleInput;
import io.hypervisor.api.v1.CreateImageRequest;
import io.hypervisor.api.v1.CreateInstanceRequest;
import io.hypervisor.api.v1.DeleteImageRequest;
import io.hypervisor.api.v1.DeleteInstanceRequest;
import io.hypervisor.api.v1.GetInstanceLogsRequest;
import io.hypervisor.api.v1.GetInstanceRequest;
import io.hypervisor.api.v1.GetInstanceStatsRequest;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.ListImagesRequest;
import io.hypervisor.api.v1.ListInstancesRequest;
import io.hypervisor.api.v1.PullImageRequest;
import io.hypervisor.api.v1.RestartInstanceRequest;
import io.hypervisor.api.v1.StartInstanceRequest;
import io.hypervisor.api.v1.StopInstanceRequest;
import io.hypervisor.api.v1.WatchInstanceRequest;
import io.hypervisor.cluster.input.Row.Call;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** ComputeService's requests, wrong field by field. */
final class ComputeRows {
    private static final String RUNNING = "{running}";
    private static final String ENUM = "a value of the enum";
    private static final CreateInstanceRequest GOOD =
            CreateInstanceRequest.newBuilder()
                    .setName("fresh")
                    .setType(InstanceType.INSTANCE_TYPE_CONTAINER)
                    .setSpec(SpecRows.CONTAINER)
                    .build();
    private static final Call CONTAINER = call(GOOD, "CreateInstance", "PlanInstance");
    private static final Call VM =
            call(
                    GOOD.toBuilder()
                            .setType(InstanceType.INSTANCE_TYPE_VM)
                            .setSpec(SpecRows.VM)
                            .build(),
                    "CreateInstance",
                    "PlanInstance");
    private static final Call CREATE = call(GOOD, "CreateInstance");
    private static final Call DELETE =
            call(
                    DeleteInstanceRequest.newBuilder().setInstanceId(RUNNING).build(),
                    "DeleteInstance");
    private static final Call GET =
            call(GetInstanceRequest.newBuilder().setInstanceId(RUNNING).build(), "GetInstance");
    private static final Call LIST =
            call(ListInstancesRequest.getDefaultInstance(), "ListInstances");
    private static final Call START =
            call(StartInstanceRequest.newBuilder().setInstanceId(RUNNING).build(), "StartInstance");
    private static final Call STOP =
            call(StopInstanceRequest.newBuilder().setInstanceId(RUNNING).build(), "StopInstance");
    private static final Call RESTART =
            call(
                    RestartInstanceRequest.newBuilder().setInstanceId(RUNNING).build(),
                    "RestartInstance");
    private static final Call STATS =
            call(
                    GetInstanceStatsRequest.newBuilder().setInstanceId(RUNNING).build(),
                    "GetInstanceStats");
    private static final Call LOGS =
            call(
                    GetInstanceLogsRequest.newBuilder().setInstanceId(RUNNING).build(),
                    "GetInstanceLogs");
    private static final Call WATCH =
            call(WatchInstanceRequest.getDefaultInstance(), "WatchInstance");
    private static final Call IMAGES = call(ListImagesRequest.getDefaultInstance(), "ListImages");
    private static final Call PULL =
            call(
                    PullImageRequest.newBuilder()
                            .setImageRef("nowhere")
                            .setType(InstanceType.INSTANCE_TYPE_CONTAINER)
                            .build(),
                    "PullImage");
    private static final Call CATALOGUED =
            call(
                    CreateImageRequest.newBuilder()
                            .setName("debian")
                            .setSource(CommonRows.source())
                            .build(),
                    "CreateImage");
    private static final Call FORGOTTEN =
            call(DeleteImageRequest.newBuilder().setName("nowhere").build(), "DeleteImage");
    private static final String SOURCE_SAYS = "an entry of the catalogue says it";
    private static final ConsoleInput FIRST =
            ConsoleInput.newBuilder().setInstanceId(RUNNING).build();
    private static final Call CONSOLE = call(FIRST, "AttachConsole");

    /** Fields for which no value is wrong. */
    static final Map<String, String> NEVER_WRONG =
            Map.ofEntries(
                    Map.entry("CreateInstanceRequest.queue", "both values have a meaning"),
                    Map.entry("CreateInstanceRequest.spec.network.assign_public_ip", "both"),
                    Map.entry("CreateInstanceRequest.spec.volume_mounts.read_only", "both"),
                    Map.entry("CreateInstanceRequest.placement.affinity.anti", "both"),
                    Map.entry("CreateInstanceRequest.placement.affinity.required", "both"),
                    Map.entry("DeleteInstanceRequest.force", "both"),
                    Map.entry("StopInstanceRequest.force", "both"),
                    Map.entry("RestartInstanceRequest.force", "both"),
                    Map.entry("GetInstanceLogsRequest.follow", "both"),
                    Map.entry("ConsoleInput.tty", "both"));

    private ComputeRows() {}

    private static Call call(Message good, String... methods) {
        return Call.of("ComputeService", good, methods);
    }

    static Stream<Row> all() {
        return Stream.of(
                        SpecRows.all(VM, CONTAINER),
                        creation(),
                        placement(),
                        creationAsThingsAre(),
                        byId(),
                        lists(),
                        images(),
                        consoles(),
                        states(),
                        UpdateRows.all())
                .flatMap(rows -> rows);
    }

    private static Stream<Row> creation() {
        return Stream.of(
                        CONTAINER.each("name", NAMES, "1-63 lower-case"),
                        CONTAINER.each("type", List.of(0, 4, -1), "INSTANCE_TYPE_VM"),
                        Values.labels(CONTAINER, "metadata.labels"),
                        Values.annotations(CONTAINER, "metadata.annotations"),
                        firstBoot(VM, "metadata.annotations"),
                        optionalIds("preferred_node_id", CONTAINER),
                        CONTAINER.each("region", LABEL_VALUES, "at most 63"),
                        CONTAINER.each("zone", LABEL_VALUES, "at most 63"),
                        CommonRows.requestIds(CONTAINER))
                .flatMap(rows -> rows);
    }

    /** What is for a guest's first boot; the answers say nothing of the values. */
    static Stream<Row> firstBoot(Call call, String path) {
        String keys = path + "[cloud-init/ssh-authorized-keys]";
        return Stream.concat(
                call.each(
                        keys,
                        List.of(
                                "x",
                                "ssh-rsa",
                                "ssh-rsa AAAA",
                                "command=\"reboot\" ssh-rsa AAAAB3NzaC1yc2EAAAAD",
                                "ssh-rsa AAAAB3NzaC1yc2EAAAAD a\u0007b",
                                "ssh-rsa AAAAB3NzaC1yc2EAAAAD\n- x: y"),
                        "as ssh-keygen writes it"),
                Stream.of(
                        call.bad(path, Map.of("cloud-init/userdata", "v"), "one of"),
                        call.bad(path + "[cloud-init/user-data]", "a\u0000", "without NUL")));
    }

    private static Stream<Row> placement() {
        String at = "placement.";
        AffinityRule rule = AffinityRule.newBuilder().putLabelSelector("app", "web").build();
        Call one = CONTAINER.with(at + "affinity", List.of(rule));
        return Stream.of(
                        Values.labels(CONTAINER, at + "node_selector"),
                        Values.labels(
                                CONTAINER.with(at + "affinity[0].topology", ""),
                                at + "affinity[0].label_selector"),
                        CONTAINER.each(at + "strategy", List.of(3, -1), ENUM),
                        CONTAINER.each(at + "relocation", List.of(3, -1), ENUM),
                        CONTAINER.each(at + "on_lost_contact", List.of(3, -1), ENUM),
                        CONTAINER.each(
                                at + "priority",
                                List.of(-1001, 1001, Integer.MIN_VALUE, Integer.MAX_VALUE),
                                "between -1000 and 1000"),
                        CONTAINER.each(
                                at + "lost_contact_seconds",
                                List.of(-1, 1, 29, 86_401, Integer.MAX_VALUE),
                                "between 30 and 86400"),
                        CONTAINER.each(at + "region", LABEL_VALUES, "at most 63"),
                        CONTAINER.each(at + "zone", LABEL_VALUES, "at most 63"),
                        optionalIds(at + "preferred_node_id", CONTAINER),
                        one.each(
                                at + "affinity[0].topology",
                                withoutEmpty(Values.LABEL_KEYS),
                                "keys of"),
                        Stream.of(
                                CONTAINER.bad(at + "affinity", Values.times(9, rule), "at most 8"),
                                CONTAINER
                                        .bad(
                                                at + "affinity",
                                                List.of(AffinityRule.getDefaultInstance()),
                                                "at least one")
                                        .at(at + "affinity[0].label_selector")))
                .flatMap(rows -> rows);
    }

    /** Larger than a record may be, in a field that this version does not know. */
    private static Message inflated() {
        UnknownFieldSet unknown =
                UnknownFieldSet.newBuilder()
                        .addField(
                                1000,
                                UnknownFieldSet.Field.newBuilder()
                                        .addLengthDelimited(ByteString.copyFrom(new byte[2 << 20]))
                                        .build())
                        .build();
        return GOOD.toBuilder()
                .setSpec(SpecRows.CONTAINER.toBuilder().setUnknownFields(unknown))
                .build();
    }

    private static Stream<Row> creationAsThingsAre() {
        return Stream.of(
                call(inflated(), "CreateInstance", "PlanInstance")
                        .bad("", "", "at most 524288")
                        .at("request"),
                CREATE.taken("name", "running", "no instance has"),
                CommonRows.usedRequestId(CREATE, "made-running"),
                CONTAINER.missing("preferred_node_id", UNKNOWN, "node"),
                CONTAINER.missing("placement.preferred_node_id", UNKNOWN, "node"),
                CREATE.refused(
                        "spec.memory_bytes",
                        16L << 40,
                        Code.RESOURCE_EXHAUSTED,
                        "NO_ROOM",
                        "bytes of memory"),
                CREATE.refused(
                        "placement.node_selector",
                        Values.entries(64),
                        Code.RESOURCE_EXHAUSTED,
                        "NO_ROOM",
                        "needs labels"),
                CREATE.refused(
                        "type",
                        InstanceType.INSTANCE_TYPE_MICROVM_VALUE,
                        Code.RESOURCE_EXHAUSTED,
                        "NO_ROOM",
                        "needs microvm"),
                CREATE.refused("region", "nowhere", Code.RESOURCE_EXHAUSTED, "NO_ROOM", "nowhere"),
                CREATE.refused("zone", "nowhere", Code.RESOURCE_EXHAUSTED, "NO_ROOM", "nowhere"));
    }

    private static Stream<Row> byId() {
        return Stream.of(
                        ids(
                                "instance_id",
                                DELETE,
                                GET,
                                START,
                                STOP,
                                RESTART,
                                UpdateRows.UPDATE,
                                STATS,
                                LOGS),
                        revisions(
                                "expected_revision",
                                DELETE,
                                START,
                                STOP,
                                RESTART,
                                UpdateRows.UPDATE),
                        revisions("min_revision", GET),
                        CommonRows.timeouts(STOP),
                        CommonRows.tails(LOGS))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> lists() {
        return Stream.of(
                        LIST.each("type", List.of(4, -1), ENUM),
                        LIST.each("state", List.of(12, -1), ENUM),
                        optionalIds("node_id", LIST, WATCH),
                        optionalNames("name", LIST),
                        Values.labels(LIST, "label_selector"),
                        pages(LIST, "{nodes_token}"),
                        pages(LIST.with("state", 3), "{instances_token}"),
                        optionalIds("instance_id", WATCH),
                        WATCH.each("type", List.of(4, -1), ENUM),
                        WATCH.each("state", List.of(12, -1), ENUM),
                        Values.labels(WATCH, "label_selector"),
                        revisions("resume_revision", WATCH))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> images() {
        return Stream.of(
                        IMAGES.each("type", List.of(4, -1), ENUM),
                        pages(IMAGES, "{instances_token}"),
                        CommonRows.imageRefs(PULL),
                        PULL.each("type", List.of(0, 4, -1), "INSTANCE_TYPE_VM"),
                        optionalIds("node_id", PULL),
                        catalogue(),
                        Stream.of(
                                PULL.missing("node_id", UNKNOWN, "node"),
                                PULL.with("node_id", "{second}")
                                        .refused(
                                                "",
                                                "",
                                                Code.FAILED_PRECONDITION,
                                                "TYPE_NOT_SUPPORTED",
                                                "does not run the type container")))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> catalogue() {
        List<String> names = List.of("", "-a", ".a", "a b", "a/b", "\u00e9", "a\n", "x".repeat(64));
        List<String> users = List.of("0a", "-a", "A", "a b", "a\n", "x".repeat(33));
        String none = "letters, digits";
        return Stream.of(
                        CATALOGUED.each("name", names, none),
                        CATALOGUED.each("type", List.of(2, 3, 4, -1), "INSTANCE_TYPE_VM"),
                        CommonRows.sources(CATALOGUED, "source"),
                        CATALOGUED.each("default_user", users, "at most 32"),
                        CommonRows.requestIds(CATALOGUED),
                        FORGOTTEN.each("name", withoutEmpty(names), none),
                        revisions("expected_revision", FORGOTTEN),
                        Stream.of("spec.image_source", "spec.kernel_source", "spec.initrd_source")
                                .flatMap(
                                        field ->
                                                CommonRows.sources(CREATE, field)
                                                        .map(
                                                                row ->
                                                                        row.says(SOURCE_SAYS)
                                                                                .at(field))),
                        Stream.of(
                                CATALOGUED.bad("source", Patch.ABSENT, "where the image comes"),
                                FORGOTTEN.missing("name", "nowhere", "image")))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> consoles() {
        List<Object> sides = List.of(-1, 10_001, Integer.MIN_VALUE, Integer.MAX_VALUE);
        Call later = call(ConsoleInput.getDefaultInstance(), "AttachConsole").after(FIRST);
        return Stream.of(
                        CommonRows.consoles(CONSOLE, later),
                        CONSOLE.each("width", sides, "between 0 and 10000"),
                        CONSOLE.each("height", sides, "between 0 and 10000"))
                .flatMap(rows -> rows);
    }

    private static Stream<Row> states() {
        String id = "instance_id";
        String wrong = "WRONG_STATE";
        return Stream.of(
                        unknown(
                                "instance",
                                id,
                                DELETE,
                                GET,
                                START,
                                STOP,
                                RESTART,
                                UpdateRows.UPDATE,
                                STATS,
                                LOGS,
                                WATCH,
                                CONSOLE),
                        stale(DELETE, START, STOP, RESTART, UpdateRows.UPDATE),
                        inState(
                                id,
                                "{local}",
                                "LOCAL_INSTANCE",
                                "AgentService",
                                DELETE,
                                START,
                                STOP,
                                RESTART,
                                UpdateRows.UPDATE),
                        inState(id, "{stopped}", wrong, "STOPPED", STOP, RESTART, STATS, CONSOLE),
                        inState(id, "{running}", wrong, "STOPPED or FAILED", START),
                        inState(id, "{waiting}", wrong, "not placed", LOGS),
                        inState(id, "{waiting}", wrong, "PENDING", STATS))
                .flatMap(rows -> rows);
    }
}
