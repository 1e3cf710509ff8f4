package io.hypervisor.controller.edge;

import io.hypervisor.api.v1.DeregisterNodeRequest;
import io.hypervisor.api.v1.FenceNodeRequest;
import io.hypervisor.api.v1.GetNodeRequest;
import io.hypervisor.api.v1.HeartbeatRequest;
import io.hypervisor.api.v1.ListNodesRequest;
import io.hypervisor.api.v1.NodeCondition;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.RegisterNodeRequest;
import io.hypervisor.api.v1.Resources;
import io.hypervisor.api.v1.UpdateNodeStatusRequest;
import io.hypervisor.api.v1.WatchNodesRequest;
import io.hypervisor.controller.network.Addresses;
import io.hypervisor.core.Violations;
import io.hypervisor.core.spec.Specs;

import java.net.InetAddress;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Checks every field of ClusterService's requests. Throws INVALID_ARGUMENT. */
final class ClusterRequests {
    // Beyond any machine, and small enough that the sums over a cluster stay in range.
    private static final int MAX_CPUS = 1 << 16;
    private static final long MAX_MEMORY = 1L << 46;
    private static final long MAX_DISK = 1L << 50;
    private static final int MAX_GPUS = 1 << 10;
    private static final int MAX_CONDITIONS = 32;
    private static final int MAX_VERSIONS = 32;
    private static final int MAX_WATCHED = 100;
    private static final Set<String> TYPES = Set.of("vm", "container", "microvm");
    private static final Set<String> TRUTHS = Set.of("True", "False", "Unknown");
    private static final Set<NodeStatus> BY_OPERATOR =
            EnumSet.of(
                    NodeStatus.NODE_STATUS_UNSPECIFIED,
                    NodeStatus.NODE_STATUS_READY,
                    NodeStatus.NODE_STATUS_CORDONED,
                    NodeStatus.NODE_STATUS_DRAINING,
                    NodeStatus.NODE_STATUS_MAINTENANCE);
    private static final Set<NodeStatus> BY_NODE =
            EnumSet.of(
                    NodeStatus.NODE_STATUS_UNSPECIFIED,
                    NodeStatus.NODE_STATUS_READY,
                    NodeStatus.NODE_STATUS_NOT_READY);

    private ClusterRequests() {}

    static void check(RegisterNodeRequest request) {
        Violations v = new Violations();
        v.hostname("hostname", request.getHostname());
        v.check(
                isAddress(request.getIp()),
                "ip",
                request.getIp(),
                "the IPv4 or IPv6 address of one host");
        v.range("port", request.getPort(), 1, 65535);
        v.known("role", request.getRole(), request.getRoleValue());
        v.labelValue("region", request.getRegion());
        v.labelValue("zone", request.getZone());
        v.range("capacity.cpu_cores", request.getCapacity().getCpuCores(), 1, MAX_CPUS);
        v.range("capacity.memory_bytes", request.getCapacity().getMemoryBytes(), 1, MAX_MEMORY);
        v.range("capacity.disk_bytes", request.getCapacity().getDiskBytes(), 0, MAX_DISK);
        v.range("capacity.gpu_count", request.getCapacity().getGpuCount(), 0, MAX_GPUS);
        Specs.check(v, request.getMetadata());
        List<String> types = request.getSupportedInstanceTypesList();
        v.check(
                !types.isEmpty()
                        && TYPES.containsAll(types)
                        && new HashSet<>(types).size() == types.size(),
                "supported_instance_types",
                types,
                "at least one of vm, container, microvm, each at most once");
        v.optionalId("node_id", request.getNodeId());
        v.requestId(request.getRequestId());
        versions(v, request.getVersionsMap());
        v.size(request);
        v.throwIfAny();
    }

    private static void versions(Violations v, Map<String, String> versions) {
        v.check(
                versions.size() <= MAX_VERSIONS,
                "versions",
                versions.size() + " entries",
                "at most " + MAX_VERSIONS);
        versions.forEach(
                (name, version) ->
                        v.printable("versions", name, 1, 128)
                                .printable("versions[" + name + "]", version, 0, 128));
    }

    /** Literals alone: a name would be looked up. */
    private static boolean isAddress(String text) {
        return Addresses.address(text).isPresent()
                && !text.equals("255.255.255.255")
                && isOneHost(InetAddress.ofLiteral(text));
    }

    private static boolean isOneHost(InetAddress address) {
        return !address.isAnyLocalAddress() && !address.isMulticastAddress();
    }

    static void check(DeregisterNodeRequest request) {
        new Violations()
                .id("node_id", request.getNodeId())
                .revision("expected_revision", request.getExpectedRevision())
                .throwIfAny();
    }

    static void check(GetNodeRequest request) {
        new Violations()
                .id("node_id", request.getNodeId())
                .revision("min_revision", request.getMinRevision())
                .throwIfAny();
    }

    static void check(ListNodesRequest request) {
        new Violations()
                .pageSize(request.getPageSize())
                .known("role", request.getRole(), request.getRoleValue())
                .known("status", request.getStatus(), request.getStatusValue())
                .labelValue("region", request.getRegion())
                .labelValue("zone", request.getZone())
                .labels("label_selector", request.getLabelSelectorMap())
                .throwIfAny();
    }

    static void check(UpdateNodeStatusRequest request) {
        Violations v = new Violations();
        v.id("node_id", request.getNodeId());
        v.check(
                BY_OPERATOR.contains(request.getStatus()),
                "status",
                name(request.getStatus(), request.getStatusValue()),
                "NODE_STATUS_READY, NODE_STATUS_CORDONED, NODE_STATUS_DRAINING,"
                        + " NODE_STATUS_MAINTENANCE, or none to keep it");
        conditions(v, request.getConditionsList());
        allocated(v, request.getAllocated());
        v.size(request);
        v.revision("expected_revision", request.getExpectedRevision());
        v.throwIfAny();
    }

    static void check(HeartbeatRequest request) {
        Violations v = new Violations();
        v.id("node_id", request.getNodeId());
        v.check(
                BY_NODE.contains(request.getStatus()),
                "status",
                name(request.getStatus(), request.getStatusValue()),
                "NODE_STATUS_READY or NODE_STATUS_NOT_READY");
        conditions(v, request.getConditionsList());
        allocated(v, request.getAllocated());
        v.size(request);
        v.throwIfAny();
    }

    private static String name(NodeStatus status, int number) {
        return status == NodeStatus.UNRECOGNIZED ? String.valueOf(number) : status.name();
    }

    private static void conditions(Violations v, List<NodeCondition> conditions) {
        v.check(
                conditions.size() <= MAX_CONDITIONS,
                "conditions",
                conditions.size() + " entries",
                "at most " + MAX_CONDITIONS);
        Set<String> types = new HashSet<>();
        for (int i = 0; i < conditions.size(); i++) {
            NodeCondition condition = conditions.get(i);
            String at = "conditions[" + i + "].";
            String type = condition.getType();
            v.printable(at + "type", type, 1, 63);
            v.check(types.add(type), at + "type", type, "each type at most once");
            v.check(
                    TRUTHS.contains(condition.getStatus()),
                    at + "status",
                    condition.getStatus(),
                    "True, False or Unknown");
            v.printable(at + "reason", condition.getReason(), 0, 63);
            v.printable(at + "message", condition.getMessage(), 0, 1024);
            v.timestamp(at + "last_transition_time", condition.getLastTransitionTime());
        }
    }

    private static void allocated(Violations v, Resources allocated) {
        v.range("allocated.cpu_cores", allocated.getCpuCores(), 0, MAX_CPUS);
        v.range("allocated.memory_bytes", allocated.getMemoryBytes(), 0, MAX_MEMORY);
        v.range("allocated.disk_bytes", allocated.getDiskBytes(), 0, MAX_DISK);
        v.range("allocated.gpu_count", allocated.getGpuCount(), 0, MAX_GPUS);
    }

    static void check(WatchNodesRequest request) {
        Violations v = new Violations();
        v.known("role", request.getRole(), request.getRoleValue());
        v.labelValue("region", request.getRegion());
        v.labelValue("zone", request.getZone());
        int ids = request.getNodeIdsCount();
        v.check(ids <= MAX_WATCHED, "node_ids", ids + " entries", "at most " + MAX_WATCHED);
        for (int i = 0; i < ids; i++) {
            v.id("node_ids[" + i + "]", request.getNodeIds(i));
        }
        v.revision("resume_revision", request.getResumeRevision());
        v.throwIfAny();
    }

    static void check(FenceNodeRequest request) {
        new Violations()
                .id("node_id", request.getNodeId())
                .revision("expected_revision", request.getExpectedRevision())
                .throwIfAny();
    }
}
