package io.hypervisor.core.spec;

import io.hypervisor.api.v1.AgentConsoleInput;
import io.hypervisor.api.v1.AgentCreateInstanceRequest;
import io.hypervisor.api.v1.AgentPullImageRequest;
import io.hypervisor.api.v1.AgentStopInstanceRequest;
import io.hypervisor.api.v1.GetInstanceLogsRequest;
import io.hypervisor.api.v1.ImageSource;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.core.Violations;

/**
 * Checks every field of AgentService's requests. Throws INVALID_ARGUMENT. The node's own door and
 * the controller's answer alike.
 */
public final class AgentRequests {
    private static final int MAX_CONSOLE_BYTES = 64 * 1024;
    private static final int MAX_TERMINAL = 10_000;
    private static final int MAX_TIMEOUT_SECONDS = 3600;
    private static final int MAX_TAIL_BYTES = 1024 * 1024;
    private static final int MAX_TAIL_LINES = 100_000;

    private AgentRequests() {}

    /** A request to create. */
    public static void check(AgentCreateInstanceRequest request) {
        Violations v = new Violations();
        v.optionalId("instance_id", request.getInstanceId());
        v.name("name", request.getName());
        Specs.checkType(v, request.getType(), request.getTypeValue());
        v.check(request.hasSpec(), "spec", "absent", "what the instance is made of");
        if (request.hasSpec() && Specs.TYPES.contains(request.getType())) {
            Specs.check(v, request.getType(), request.getSpec());
            sources(v, request.getType(), request.getSpec());
        }
        Specs.checkMetadata(v, "", request.getLabelsMap(), request.getAnnotationsMap());
        v.size(request);
        v.throwIfAny();
    }

    /** A request that names one instance and nothing else that could be wrong. */
    public static void check(String instanceId) {
        new Violations().id("instance_id", instanceId).throwIfAny();
    }

    /** A request to stop. */
    public static void check(AgentStopInstanceRequest request) {
        new Violations()
                .id("instance_id", request.getInstanceId())
                .range("timeout_seconds", request.getTimeoutSeconds(), 0, MAX_TIMEOUT_SECONDS)
                .throwIfAny();
    }

    /** A request for logs. */
    public static void check(GetInstanceLogsRequest request) {
        new Violations()
                .id("instance_id", request.getInstanceId())
                .range("tail_bytes", request.getTailBytes(), 0, MAX_TAIL_BYTES)
                .range("tail_lines", request.getTailLines(), 0, MAX_TAIL_LINES)
                .timestamp("since", request.getSince())
                .throwIfAny();
    }

    /** A request to fetch an image. */
    public static void check(AgentPullImageRequest request) {
        Violations v = new Violations();
        Specs.checkType(v, request.getType(), request.getTypeValue());
        imageRef(v, request.getType(), request.getImageRef());
        if (request.hasSource()) {
            checkType(v, "source", request.getType());
            ImageSources.check(v, "source", request.getSource());
        }
        v.throwIfAny();
    }

    private static void sources(Violations v, InstanceType type, InstanceSpec spec) {
        if (spec.hasImageSource()) {
            source(v, type, "image", spec.getImage(), spec.getImageSource());
        }
        if (spec.hasKernelSource()) {
            source(v, type, "kernel", spec.getKernel(), spec.getKernelSource());
        }
        if (spec.hasInitrdSource()) {
            source(v, type, "initrd", spec.getInitrd(), spec.getInitrdSource());
        }
    }

    private static void source(
            Violations v, InstanceType type, String use, String name, ImageSource source) {
        String field = "spec." + use + "_source";
        checkType(v, field, type);
        v.check(!name.isEmpty(), field, "present", "absent without spec." + use);
        ImageSources.check(v, field, use, source);
    }

    private static void checkType(Violations v, String field, InstanceType type) {
        v.check(type != InstanceType.INSTANCE_TYPE_CONTAINER, field, "present", "absent: VMs only");
    }

    /** The name of an image of a type that may be wrong, too. */
    public static void imageRef(Violations v, InstanceType type, String reference) {
        boolean container = type == InstanceType.INSTANCE_TYPE_CONTAINER;
        v.check(
                container ? ImageRefs.isReference(reference) : ImageRefs.isFile(reference),
                "image_ref",
                reference,
                container ? ImageRefs.EXPECTED_REFERENCE : ImageRefs.EXPECTED_FILE);
    }

    /** What is sent to a console. */
    public static void check(AgentConsoleInput input) {
        Violations v = new Violations();
        data(v, input.getData().size());
        if (input.hasResize()) {
            terminal(v, input.getResize().getWidth(), input.getResize().getHeight());
        }
        v.throwIfAny();
    }

    /** A later message of a console's stream: it names the first one's instance, or none. */
    public static void sameInstance(String instanceId, String first) {
        new Violations()
                .check(
                        instanceId.isEmpty() || instanceId.equals(first),
                        "instance_id",
                        instanceId,
                        "empty, or the first message's: " + first)
                .throwIfAny();
    }

    /** Bytes to type. */
    public static void data(Violations v, int bytes) {
        v.check(
                bytes <= MAX_CONSOLE_BYTES,
                "data",
                bytes + " bytes",
                "at most " + MAX_CONSOLE_BYTES + " a message");
    }

    /** The size of a terminal. */
    public static void terminal(Violations v, int width, int height) {
        v.range("resize.width", width, 1, MAX_TERMINAL);
        v.range("resize.height", height, 1, MAX_TERMINAL);
    }
}
