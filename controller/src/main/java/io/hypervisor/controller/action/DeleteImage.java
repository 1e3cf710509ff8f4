package io.hypervisor.controller.action;

import com.google.protobuf.Empty;

import io.hypervisor.api.v1.DeleteImageRequest;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;

import java.util.List;

/** Takes an image out of the catalogue; instances have a copy of what it said. */
public record DeleteImage(DeleteImageRequest request) implements Action<Empty> {
    @Override
    public Decision<Empty> decide(Snapshot now) {
        String name = request.getName();
        Require.image(now, name, request.getExpectedRevision());
        return Answers.value(Empty.getDefaultInstance(), List.of(Edit.delete(Table.IMAGE, name)));
    }
}
