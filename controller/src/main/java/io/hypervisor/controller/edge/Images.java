package io.hypervisor.controller.edge;

import io.hypervisor.api.internal.v1.ImageRecord;
import io.hypervisor.api.internal.v1.NodeRecord;
import io.hypervisor.api.v1.AgentPullImageRequest;
import io.hypervisor.api.v1.Image;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.ListImagesRequest;
import io.hypervisor.api.v1.ListImagesResponse;
import io.hypervisor.api.v1.PullImageRequest;
import io.hypervisor.controller.placement.Demand;
import io.hypervisor.controller.state.Entry;
import io.hypervisor.controller.state.Room;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.core.Fault;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/** The images of the catalogue and of the nodes, those of one name and type as one. Pure. */
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

    /** The images of the catalogue, and what nodes hold beside them. */
    private static NavigableMap<String, Image.Builder> merged(Snapshot now, InstanceType type) {
        NavigableMap<String, Image.Builder> merged = new TreeMap<>();
        Map<String, List<Image.Builder>> copies = new HashMap<>();
        if (type != InstanceType.INSTANCE_TYPE_CONTAINER) {
            for (Entry<ImageRecord> entry : now.images().values()) {
                Image.Builder image =
                        entry.value().getImage().toBuilder().setRevision(entry.revision());
                merged.put(key(image), image);
                copies.computeIfAbsent(copyOf(image), name -> new ArrayList<>()).add(image);
            }
        }
        for (String node : now.nodes().keySet()) {
            for (Image image : on(now, node)) {
                if (type == InstanceType.INSTANCE_TYPE_UNSPECIFIED || image.getType() == type) {
                    add(merged, copies, node, image);
                }
            }
        }
        return merged;
    }

    private static String copyOf(Image.Builder image) {
        return Demand.FETCHED + image.getSource().getSha256();
    }

    private static void add(
            NavigableMap<String, Image.Builder> merged,
            Map<String, List<Image.Builder>> copies,
            String node,
            Image image) {
        if (image.getName().startsWith(Demand.FETCHED)) {
            // One that left the catalogue has no name any more.
            copies.getOrDefault(image.getName(), List.of())
                    .forEach(entry -> addCopy(entry, node, image));
            return;
        }
        Image.Builder known =
                merged.computeIfAbsent(
                        key(image.toBuilder()), key -> image.toBuilder().clearNodeIds());
        if (!known.hasSource()) {
            known.addNodeIds(node);
        }
    }

    /** A node tells of a copy once for each type that may use it. */
    private static void addCopy(Image.Builder entry, String node, Image copy) {
        int nodes = entry.getNodeIdsCount();
        if (nodes == 0 || !entry.getNodeIds(nodes - 1).equals(node)) {
            entry.setSizeBytes(copy.getSizeBytes()).addNodeIds(node);
        }
    }

    /** What a node is asked, so that it knows where the image is. */
    static AgentPullImageRequest toNode(Snapshot now, PullImageRequest request) {
        AgentPullImageRequest.Builder asked =
                AgentPullImageRequest.newBuilder()
                        .setImageRef(request.getImageRef())
                        .setType(request.getType());
        Entry<ImageRecord> image = now.images().get(request.getImageRef());
        if (image != null && request.getType() != InstanceType.INSTANCE_TYPE_CONTAINER) {
            asked.setSource(image.value().getImage().getSource());
        }
        return asked.build();
    }

    /** Names hold no NUL, so this orders by name. */
    private static String key(Image.Builder image) {
        return image.getName() + '\0' + image.getTypeValue();
    }

    private static List<Image> on(Snapshot now, String node) {
        return now.health(node).map(health -> health.value().getImagesList()).orElse(List.of());
    }
}
