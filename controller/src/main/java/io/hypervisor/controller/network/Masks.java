package io.hypervisor.controller.network;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.FieldMask;
import com.google.protobuf.Message;

/** Writes the fields that an update names. */
public final class Masks {
    private Masks() {}

    /**
     * The message with the fields of the mask, names of its own fields, as {@code from} has them; a
     * field that is absent there is absent then.
     */
    @SuppressWarnings("unchecked") // A builder of M builds an M.
    public static <M extends Message> M write(M to, M from, FieldMask mask) {
        Message.Builder next = to.toBuilder();
        for (String path : mask.getPathsList()) {
            FieldDescriptor field = to.getDescriptorForType().findFieldByName(path);
            if (field.hasPresence() && !from.hasField(field)) {
                next.clearField(field);
            } else {
                next.setField(field, from.getField(field));
            }
        }
        return (M) next.build();
    }
}
