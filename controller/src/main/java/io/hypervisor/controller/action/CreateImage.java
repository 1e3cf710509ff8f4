package io.hypervisor.controller.action;

import com.google.protobuf.Timestamp;

import io.hypervisor.api.internal.v1.ImageRecord;
import io.hypervisor.api.internal.v1.RequestMark;
import io.hypervisor.api.v1.CreateImageRequest;
import io.hypervisor.api.v1.Image;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Entry;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Fault;

import java.util.List;
import java.util.Optional;

/** Adds an image to the catalogue. */
public record CreateImage(CreateImageRequest request, RequestMark mark, Timestamp at)
        implements Action<Image> {
    // Every snapshot holds all of them, and a list walks through them.
    private static final int MOST = 1_000;

    @Override
    public Decision<Image> decide(Snapshot now) {
        Optional<ImageRecord> earlier = earlier(now);
        if (earlier.isPresent()) {
            return answer(earlier.get().getImage().getName(), List.of());
        }
        String name = request.getName();
        if (now.images().containsKey(name)) {
            throw Fault.alreadyExists(
                    Require.IMAGE,
                    name,
                    "name: value: " + name + " (expected: a name that no image has)");
        }
        if (now.images().size() >= MOST) {
            throw Fault.of(
                    Fault.Kind.RESOURCE_EXHAUSTED,
                    "TOO_MANY_IMAGES",
                    "the catalogue has " + MOST + " images (expected: fewer)");
        }
        ImageRecord record = ImageRecord.newBuilder().setImage(image()).setRequest(mark).build();
        return answer(name, List.of(Edit.put(Table.IMAGE, name, record)));
    }

    private Optional<ImageRecord> earlier(Snapshot now) {
        if (mark.getId().isEmpty()) {
            return Optional.empty();
        }
        Optional<ImageRecord> earlier =
                now.images().values().stream()
                        .map(Entry::value)
                        .filter(record -> record.getRequest().getId().equals(mark.getId()))
                        .findFirst();
        if (earlier.isPresent() && !earlier.get().getRequest().equals(mark)) {
            throw Fault.invalid(
                    "request_id",
                    mark.getId(),
                    "a new one: image "
                            + earlier.get().getImage().getName()
                            + " was created under it from another request");
        }
        return earlier;
    }

    private Image image() {
        return Image.newBuilder()
                .setId("vm/" + request.getName())
                .setName(request.getName())
                .setType(InstanceType.INSTANCE_TYPE_VM)
                .setCreatedAt(at)
                .setSource(request.getSource())
                .setDefaultUser(request.getDefaultUser())
                .build();
    }

    private static Decision<Image> answer(String name, List<Edit> edits) {
        return new Decision<>(
                edits,
                after -> {
                    Entry<ImageRecord> made = after.images().get(name);
                    return made.value().getImage().toBuilder().setRevision(made.revision()).build();
                });
    }
}
