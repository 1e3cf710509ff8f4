package io.hypervisor.controller.edge;

import io.hypervisor.api.internal.v1.NodeRecord;
import io.hypervisor.api.v1.Image;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.ListImagesRequest;
import io.hypervisor.api.v1.ListImagesResponse;
import io.hypervisor.api.v1.PullImageRequest;
import io.hypervisor.controller.placement.Demand;
import io.hypervisor.controller.state.Room;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.core.Fault;

import java.util.Iterator;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;

/** The images that a snapshot's nodes hold, those of one name and type as one. Pure. */
final class Images {
    private Images() {}

    static ListImagesResponse list(Snapshot now, ListImagesRequest request, Pages pages) {
        ListImagesRequest filters = request.toBuilder().clearPageSize().clearPageToken().build();
        Pages.Cursor cursor = pages.open(filters, request.getPageSize(), request.getPageToken());
        NavigableMap<String, Image.Builder> merged = merged(now, request.getType());
        Iterator<Image.Builder> rest = merged.tailMap(cursor.after(), false).values().iterator();
        Pages.Page<Image.Builder> page = cursor.take(rest, Images::key);
        ListImagesResponse.Builder response =
                ListImagesResponse.newBuilder()
                        .setNextPageToken(page.nextToken())
                        .setTotalCount(merged.size());
        page.items().forEach(response::addImages);
        return response.build();
    }

    /** The nodes that a pull is for. */
    static List<NodeRecord> targets(Snapshot now, PullImageRequest request) {
        String type = Demand.typeName(request.getType());
        String only = request.getNodeId();
        if (!only.isEmpty()) {
            NodeRecord node = NodeDoor.node(now, only);
            if (!node.getSupportedInstanceTypesList().contains(type)) {
                throw noTarget("node " + only + " does not run the type " + type);
            }
            return List.of(node);
        }
        List<NodeRecord> open =
                now.rooms().all().stream()
                        .filter(Room::open)
                        .map(Room::node)
                        .filter(node -> node.getSupportedInstanceTypesList().contains(type))
                        .toList();
        if (open.isEmpty()) {
            throw noTarget("no node that is open for new instances runs the type " + type);
        }
        return open;
    }

    private static Fault noTarget(String message) {
        return Fault.of(Fault.Kind.FAILED_PRECONDITION, "TYPE_NOT_SUPPORTED", message);
    }

    private static NavigableMap<String, Image.Builder> merged(Snapshot now, InstanceType type) {
        NavigableMap<String, Image.Builder> merged = new TreeMap<>();
        for (String node : now.nodes().keySet()) {
            for (Image image : on(now, node)) {
                if (type == InstanceType.INSTANCE_TYPE_UNSPECIFIED || image.getType() == type) {
                    merged.computeIfAbsent(
                                    key(image.toBuilder()), key -> image.toBuilder().clearNodeIds())
                            .addNodeIds(node);
                }
            }
        }
        return merged;
    }

    /** Names hold no NUL, so this orders by name. */
    private static String key(Image.Builder image) {
        return image.getName() + '\0' + image.getTypeValue();
    }

    private static List<Image> on(Snapshot now, String node) {
        return now.health(node).map(health -> health.value().getImagesList()).orElse(List.of());
    }
}
