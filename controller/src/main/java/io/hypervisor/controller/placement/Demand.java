package io.hypervisor.controller.placement;

import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.PlacementPolicy;
import io.hypervisor.api.v1.Resources;
import io.hypervisor.controller.state.Carriage;
import io.hypervisor.controller.state.Snapshot;

import java.util.Map;
import java.util.Set;

/**
 * What an instance needs of a node. The instance itself, if it is placed already, does not count
 * for its own affinity rules.
 *
 * @param image the image's name or path, or the digest of one of the catalogue; empty for a direct
 *     boot
 * @param labels the instance's own
 * @param networks what its networks ask of a node; see {@link Carriage}
 */
public record Demand(
        String instanceId,
        InstanceType type,
        String image,
        Resources reservation,
        Map<String, String> labels,
        PlacementPolicy policy,
        Set<String> networks) {
    /** Begins the names of VM images that nodes hold a copy of. No other name has a colon. */
    public static final String FETCHED = "sha256:";

    /** What this instance needs. */
    public static Demand of(InstanceRecord instance, Snapshot now) {
        return new Demand(
                instance.getId(),
                instance.getType(),
                image(instance.getSpec()),
                now.config().reservation(instance.getType(), instance.getSpec()),
                instance.getMetadata().getLabelsMap(),
                instance.getPlacement(),
                Carriage.needs(now, instance));
    }

    /** As nodes name it. */
    private static String image(InstanceSpec spec) {
        return spec.hasImageSource()
                ? FETCHED + spec.getImageSource().getSha256()
                : spec.getImage();
    }

    /** Whether a node that does not hold the image fetches it. */
    boolean fetchesImage() {
        return type == InstanceType.INSTANCE_TYPE_CONTAINER || image.startsWith(FETCHED);
    }

    /** As nodes name the type. */
    String typeName() {
        return typeName(type);
    }

    /** As nodes name the types that they support: "vm", "container" or "microvm". */
    public static String typeName(InstanceType type) {
        return switch (type) {
            case INSTANCE_TYPE_VM -> "vm";
            case INSTANCE_TYPE_CONTAINER -> "container";
            case INSTANCE_TYPE_MICROVM -> "microvm";
            case INSTANCE_TYPE_UNSPECIFIED, UNRECOGNIZED -> "";
        };
    }
}
