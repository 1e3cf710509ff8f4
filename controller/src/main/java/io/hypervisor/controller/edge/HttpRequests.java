package io.hypervisor.controller.edge;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import com.linecorp.armeria.common.AggregatedHttpRequest;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.common.QueryParams;

import io.hypervisor.core.Fault;
import io.hypervisor.core.Violations;

import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A request, put together: a JSON body, fields that the path names, and what the query says: {@code
 * field=value}, again for more of a list, {@code field[key]=value} for a map.
 */
final class HttpRequests {
    private static final Pattern PARAMETER = Pattern.compile("(?s)([A-Za-z0-9_]+)(\\[(.*)])?");

    private final Descriptor type;
    private final Message prototype;
    private final Message.Builder request;
    private final Set<String> named;
    private final Violations violations = new Violations();

    private HttpRequests(Message prototype, Map<String, String> path) {
        this.prototype = prototype;
        this.type = prototype.getDescriptorForType();
        this.request = prototype.newBuilderForType();
        this.named = new HashSet<>(path.keySet());
    }

    /**
     * The message, or a fault that names what is wrong.
     *
     * @param body the field that is sent as the body, * if all are, or nothing
     */
    static Message message(
            Message prototype,
            String body,
            Map<String, String> path,
            QueryParams query,
            AggregatedHttpRequest http) {
        HttpRequests parts = new HttpRequests(prototype, path);
        if (!body.isEmpty()) {
            parts.body(body, http);
        }
        path.forEach(parts::variable);
        query.forEach(parts::parameter);
        parts.violations.throwIfAny();
        return parts.request.build();
    }

    private void body(String name, AggregatedHttpRequest http) {
        if (http.content().isEmpty()) {
            return;
        }
        MediaType given = http.contentType();
        if (given == null || !given.isJson()) {
            throw Fault.invalid("header content-type", given, "application/json");
        }
        Message.Builder part =
                name.equals("*") ? request : request.getFieldBuilder(type.findFieldByName(name));
        try {
            JsonFormat.parser().merge(http.contentUtf8(), part);
        } catch (InvalidProtocolBufferException e) {
            throw HttpErrors.malformed(e);
        }
    }

    /** A field, or one of a part: {@code network.id}. */
    private void variable(String name, String value) {
        Message.Builder part = request;
        int begin = 0;
        for (int dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', begin)) {
            part =
                    part.getFieldBuilder(
                            part.getDescriptorForType()
                                    .findFieldByName(name.substring(begin, dot)));
            begin = dot + 1;
        }
        part.setField(part.getDescriptorForType().findFieldByName(name.substring(begin)), value);
    }

    private void parameter(String name, String value) {
        Matcher parts = PARAMETER.matcher(name);
        Optional<FieldDescriptor> found =
                parts.matches()
                        ? field(parts.group(1))
                                .filter(f -> f.isMapField() == (parts.group(3) != null))
                        : Optional.empty();
        if (found.isEmpty()) {
            violations.add(name, value, "no parameter but fields of " + type.getFullName());
            return;
        }
        FieldDescriptor field = found.get();
        if (!named.add(field.getName()) && !field.isRepeated()) {
            violations.add(field.getName(), value, "to be given once");
            return;
        }
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        if (field.isMapField()) {
            json.putObject(field.getName()).put(parts.group(3), value);
        } else if (field.isRepeated()) {
            json.putArray(field.getName()).add(value);
        } else {
            json.put(field.getName(), value);
        }
        try {
            Message.Builder one = prototype.newBuilderForType();
            JsonFormat.parser().merge(json.toString(), one);
            request.mergeFrom(one.build());
        } catch (InvalidProtocolBufferException e) {
            violations.add(field.getName(), value, expected(field));
        }
    }

    private Optional<FieldDescriptor> field(String name) {
        return type.getFields().stream()
                .filter(f -> f.getName().equals(name) || f.getJsonName().equals(name))
                .findFirst();
    }

    private static String expected(FieldDescriptor field) {
        return switch (field.getJavaType()) {
            case ENUM ->
                    field.getEnumType().getValues().stream()
                            .map(value -> value.getName())
                            .collect(Collectors.joining(", "));
            case MESSAGE -> "a " + field.getMessageType().getFullName() + " as JSON has it";
            default -> "a value of type " + field.getType().name().toLowerCase(Locale.ROOT);
        };
    }
}
