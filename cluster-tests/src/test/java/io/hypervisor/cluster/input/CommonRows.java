package io.hypervisor.cluster.input;

import static io.hypervisor.cluster.input.Values.IDS;
import static io.hypervisor.cluster.input.Values.LONG;
import static io.hypervisor.cluster.input.Values.NAMES;
import static io.hypervisor.cluster.input.Values.REVISION_EXPECTED;
import static io.hypervisor.cluster.input.Values.UNKNOWN;
import static io.hypervisor.cluster.input.Values.UUID_EXPECTED;
import static io.hypervisor.cluster.input.Values.withoutEmpty;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.FieldMask;

import io.grpc.Status.Code;
import io.hypervisor.cluster.input.Row.Call;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** Rows that many requests share. */
final class CommonRows {
    private static final String TOKEN = "next_page_token of a page with the same filters";
    private static final String PACKAGE = "hypervisor.v1.";

    private CommonRows() {}

    /** A required id. */
    static Stream<Row> ids(String field, Call... calls) {
        return Arrays.stream(calls).flatMap(call -> call.each(field, IDS, UUID_EXPECTED));
    }

    /** An id that may be empty. */
    static Stream<Row> optionalIds(String field, Call... calls) {
        return Arrays.stream(calls)
                .flatMap(call -> call.each(field, withoutEmpty(IDS), UUID_EXPECTED));
    }

    /** A name that may be empty. */
    static Stream<Row> optionalNames(String field, Call... calls) {
        return Arrays.stream(calls)
                .flatMap(call -> call.each(field, withoutEmpty(NAMES), "1-63 lower-case"));
    }

    static Stream<Row> requestIds(Call... calls) {
        return Arrays.stream(calls)
                .flatMap(call -> call.each("request_id", Values.REQUEST_IDS, "at most 128"));
    }

    /** A request id under which something else was asked for. */
    static Row usedRequestId(Call call, String id) {
        return call.with("request_id", id).bad("request_id", id, "from another request");
    }

    /** A revision that no store has. */
    static Stream<Row> revisions(String field, Call... calls) {
        return Arrays.stream(calls)
                .flatMap(call -> call.each(field, List.of(-1, Long.MIN_VALUE), REVISION_EXPECTED));
    }

    /** A page size and a page token; the last of a list with other filters. */
    static Stream<Row> pages(Call list, Call filtered, String ownToken) {
        return Stream.of(
                        list.each("page_size", List.of(-1, Integer.MIN_VALUE), ">= 0"),
                        list.each(
                                "page_token",
                                List.of(
                                        "x",
                                        "AAAA",
                                        "=",
                                        "%00",
                                        "\u0000",
                                        "\n",
                                        LONG,
                                        "{instances_token}",
                                        "{tampered_token}"),
                                TOKEN),
                        filtered.each("page_token", List.of(ownToken), TOKEN))
                .flatMap(rows -> rows);
    }

    /** A well-formed id that nothing has. */
    static Stream<Row> unknown(String type, String field, Call... calls) {
        return Arrays.stream(calls).map(call -> call.missing(field, UNKNOWN, type));
    }

    /** A revision before the last write. */
    static Stream<Row> stale(Call... calls) {
        return Arrays.stream(calls)
                .map(
                        call ->
                                call.refused(
                                        "expected_revision",
                                        1,
                                        Code.ABORTED,
                                        "REVISION_MISMATCH",
                                        "read it again"));
    }

    /** An update's mask: none, all, and each field of the resource that cannot be written. */
    static Stream<Row> masks(Call update, Descriptor resource, Set<String> written) {
        Stream<String> fixed =
                resource.getFields().stream()
                        .map(FieldDescriptor::getName)
                        .filter(name -> !written.contains(name));
        return Stream.concat(
                Stream.of(update.bad("update_mask", Patch.ABSENT, "one or more of")),
                Stream.concat(fixed, Stream.of("*", "", "nothing", "name,name", "\n"))
                        .map(path -> update.bad("update_mask", mask(path), "one or more of")));
    }

    static FieldMask mask(String... paths) {
        return FieldMask.newBuilder().addAllPaths(List.of(paths)).build();
    }

    /** The fields of an updated resource that are not read, because no mask may name them. */
    static Map<String, String> notRead(String prefix, Descriptor resource, Set<String> written) {
        Map<String, String> fields = new HashMap<>();
        for (FieldDescriptor field : resource.getFields()) {
            if (!written.contains(field.getName()) && !field.getName().equals("id")) {
                addAll(fields, prefix + "." + field.getName(), field);
            }
        }
        return fields;
    }

    private static void addAll(Map<String, String> to, String path, FieldDescriptor field) {
        to.put(path, "not read: no mask may name it");
        if (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE
                && !field.isMapField()
                && field.getMessageType().getFullName().startsWith(PACKAGE)) {
            field.getMessageType()
                    .getFields()
                    .forEach(inner -> addAll(to, path + "." + inner.getName(), inner));
        }
    }
}
