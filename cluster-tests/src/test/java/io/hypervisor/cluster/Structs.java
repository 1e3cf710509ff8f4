package io.hypervisor.cluster;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;

import java.util.List;

/** Short ways into a Struct. */
final class Structs {
    private Structs() {}

    static String text(Struct struct, String field) {
        return struct.getFieldsOrDefault(field, Value.getDefaultInstance()).getStringValue();
    }

    /** A message field; empty if absent, as in a bookmark. */
    static Struct struct(Struct struct, String field) {
        return struct.getFieldsOrDefault(field, Value.getDefaultInstance()).getStructValue();
    }

    static int number(Struct struct, String field) {
        return (int) struct.getFieldsOrDefault(field, Value.getDefaultInstance()).getNumberValue();
    }

    static List<Struct> list(Struct struct, String field) {
        return struct
                .getFieldsOrDefault(field, Value.getDefaultInstance())
                .getListValue()
                .getValuesList()
                .stream()
                .map(Value::getStructValue)
                .toList();
    }
}
