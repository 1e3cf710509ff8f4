package io.hypervisor.controller.edge;

import io.hypervisor.api.v1.Image;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.ListImagesRequest;
import io.hypervisor.api.v1.ListImagesResponse;
import io.hypervisor.controller.state.Snapshot;

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

    /** Whether a node holds the image under this name. */
    static boolean held(Snapshot now, String name, InstanceType type) {
        return now.nodes().keySet().stream()
                .flatMap(id -> on(now, id).stream())
                .anyMatch(image -> image.getType() == type && named(image, name));
    }

    private static boolean named(Image image, String name) {
        return image.getName().equals(name) || image.getTagsList().contains(name);
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
