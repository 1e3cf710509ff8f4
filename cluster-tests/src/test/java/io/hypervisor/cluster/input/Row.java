package io.hypervisor.cluster.input;

import com.google.protobuf.Message;

import io.grpc.Status.Code;

import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * One wrong request and its answer.
 *
 * @param call what is called, with a request that is right but for the field
 * @param path the field that is wrong
 * @param value what it holds; see {@link Patch}
 * @param code the answer's status code
 * @param reason the answer's ErrorInfo.reason
 * @param field the field that the answer names; empty: the answer is not about a field
 * @param says what the answer's text says in any case
 */
record Row(
        Call call, String path, Object value, Code code, String reason, String field, String says) {
    private static final Pattern INDEX = Pattern.compile("\\[.*?]", Pattern.DOTALL);

    /**
     * Methods that take the same request, with a good one.
     *
     * @param service of hypervisor.v1
     * @param methods each gets every row
     * @param before what a stream is sent before the wrong message
     * @param good right in all fields; texts in braces stand for ids that the scene knows
     */
    record Call(String service, List<String> methods, List<Message> before, Message good) {
        static Call of(String service, Message good, String... methods) {
            return new Call(service, List.of(methods), List.of(), good);
        }

        Call after(Message... sent) {
            return new Call(service, methods, List.of(sent), good);
        }

        Call with(String path, Object value) {
            return new Call(service, methods, before, Patch.apply(good, path, value));
        }

        /** A value that the field must not have. */
        Row bad(String path, Object value, String says) {
            return new Row(this, path, value, Code.INVALID_ARGUMENT, "INVALID_FIELD", path, says);
        }

        /** Values that the field must not have. */
        Stream<Row> each(String path, List<?> values, String says) {
            return values.stream().map(value -> bad(path, value, says));
        }

        /** An id that nothing has. */
        Row missing(String path, String id, String type) {
            return refused(path, id, Code.NOT_FOUND, "NOT_FOUND", type + " not found: " + id);
        }

        /** A value that something else has, which the answer names. */
        Row taken(String path, Object value, String says) {
            return refused(path, value, Code.ALREADY_EXISTS, "ALREADY_EXISTS", says);
        }

        /** What others still need; the answer names them. */
        Row held(String reason, String says) {
            return refused("", "", Code.FAILED_PRECONDITION, reason, says);
        }

        /** A value that is well formed, and still wrong as things are. */
        Row refused(String path, Object value, Code code, String reason, String says) {
            return new Row(this, path, value, code, reason, "", says);
        }
    }

    /** The same, when the answer names another field. */
    Row at(String other) {
        return new Row(call, path, value, code, reason, other, says);
    }

    /** The same, when the answer says something else. */
    Row says(String other) {
        return new Row(call, path, value, code, reason, field, other);
    }

    Message request() {
        return Patch.apply(call.good(), path, value);
    }

    /** The path without indexes and keys. */
    String fieldPath() {
        return INDEX.matcher(path).replaceAll("");
    }

    @Override
    public String toString() {
        String text = String.valueOf(value);
        String cut = text.length() <= 40 ? text : text.substring(0, 40) + "...";
        return call.methods().getFirst() + " " + path + " = " + visible(cut);
    }

    private static String visible(String text) {
        return text.chars()
                .mapToObj(
                        c -> c < 32 || c > 126 ? "\\u%04x".formatted(c) : String.valueOf((char) c))
                .reduce("", String::concat);
    }
}
