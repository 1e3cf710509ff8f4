package io.hypervisor.cluster.input;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.MapEntry;
import com.google.protobuf.Message;

import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sets one field of a message by its path: "spec.disks[0].name", "metadata.labels[app]". */
final class Patch {
    /** As a value: the field is not set at all. */
    static final Object ABSENT = Absent.ABSENT;

    private enum Absent {
        ABSENT;

        @Override
        public String toString() {
            return "absent";
        }
    }

    private static final Pattern SEGMENT =
            Pattern.compile("([a-z_0-9]+)(?:\\[(.*?)])?(?:\\.(.*))?", Pattern.DOTALL);

    private Patch() {}

    /** The message with that field set; an empty path changes nothing. */
    static Message apply(Message base, String path, Object value) {
        if (path.isEmpty()) {
            return base;
        }
        Message.Builder builder = base.toBuilder();
        set(builder, path, value);
        return builder.build();
    }

    private static void set(Message.Builder to, String path, Object value) {
        Matcher segment = SEGMENT.matcher(path);
        if (!segment.matches()) {
            throw new IllegalArgumentException("path: " + path);
        }
        FieldDescriptor field = to.getDescriptorForType().findFieldByName(segment.group(1));
        if (field == null) {
            throw new IllegalArgumentException(to.getDescriptorForType().getName() + ": " + path);
        }
        String index = segment.group(2);
        String rest = segment.group(3);
        if (field.isMapField()) {
            Map<?, ?> entries = index == null ? (Map<?, ?>) value : Map.of(index, value);
            entries.forEach((k, v) -> to.addRepeatedField(field, entry(to, field, k, v)));
        } else if (rest != null) {
            descend(to, field, index, rest, value);
        } else if (value instanceof Absent) {
            to.clearField(field);
        } else if (index != null) {
            fill(to, field, Integer.parseInt(index));
            to.setRepeatedField(field, Integer.parseInt(index), converted(field, value));
        } else if (field.isRepeated()) {
            to.clearField(field);
            ((List<?>) value).forEach(v -> to.addRepeatedField(field, converted(field, v)));
        } else {
            to.setField(field, converted(field, value));
        }
    }

    private static void descend(
            Message.Builder to, FieldDescriptor field, String index, String rest, Object value) {
        if (index == null) {
            set(to.getFieldBuilder(field), rest, value);
        } else {
            fill(to, field, Integer.parseInt(index));
            set(to.getRepeatedFieldBuilder(field, Integer.parseInt(index)), rest, value);
        }
    }

    /** Elements up to the index, as the one before or empty. */
    private static void fill(Message.Builder to, FieldDescriptor field, int index) {
        while (to.getRepeatedFieldCount(field) <= index) {
            to.addRepeatedField(
                    field,
                    switch (field.getJavaType()) {
                        case MESSAGE -> to.newBuilderForField(field).build();
                        case STRING -> "";
                        default -> converted(field, 0);
                    });
        }
    }

    private static Object entry(Message.Builder to, FieldDescriptor field, Object key, Object v) {
        MapEntry.Builder<?, ?> entry = (MapEntry.Builder<?, ?>) to.newBuilderForField(field);
        return entry.setField(entry.getDescriptorForType().findFieldByNumber(1), key)
                .setField(entry.getDescriptorForType().findFieldByNumber(2), v)
                .build();
    }

    private static Object converted(FieldDescriptor field, Object value) {
        return switch (field.getJavaType()) {
            case INT -> ((Number) value).intValue();
            case LONG -> ((Number) value).longValue();
            case DOUBLE -> ((Number) value).doubleValue();
            case FLOAT -> ((Number) value).floatValue();
            case ENUM -> field.getEnumType().findValueByNumberCreatingIfUnknown((Integer) value);
            case BYTE_STRING -> ByteString.copyFrom((byte[]) value);
            case BOOLEAN, STRING, MESSAGE -> value;
        };
    }
}
