package io.hypervisor.controller.edge;

import com.google.protobuf.FieldMask;

import io.hypervisor.api.v1.CreateNetworkRequest;
import io.hypervisor.api.v1.DeleteNetworkRequest;
import io.hypervisor.api.v1.GetNetworkRequest;
import io.hypervisor.api.v1.ListNetworksRequest;
import io.hypervisor.api.v1.NetworkType;
import io.hypervisor.api.v1.UpdateNetworkRequest;
import io.hypervisor.controller.action.network.UpdateNetwork;
import io.hypervisor.core.Violations;
import io.hypervisor.core.spec.Specs;

import java.util.Set;
import java.util.TreeSet;

/** Checks every field of NetworkService's requests about networks. Throws INVALID_ARGUMENT. */
final class NetworkRequests {
    private static final int MIN_MTU = 576;
    private static final int MAX_MTU = 9000;
    private static final int MAX_VNI = (1 << 24) - 1;
    private static final int MAX_VLAN = 4094;

    private NetworkRequests() {}

    static void check(CreateNetworkRequest request) {
        Violations v = new Violations();
        v.name("name", request.getName());
        v.known("type", request.getType(), request.getTypeValue());
        checkSegment(v, request);
        if (request.getMtu() != 0) {
            v.range("mtu", Integer.toUnsignedLong(request.getMtu()), MIN_MTU, MAX_MTU);
        }
        optionalName(v, "tenant_id", request.getTenantId());
        Specs.check(v, request.getMetadata());
        v.requestId(request.getRequestId());
        v.size(request);
        v.throwIfAny();
    }

    private static void checkSegment(Violations v, CreateNetworkRequest request) {
        NetworkType type = request.getType();
        boolean overlay =
                type == NetworkType.NETWORK_TYPE_UNSPECIFIED
                        || type == NetworkType.NETWORK_TYPE_VXLAN;
        long vni = Integer.toUnsignedLong(request.getVni());
        long vlan = Integer.toUnsignedLong(request.getVlanId());
        if (overlay) {
            v.range("vni", vni, 0, MAX_VNI);
            v.check(!request.getExternal(), "external", true, "false for a VXLAN network");
            v.check(
                    request.getPhysicalNetwork().isEmpty(),
                    "physical_network",
                    request.getPhysicalNetwork(),
                    "empty for a VXLAN network");
        } else {
            v.check(vni == 0, "vni", vni, "0 for a network that is not VXLAN");
            optionalName(v, "physical_network", request.getPhysicalNetwork());
        }
        if (type == NetworkType.NETWORK_TYPE_VLAN) {
            v.range("vlan_id", vlan, 1, MAX_VLAN);
        } else {
            v.check(vlan == 0, "vlan_id", vlan, "0 for a network that is not VLAN");
        }
    }

    static void check(GetNetworkRequest request) {
        new Violations().id("network_id", request.getNetworkId()).throwIfAny();
    }

    static void check(ListNetworksRequest request) {
        Violations v = new Violations();
        v.pageSize(request.getPageSize());
        optionalName(v, "tenant_id", request.getTenantId());
        v.known("type", request.getType(), request.getTypeValue());
        v.throwIfAny();
    }

    static void check(UpdateNetworkRequest request) {
        Violations v = new Violations();
        v.id("network.id", request.getNetwork().getId());
        Set<String> written = mask(v, request.getUpdateMask(), UpdateNetwork.FIELDS);
        if (written.contains("name")) {
            v.name("network.name", request.getNetwork().getName());
        }
        if (written.contains("metadata")) {
            Specs.checkMetadata(
                    v,
                    "network.metadata.",
                    request.getNetwork().getMetadata().getLabelsMap(),
                    request.getNetwork().getMetadata().getAnnotationsMap());
        }
        if (written.contains("mtu")) {
            long mtu = Integer.toUnsignedLong(request.getNetwork().getMtu());
            v.range("network.mtu", mtu, MIN_MTU, MAX_MTU);
        }
        v.revision("expected_revision", request.getExpectedRevision());
        v.size(request);
        v.throwIfAny();
    }

    static void check(DeleteNetworkRequest request) {
        new Violations()
                .id("network_id", request.getNetworkId())
                .revision("expected_revision", request.getExpectedRevision())
                .throwIfAny();
    }

    /** A name that may be empty. */
    static void optionalName(Violations v, String field, String value) {
        if (!value.isEmpty()) {
            v.name(field, value);
        }
    }

    /** The fields that an update writes: one or more of those that may be written. */
    static Set<String> mask(Violations v, FieldMask mask, Set<String> fields) {
        String expected = "one or more of " + String.join(", ", new TreeSet<>(fields));
        v.check(mask.getPathsCount() > 0, "update_mask", "empty", expected);
        mask.getPathsList().stream()
                .filter(path -> !fields.contains(path))
                .findFirst()
                .ifPresent(path -> v.add("update_mask", path, expected));
        return Set.copyOf(mask.getPathsList());
    }
}
