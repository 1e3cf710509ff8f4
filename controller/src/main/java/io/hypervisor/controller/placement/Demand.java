package io.hypervisor.controller.placement;

import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.PlacementPolicy;
import io.hypervisor.api.v1.Resources;
import io.hypervisor.controller.state.PlacementConfig;

import java.util.Map;

/**
 * What an instance needs of a node. The instance itself, if it is placed already, does not count
 * for its own affinity rules.
 *
 * @param image the image's name or path, empty for a direct boot
 * @param labels the instance's own
 */
public record Demand(
        String instanceId,
        InstanceType type,
        String image,
        Resources reservation,
        Map<String, String> labels,
        PlacementPolicy policy) {

    /** What this instance needs. */
    public static Demand of(InstanceRecord instance, PlacementConfig config) {
        return new Demand(
                instance.getId(),
                instance.getType(),
                instance.getSpec().getImage(),
                config.reservation(instance.getType(), instance.getSpec()),
                instance.getMetadata().getLabelsMap(),
                instance.getPlacement());
    }

    /** As nodes name the types that they support: "vm", "container" or "microvm". */
    String typeName() {
        return switch (type) {
            case INSTANCE_TYPE_VM -> "vm";
            case INSTANCE_TYPE_CONTAINER -> "container";
            case INSTANCE_TYPE_MICROVM -> "microvm";
            case INSTANCE_TYPE_UNSPECIFIED, UNRECOGNIZED -> "";
        };
    }
}
