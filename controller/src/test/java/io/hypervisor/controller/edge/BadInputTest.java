package io.hypervisor.controller.edge;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Message;

import io.hypervisor.api.v1.AgentConsoleInput;
import io.hypervisor.api.v1.AgentConsoleResize;
import io.hypervisor.api.v1.AgentCreateInstanceRequest;
import io.hypervisor.api.v1.AgentStopInstanceRequest;
import io.hypervisor.api.v1.ConsoleInput;
import io.hypervisor.api.v1.CreateInstanceRequest;
import io.hypervisor.api.v1.DeleteInstanceRequest;
import io.hypervisor.api.v1.DeregisterNodeRequest;
import io.hypervisor.api.v1.FenceNodeRequest;
import io.hypervisor.api.v1.GetInstanceLogsRequest;
import io.hypervisor.api.v1.GetInstanceRequest;
import io.hypervisor.api.v1.GetInstanceStatsRequest;
import io.hypervisor.api.v1.GetNodeRequest;
import io.hypervisor.api.v1.HeartbeatRequest;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.ListImagesRequest;
import io.hypervisor.api.v1.ListInstancesRequest;
import io.hypervisor.api.v1.ListNodesRequest;
import io.hypervisor.api.v1.Metadata;
import io.hypervisor.api.v1.NodeCondition;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.PlacementPolicy;
import io.hypervisor.api.v1.PullImageRequest;
import io.hypervisor.api.v1.RegisterNodeRequest;
import io.hypervisor.api.v1.Resources;
import io.hypervisor.api.v1.RestartInstanceRequest;
import io.hypervisor.api.v1.StartInstanceRequest;
import io.hypervisor.api.v1.StopInstanceRequest;
import io.hypervisor.api.v1.TerminalSize;
import io.hypervisor.api.v1.UpdateNodeStatusRequest;
import io.hypervisor.api.v1.WatchInstanceRequest;
import io.hypervisor.api.v1.WatchNodesRequest;
import io.hypervisor.core.Fault;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.Collections;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** Every field of every request, wrong in turn: the fault names it and says what is expected. */
final class BadInputTest {
    private static final String ID = "00000000-0000-7000-8000-000000000000";
    private static final String LONG = "x".repeat(2000);

    private static <Q extends Message> Arguments bad(
            Consumer<Q> check, Q request, String field, String expected) {
        Runnable call = () -> check.accept(request);
        return Arguments.of(request.getClass().getSimpleName(), field, expected, call);
    }

    private static Arguments register(
            Consumer<RegisterNodeRequest.Builder> spoil, String field, String expected) {
        RegisterNodeRequest.Builder request = TestController.node("node-1", 50052).toBuilder();
        spoil.accept(request);
        return bad(ClusterRequests::check, request.build(), field, expected);
    }

    static Stream<Arguments> registration() {
        return Stream.of(
                register(r -> r.setHostname(""), "hostname", "RFC 1123"),
                register(r -> r.setHostname("-a"), "hostname", "RFC 1123"),
                register(r -> r.setHostname("a..b"), "hostname", "RFC 1123"),
                register(r -> r.setHostname("a".repeat(254)), "hostname", "253"),
                register(r -> r.setIp(""), "ip", "IPv4 or IPv6"),
                register(r -> r.setIp("localhost"), "ip", "IPv4 or IPv6"),
                register(r -> r.setIp("1.2.3"), "ip", "IPv4 or IPv6"),
                register(r -> r.setIp("1.2.3.256"), "ip", "IPv4 or IPv6"),
                register(r -> r.setIp("1.2.3.4."), "ip", "IPv4 or IPv6"),
                register(r -> r.setIp("::g"), "ip", "IPv4 or IPv6"),
                register(r -> r.setPort(0), "port", "between 1 and 65535"),
                register(r -> r.setPort(65536), "port", "between 1 and 65535"),
                register(r -> r.setRoleValue(9), "role", "enum"),
                register(r -> r.setRegion("a b"), "region", "63"),
                register(r -> r.setZone("é"), "zone", "63"),
                register(r -> r.clearCapacity(), "capacity.cpu_cores", "between 1"),
                register(r -> capacity(r).setCpuCores(-1), "capacity.cpu_cores", "between 1"),
                register(r -> capacity(r).setMemoryBytes(0), "capacity.memory_bytes", "between 1"),
                register(r -> capacity(r).setDiskBytes(-1), "capacity.disk_bytes", "between 0"),
                register(r -> capacity(r).setGpuCount(-1), "capacity.gpu_count", "between 0"),
                register(
                        r -> r.setMetadata(Metadata.newBuilder().putLabels("a b", "c")),
                        "metadata.labels",
                        "keys"),
                register(
                        r -> r.clearSupportedInstanceTypes(),
                        "supported_instance_types",
                        "at least one"),
                register(
                        r -> r.addSupportedInstanceTypes("lxc"),
                        "supported_instance_types",
                        "vm, container, microvm"),
                register(
                        r -> r.addSupportedInstanceTypes("vm"),
                        "supported_instance_types",
                        "at most once"),
                register(r -> r.setNodeId("n1"), "node_id", "UUID"),
                register(r -> r.setRequestId(LONG), "request_id", "128"),
                register(r -> r.putVersions("qemu", LONG), "versions[qemu]", "128"));
    }

    private static Resources.Builder capacity(RegisterNodeRequest.Builder request) {
        return request.getCapacityBuilder();
    }

    static Stream<Arguments> nodes() {
        NodeCondition condition =
                NodeCondition.newBuilder().setType("DiskPressure").setStatus("True").build();
        HeartbeatRequest beat = HeartbeatRequest.newBuilder().setNodeId(ID).build();
        UpdateNodeStatusRequest update = UpdateNodeStatusRequest.newBuilder().setNodeId(ID).build();
        return Stream.of(
                bad(
                        ClusterRequests::check,
                        GetNodeRequest.newBuilder()
                                .setNodeId(ID.toUpperCase(java.util.Locale.ROOT) + "A")
                                .build(),
                        "node_id",
                        "UUID"),
                bad(
                        ClusterRequests::check,
                        GetNodeRequest.newBuilder().setNodeId(ID).setMinRevision(-1).build(),
                        "min_revision",
                        ">= 0"),
                bad(
                        ClusterRequests::check,
                        DeregisterNodeRequest.newBuilder().build(),
                        "node_id",
                        "UUID"),
                bad(
                        ClusterRequests::check,
                        DeregisterNodeRequest.newBuilder()
                                .setNodeId(ID)
                                .setExpectedRevision(-1)
                                .build(),
                        "expected_revision",
                        ">= 0"),
                bad(
                        ClusterRequests::check,
                        FenceNodeRequest.newBuilder().build(),
                        "node_id",
                        "UUID"),
                bad(
                        ClusterRequests::check,
                        FenceNodeRequest.newBuilder().setNodeId(ID).setExpectedRevision(-1).build(),
                        "expected_revision",
                        ">= 0"),
                bad(
                        ClusterRequests::check,
                        ListNodesRequest.newBuilder().setPageSize(-1).build(),
                        "page_size",
                        ">= 0"),
                bad(
                        ClusterRequests::check,
                        ListNodesRequest.newBuilder().setRoleValue(7).build(),
                        "role",
                        "enum"),
                bad(
                        ClusterRequests::check,
                        ListNodesRequest.newBuilder().setStatusValue(77).build(),
                        "status",
                        "enum"),
                bad(
                        ClusterRequests::check,
                        ListNodesRequest.newBuilder().setRegion("/").build(),
                        "region",
                        "63"),
                bad(
                        ClusterRequests::check,
                        ListNodesRequest.newBuilder().setZone(LONG).build(),
                        "zone",
                        "63"),
                bad(
                        ClusterRequests::check,
                        ListNodesRequest.newBuilder().putLabelSelector("", "").build(),
                        "label_selector",
                        "keys"),
                bad(
                        ClusterRequests::check,
                        beat.toBuilder().setNodeId("").build(),
                        "node_id",
                        "UUID"),
                bad(
                        ClusterRequests::check,
                        beat.toBuilder().setStatus(NodeStatus.NODE_STATUS_DRAINING).build(),
                        "status",
                        "NODE_STATUS_NOT_READY"),
                bad(
                        ClusterRequests::check,
                        beat.toBuilder().setStatusValue(99).build(),
                        "status",
                        "NODE_STATUS_READY"),
                bad(
                        ClusterRequests::check,
                        beat.toBuilder()
                                .addAllConditions(Collections.nCopies(33, condition))
                                .build(),
                        "conditions",
                        "at most 32"),
                bad(
                        ClusterRequests::check,
                        beat.toBuilder().addConditions(condition).addConditions(condition).build(),
                        "conditions[1].type",
                        "at most once"),
                bad(
                        ClusterRequests::check,
                        beat.toBuilder().addConditions(condition.toBuilder().setType("")).build(),
                        "conditions[0].type",
                        "1-63"),
                bad(
                        ClusterRequests::check,
                        beat.toBuilder()
                                .addConditions(condition.toBuilder().setStatus("yes"))
                                .build(),
                        "conditions[0].status",
                        "True, False or Unknown"),
                bad(
                        ClusterRequests::check,
                        beat.toBuilder()
                                .addConditions(condition.toBuilder().setReason(LONG))
                                .build(),
                        "conditions[0].reason",
                        "63"),
                bad(
                        ClusterRequests::check,
                        beat.toBuilder()
                                .addConditions(condition.toBuilder().setMessage(LONG))
                                .build(),
                        "conditions[0].message",
                        "1024"),
                bad(
                        ClusterRequests::check,
                        beat.toBuilder()
                                .setAllocated(Resources.newBuilder().setCpuCores(-1))
                                .build(),
                        "allocated.cpu_cores",
                        "between 0"),
                bad(
                        ClusterRequests::check,
                        update.toBuilder().setStatus(NodeStatus.NODE_STATUS_UNREACHABLE).build(),
                        "status",
                        "NODE_STATUS_CORDONED"),
                bad(
                        ClusterRequests::check,
                        update.toBuilder().setStatusValue(50).build(),
                        "status",
                        "NODE_STATUS_CORDONED"),
                bad(
                        ClusterRequests::check,
                        update.toBuilder()
                                .setAllocated(Resources.newBuilder().setMemoryBytes(-1))
                                .build(),
                        "allocated.memory_bytes",
                        "between 0"),
                bad(
                        ClusterRequests::check,
                        update.toBuilder().setExpectedRevision(-5).build(),
                        "expected_revision",
                        ">= 0"),
                bad(
                        ClusterRequests::check,
                        WatchNodesRequest.newBuilder().setRoleValue(7).build(),
                        "role",
                        "enum"),
                bad(
                        ClusterRequests::check,
                        WatchNodesRequest.newBuilder().setRegion(" ").build(),
                        "region",
                        "63"),
                bad(
                        ClusterRequests::check,
                        WatchNodesRequest.newBuilder().setZone(" ").build(),
                        "zone",
                        "63"),
                bad(
                        ClusterRequests::check,
                        WatchNodesRequest.newBuilder().addNodeIds("x").build(),
                        "node_ids[0]",
                        "UUID"),
                bad(
                        ClusterRequests::check,
                        WatchNodesRequest.newBuilder()
                                .addAllNodeIds(Collections.nCopies(101, ID))
                                .build(),
                        "node_ids",
                        "at most 100"),
                bad(
                        ClusterRequests::check,
                        WatchNodesRequest.newBuilder().setResumeRevision(-1).build(),
                        "resume_revision",
                        ">= 0"));
    }

    private static Arguments create(
            Consumer<CreateInstanceRequest.Builder> spoil, String field, String expected) {
        CreateInstanceRequest.Builder request =
                CreateInstanceRequest.newBuilder()
                        .setName("web")
                        .setType(InstanceType.INSTANCE_TYPE_CONTAINER)
                        .setSpec(InstanceSpec.newBuilder().setImage("busybox"));
        spoil.accept(request);
        return bad(ComputeRequests::check, request.build(), field, expected);
    }

    static Stream<Arguments> instances() {
        return Stream.of(
                create(r -> r.setName(""), "name", "1-63"),
                create(r -> r.setName("a".repeat(64)), "name", "1-63"),
                create(r -> r.setName("A"), "name", "lower-case"),
                create(r -> r.clearType(), "type", "INSTANCE_TYPE_VM"),
                create(r -> r.setTypeValue(42), "type", "INSTANCE_TYPE_VM"),
                create(r -> r.clearSpec(), "spec", "made of"),
                create(r -> r.getSpecBuilder().setCpuCores(-1), "spec.cpu_cores", "between"),
                create(r -> r.getSpecBuilder().setImage(""), "spec.image", "image"),
                create(
                        r -> r.setMetadata(Metadata.newBuilder().putLabels("!", "")),
                        "metadata.labels",
                        "keys"),
                create(r -> r.setPreferredNodeId("n"), "preferred_node_id", "UUID"),
                create(r -> r.setRegion("?"), "region", "63"),
                create(r -> r.setZone("?"), "zone", "63"),
                create(r -> r.setRequestId("\n"), "request_id", "printable"),
                create(
                        r -> r.setPlacement(PlacementPolicy.newBuilder().setPriority(5000)),
                        "placement.priority",
                        "between"),
                create(
                        r -> r.setPlacement(PlacementPolicy.newBuilder().setStrategyValue(9)),
                        "placement.strategy",
                        "enum"),
                bad(
                        ComputeRequests::check,
                        DeleteInstanceRequest.newBuilder().build(),
                        "instance_id",
                        "UUID"),
                bad(
                        ComputeRequests::check,
                        DeleteInstanceRequest.newBuilder()
                                .setInstanceId(ID)
                                .setExpectedRevision(-1)
                                .build(),
                        "expected_revision",
                        ">= 0"),
                bad(
                        ComputeRequests::check,
                        GetInstanceRequest.newBuilder().setInstanceId("../x").build(),
                        "instance_id",
                        "UUID"),
                bad(
                        ComputeRequests::check,
                        GetInstanceRequest.newBuilder()
                                .setInstanceId(ID)
                                .setMinRevision(-1)
                                .build(),
                        "min_revision",
                        ">= 0"),
                bad(
                        ComputeRequests::check,
                        StartInstanceRequest.newBuilder().build(),
                        "instance_id",
                        "UUID"),
                bad(
                        ComputeRequests::check,
                        StartInstanceRequest.newBuilder()
                                .setInstanceId(ID)
                                .setExpectedRevision(-1)
                                .build(),
                        "expected_revision",
                        ">= 0"),
                bad(
                        ComputeRequests::check,
                        StopInstanceRequest.newBuilder().build(),
                        "instance_id",
                        "UUID"),
                bad(
                        ComputeRequests::check,
                        StopInstanceRequest.newBuilder()
                                .setInstanceId(ID)
                                .setTimeoutSeconds(-1)
                                .build(),
                        "timeout_seconds",
                        "between 0 and 3600"),
                bad(
                        ComputeRequests::check,
                        StopInstanceRequest.newBuilder()
                                .setInstanceId(ID)
                                .setTimeoutSeconds(3601)
                                .build(),
                        "timeout_seconds",
                        "between 0 and 3600"),
                bad(
                        ComputeRequests::check,
                        StopInstanceRequest.newBuilder()
                                .setInstanceId(ID)
                                .setExpectedRevision(-1)
                                .build(),
                        "expected_revision",
                        ">= 0"),
                bad(
                        ComputeRequests::check,
                        RestartInstanceRequest.newBuilder().build(),
                        "instance_id",
                        "UUID"),
                bad(
                        ComputeRequests::check,
                        RestartInstanceRequest.newBuilder()
                                .setInstanceId(ID)
                                .setExpectedRevision(-1)
                                .build(),
                        "expected_revision",
                        ">= 0"),
                bad(
                        ComputeRequests::check,
                        GetInstanceStatsRequest.newBuilder().build(),
                        "instance_id",
                        "UUID"),
                bad(
                        ComputeRequests::check,
                        GetInstanceLogsRequest.newBuilder().build(),
                        "instance_id",
                        "UUID"),
                bad(
                        ComputeRequests::check,
                        GetInstanceLogsRequest.newBuilder()
                                .setInstanceId(ID)
                                .setTailBytes(-1)
                                .build(),
                        "tail_bytes",
                        "between 0"),
                bad(
                        ComputeRequests::check,
                        ListInstancesRequest.newBuilder().setPageSize(-1).build(),
                        "page_size",
                        ">= 0"),
                bad(
                        ComputeRequests::check,
                        ListInstancesRequest.newBuilder().setTypeValue(9).build(),
                        "type",
                        "enum"),
                bad(
                        ComputeRequests::check,
                        ListInstancesRequest.newBuilder().setStateValue(99).build(),
                        "state",
                        "enum"),
                bad(
                        ComputeRequests::check,
                        ListInstancesRequest.newBuilder().setNodeId("n").build(),
                        "node_id",
                        "UUID"),
                bad(
                        ComputeRequests::check,
                        ListInstancesRequest.newBuilder().putLabelSelector("a", "?").build(),
                        "label_selector[a]",
                        "63"),
                bad(
                        ComputeRequests::check,
                        ListInstancesRequest.newBuilder().setName("_").build(),
                        "name",
                        "1-63"),
                bad(
                        ComputeRequests::check,
                        WatchInstanceRequest.newBuilder().setInstanceId("i").build(),
                        "instance_id",
                        "UUID"),
                bad(
                        ComputeRequests::check,
                        WatchInstanceRequest.newBuilder().setTypeValue(9).build(),
                        "type",
                        "enum"),
                bad(
                        ComputeRequests::check,
                        WatchInstanceRequest.newBuilder().setStateValue(99).build(),
                        "state",
                        "enum"),
                bad(
                        ComputeRequests::check,
                        WatchInstanceRequest.newBuilder().setNodeId("n").build(),
                        "node_id",
                        "UUID"),
                bad(
                        ComputeRequests::check,
                        WatchInstanceRequest.newBuilder().setResumeRevision(-1).build(),
                        "resume_revision",
                        ">= 0"),
                bad(
                        ComputeRequests::check,
                        ListImagesRequest.newBuilder().setPageSize(-1).build(),
                        "page_size",
                        ">= 0"),
                bad(
                        ComputeRequests::check,
                        ListImagesRequest.newBuilder().setTypeValue(9).build(),
                        "type",
                        "enum"),
                bad(
                        ComputeRequests::check,
                        PullImageRequest.newBuilder()
                                .setType(InstanceType.INSTANCE_TYPE_VM)
                                .build(),
                        "image_ref",
                        "1-1024"),
                bad(
                        ComputeRequests::check,
                        PullImageRequest.newBuilder().setImageRef("x").build(),
                        "type",
                        "INSTANCE_TYPE_VM"));
    }

    static Stream<Arguments> consolesAndAgents() {
        ConsoleInput first = ConsoleInput.newBuilder().setInstanceId(ID).build();
        Consumer<ConsoleInput> check = input -> ComputeRequests.check(input, true);
        com.google.protobuf.ByteString large =
                com.google.protobuf.ByteString.copyFrom(new byte[64 * 1024 + 1]);
        AgentCreateInstanceRequest create =
                AgentCreateInstanceRequest.newBuilder()
                        .setName("web")
                        .setType(InstanceType.INSTANCE_TYPE_CONTAINER)
                        .setSpec(InstanceSpec.newBuilder().setImage("busybox"))
                        .build();
        return Stream.of(
                bad(check, first.toBuilder().setInstanceId("").build(), "instance_id", "UUID"),
                bad(check, first.toBuilder().setWidth(-1).build(), "width", "between 0"),
                bad(check, first.toBuilder().setHeight(10_001).build(), "height", "between 0"),
                bad(check, first.toBuilder().setData(large).build(), "data", "65536"),
                bad(
                        check,
                        first.toBuilder().setResize(TerminalSize.newBuilder().setHeight(1)).build(),
                        "resize.width",
                        "between 1"),
                bad(
                        check,
                        first.toBuilder().setResize(TerminalSize.newBuilder().setWidth(1)).build(),
                        "resize.height",
                        "between 1"),
                bad(
                        AgentRequests::check,
                        create.toBuilder().setInstanceId("i").build(),
                        "instance_id",
                        "UUID"),
                bad(AgentRequests::check, create.toBuilder().setName("").build(), "name", "1-63"),
                bad(
                        AgentRequests::check,
                        create.toBuilder().clearType().build(),
                        "type",
                        "INSTANCE_TYPE_VM"),
                bad(
                        AgentRequests::check,
                        create.toBuilder().clearSpec().build(),
                        "spec",
                        "made of"),
                bad(
                        AgentRequests::check,
                        create.toBuilder().putLabels("!", "").build(),
                        "labels",
                        "keys"),
                bad(
                        AgentRequests::check,
                        AgentStopInstanceRequest.newBuilder()
                                .setInstanceId(ID)
                                .setTimeoutSeconds(-1)
                                .build(),
                        "timeout_seconds",
                        "between 0 and 3600"),
                bad(
                        AgentRequests::check,
                        AgentConsoleInput.newBuilder().setData(large).build(),
                        "data",
                        "65536"),
                bad(
                        AgentRequests::check,
                        AgentConsoleInput.newBuilder()
                                .setResize(AgentConsoleResize.newBuilder().setWidth(1))
                                .build(),
                        "resize.height",
                        "between 1"));
    }

    @ParameterizedTest(name = "{0} {1}: {2}")
    @MethodSource({"registration", "nodes", "instances", "consolesAndAgents"})
    void isRefusedByName(String request, String field, String expected, Runnable check) {
        Fault fault = org.assertj.core.api.Assertions.catchThrowableOfType(Fault.class, check::run);
        assertThat(fault).as("%s %s", request, field).isNotNull();
        assertThat(fault.kind()).isEqualTo(Fault.Kind.INVALID_ARGUMENT);
        assertThat(fault.violations())
                .anySatisfy(
                        violation -> {
                            assertThat(violation.field()).isEqualTo(field);
                            assertThat(violation.description())
                                    .contains("value: ", "expected: ", expected);
                        });
    }
}
