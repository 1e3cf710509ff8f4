package io.hypervisor.controller.edge;

import io.hypervisor.api.v1.AgentConsoleInput;
import io.hypervisor.api.v1.AgentCreateInstanceRequest;
import io.hypervisor.api.v1.AgentStopInstanceRequest;
import io.hypervisor.core.Violations;
import io.hypervisor.core.spec.Specs;

/** Checks every field of AgentService's requests. Throws INVALID_ARGUMENT. */
final class AgentRequests {
    private AgentRequests() {}

    static void check(AgentCreateInstanceRequest request) {
        Violations v = new Violations();
        v.optionalId("instance_id", request.getInstanceId());
        v.name("name", request.getName());
        v.check(
                ComputeRequests.TYPES.contains(request.getType()),
                "type",
                request.getTypeValue(),
                ComputeRequests.EXPECTED_TYPE);
        v.check(request.hasSpec(), "spec", "absent", "what the instance is made of");
        if (request.hasSpec() && ComputeRequests.TYPES.contains(request.getType())) {
            Specs.check(v, request.getType(), request.getSpec());
        }
        Specs.checkMetadata(v, "", request.getLabelsMap(), request.getAnnotationsMap());
        v.throwIfAny();
    }

    static void check(String instanceId) {
        new Violations().id("instance_id", instanceId).throwIfAny();
    }

    static void check(AgentStopInstanceRequest request) {
        new Violations()
                .id("instance_id", request.getInstanceId())
                .range("timeout_seconds", request.getTimeoutSeconds(), 0, 3600)
                .throwIfAny();
    }

    static void check(AgentConsoleInput input) {
        Violations v = new Violations();
        ComputeRequests.data(v, input.getData().size());
        if (input.hasResize()) {
            v.range("resize.width", input.getResize().getWidth(), 1, ComputeRequests.MAX_TERMINAL);
            v.range(
                    "resize.height",
                    input.getResize().getHeight(),
                    1,
                    ComputeRequests.MAX_TERMINAL);
        }
        v.throwIfAny();
    }
}
