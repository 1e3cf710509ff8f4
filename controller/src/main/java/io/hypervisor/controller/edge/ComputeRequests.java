package io.hypervisor.controller.edge;

import io.hypervisor.api.v1.ConsoleInput;
import io.hypervisor.api.v1.CreateImageRequest;
import io.hypervisor.api.v1.CreateInstanceRequest;
import io.hypervisor.api.v1.DeleteImageRequest;
import io.hypervisor.api.v1.DeleteInstanceRequest;
import io.hypervisor.api.v1.GetInstanceLogsRequest;
import io.hypervisor.api.v1.GetInstanceRequest;
import io.hypervisor.api.v1.GetInstanceStatsRequest;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.ListImagesRequest;
import io.hypervisor.api.v1.ListInstancesRequest;
import io.hypervisor.api.v1.PullImageRequest;
import io.hypervisor.api.v1.RestartInstanceRequest;
import io.hypervisor.api.v1.StartInstanceRequest;
import io.hypervisor.api.v1.StopInstanceRequest;
import io.hypervisor.api.v1.UpdateInstanceRequest;
import io.hypervisor.api.v1.WatchInstanceRequest;
import io.hypervisor.controller.action.UpdateInstance;
import io.hypervisor.core.Violations;
import io.hypervisor.core.spec.AgentRequests;
import io.hypervisor.core.spec.ImageSources;
import io.hypervisor.core.spec.PlacementPolicies;
import io.hypervisor.core.spec.Specs;

import java.util.regex.Pattern;

/** Checks every field of ComputeService's requests. Throws INVALID_ARGUMENT. */
final class ComputeRequests {
    private static final int MAX_TERMINAL = 10_000;
    private static final int MAX_TIMEOUT_SECONDS = 3600;
    private static final Pattern IMAGE_NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");
    private static final Pattern USER = Pattern.compile("([a-z_][a-z0-9_-]{0,31})?");
    private static final String EXPECTED_NAME =
            "1-63 letters, digits, '.', '_' and '-', beginning with a letter or digit";

    private ComputeRequests() {}

    static void check(CreateInstanceRequest request) {
        Violations v = new Violations();
        v.name("name", request.getName());
        Specs.checkType(v, request.getType(), request.getTypeValue());
        v.check(request.hasSpec(), "spec", "absent", "what the instance is made of");
        if (request.hasSpec() && Specs.TYPES.contains(request.getType())) {
            Specs.check(v, request.getType(), request.getSpec());
            checkNoSources(v, request.getSpec());
        }
        Specs.check(v, request.getMetadata());
        v.optionalId("preferred_node_id", request.getPreferredNodeId());
        v.labelValue("region", request.getRegion());
        v.labelValue("zone", request.getZone());
        v.requestId(request.getRequestId());
        PlacementPolicies.check(v, request.getPlacement());
        v.size(request);
        v.throwIfAny();
    }

    static void check(DeleteInstanceRequest request) {
        new Violations()
                .id("instance_id", request.getInstanceId())
                .revision("expected_revision", request.getExpectedRevision())
                .throwIfAny();
    }

    static void check(GetInstanceRequest request) {
        new Violations()
                .id("instance_id", request.getInstanceId())
                .revision("min_revision", request.getMinRevision())
                .throwIfAny();
    }

    static void check(ListInstancesRequest request) {
        Violations v = new Violations();
        v.pageSize(request.getPageSize());
        v.known("type", request.getType(), request.getTypeValue());
        v.known("state", request.getState(), request.getStateValue());
        v.optionalId("node_id", request.getNodeId());
        v.labels("label_selector", request.getLabelSelectorMap());
        if (!request.getName().isEmpty()) {
            v.name("name", request.getName());
        }
        v.throwIfAny();
    }

    static void check(StartInstanceRequest request) {
        new Violations()
                .id("instance_id", request.getInstanceId())
                .revision("expected_revision", request.getExpectedRevision())
                .throwIfAny();
    }

    static void check(StopInstanceRequest request) {
        new Violations()
                .id("instance_id", request.getInstanceId())
                .range("timeout_seconds", request.getTimeoutSeconds(), 0, MAX_TIMEOUT_SECONDS)
                .revision("expected_revision", request.getExpectedRevision())
                .throwIfAny();
    }

    /** The spec is checked where the rest of it is known. */
    static void check(UpdateInstanceRequest request) {
        Violations v = new Violations();
        v.id("instance_id", request.getInstanceId());
        NetworkRequests.mask(v, request.getUpdateMask(), UpdateInstance.FIELDS);
        Specs.check(v, request.getMetadata());
        v.revision("expected_revision", request.getExpectedRevision());
        v.size(request);
        v.throwIfAny();
    }

    static void check(RestartInstanceRequest request) {
        new Violations()
                .id("instance_id", request.getInstanceId())
                .revision("expected_revision", request.getExpectedRevision())
                .throwIfAny();
    }

    static void check(GetInstanceStatsRequest request) {
        new Violations().id("instance_id", request.getInstanceId()).throwIfAny();
    }

    static void check(GetInstanceLogsRequest request) {
        AgentRequests.check(request);
    }

    static void check(WatchInstanceRequest request) {
        new Violations()
                .optionalId("instance_id", request.getInstanceId())
                .known("type", request.getType(), request.getTypeValue())
                .known("state", request.getState(), request.getStateValue())
                .optionalId("node_id", request.getNodeId())
                .labels("label_selector", request.getLabelSelectorMap())
                .revision("resume_revision", request.getResumeRevision())
                .throwIfAny();
    }

    private static void checkNoSources(Violations v, InstanceSpec spec) {
        String expected = "absent: an entry of the catalogue says it";
        v.check(!spec.hasImageSource(), "spec.image_source", "present", expected);
        v.check(!spec.hasKernelSource(), "spec.kernel_source", "present", expected);
        v.check(!spec.hasInitrdSource(), "spec.initrd_source", "present", expected);
    }

    static void check(ListImagesRequest request) {
        new Violations()
                .pageSize(request.getPageSize())
                .known("type", request.getType(), request.getTypeValue())
                .throwIfAny();
    }

    static void check(CreateImageRequest request) {
        Violations v = new Violations();
        v.check(
                IMAGE_NAME.matcher(request.getName()).matches(),
                "name",
                request.getName(),
                EXPECTED_NAME);
        v.check(
                request.getTypeValue() == 0 || request.getType() == InstanceType.INSTANCE_TYPE_VM,
                "type",
                request.getTypeValue(),
                "INSTANCE_TYPE_VM, for microVMs too: containers name their image by its reference");
        v.check(request.hasSource(), "source", "absent", "where the image comes from");
        if (request.hasSource()) {
            ImageSources.check(v, "source", request.getSource());
        }
        v.check(
                USER.matcher(request.getDefaultUser()).matches(),
                "default_user",
                request.getDefaultUser(),
                "at most 32 lower-case letters, digits, '_' and '-', no digit or '-' first");
        v.requestId(request.getRequestId());
        v.throwIfAny();
    }

    static void check(DeleteImageRequest request) {
        new Violations()
                .check(
                        IMAGE_NAME.matcher(request.getName()).matches(),
                        "name",
                        request.getName(),
                        EXPECTED_NAME)
                .revision("expected_revision", request.getExpectedRevision())
                .throwIfAny();
    }

    static void check(PullImageRequest request) {
        Violations v = new Violations();
        Specs.checkType(v, request.getType(), request.getTypeValue());
        AgentRequests.imageRef(v, request.getType(), request.getImageRef());
        v.optionalId("node_id", request.getNodeId());
        v.throwIfAny();
    }

    static void check(ConsoleInput input, boolean first) {
        Violations v = new Violations();
        if (first) {
            v.id("instance_id", input.getInstanceId());
            v.range("width", input.getWidth(), 0, MAX_TERMINAL);
            v.range("height", input.getHeight(), 0, MAX_TERMINAL);
        }
        AgentRequests.data(v, input.getData().size());
        if (input.hasResize()) {
            AgentRequests.terminal(v, input.getResize().getWidth(), input.getResize().getHeight());
        }
        v.throwIfAny();
    }
}
