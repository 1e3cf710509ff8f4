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
import io.hypervisor.api.v1.ImageSource;
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

    /** A page size, and a page token that is none or of another list. */
    static Stream<Row> pages(Call list, String foreignToken) {
        List<String> tokens =
                List.of(
                        "x",
                        "AAAA",
                        "=",
                        "%00",
                        "\u0000",
                        "\n",
                        LONG,
                        "{tampered_token}",
                        foreignToken);
        return Stream.concat(
                list.each("page_size", List.of(-1, Integer.MIN_VALUE), ">= 0"),
                list.each("page_token", tokens, TOKEN));
    }

    /** A list's token, and with other filters. */
    static Stream<Row> pages(Call list, Call filtered, String ownToken) {
        return Stream.concat(pages(list, "{instances_token}"), pages(filtered, ownToken));
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

    /** What is in a state, or a place, in which these calls cannot serve it. */
    static Stream<Row> inState(String field, String id, String reason, String says, Call... calls) {
        return Arrays.stream(calls)
                .map(call -> call.refused(field, id, Code.FAILED_PRECONDITION, reason, says));
    }

    /** How long an instance gets to stop. */
    static Stream<Row> timeouts(Call stop) {
        return stop.each(
                "timeout_seconds",
                List.of(-1, 3601, Integer.MIN_VALUE, Integer.MAX_VALUE),
                "between 0 and 3600");
    }

    /** How much of a log is asked for. */
    static Stream<Row> tails(Call logs) {
        return Stream.of(
                        logs.each(
                                "tail_bytes",
                                List.of(-1, (1 << 20) + 1, Long.MIN_VALUE, Long.MAX_VALUE),
                                "between 0 and 1048576"),
                        logs.each(
                                "tail_lines",
                                List.of(-1, 100_001, Integer.MIN_VALUE, Integer.MAX_VALUE),
                                "between 0 and 100000"),
                        logs.each("since", Values.NO_TIMES, "year"))
                .flatMap(rows -> rows);
    }

    /** The name of a container's image, and of the type's. */
    static Stream<Row> imageRefs(Call pull) {
        List<String> refs =
                List.of("", "a b", "a\n", "\u00e9", "a\u0000", "A", "a:", "a@b", "x".repeat(1025));
        List<String> files = List.of("", "a b", "a\n", "\u00e9", "../a", "/a/../b", "x/y");
        return Stream.concat(
                pull.each("image_ref", refs, "an image reference"),
                pull.with("type", 1).each("image_ref", files, "an image name"));
    }

    /** Where an image comes from; the call has a good one. */
    static Stream<Row> sources(Call call, String at) {
        List<String> urls =
                List.of(
                        "",
                        "x",
                        "ftp://host/image",
                        "http:///image",
                        "https://user@host/image",
                        "https://host/image#part",
                        "https://host:65536/image",
                        "file://host/image",
                        "file:///a/../b",
                        "file:image",
                        "https://host/a b",
                        "https://host/\u00e9",
                        "https://host/" + "x".repeat(2048));
        List<String> digests = List.of("", "0", "A".repeat(64), "g".repeat(64), "0".repeat(65));
        List<Long> sizes = List.of(-1L, (64L << 40) + 1, Long.MIN_VALUE, Long.MAX_VALUE);
        return Stream.of(
                        call.each(at + ".url", urls, "http://, https:// or file:///"),
                        call.each(at + ".sha256", digests, "64 hexadecimal digits"),
                        call.each(at + ".format", List.of("vdi", "QCOW2", "Kernel", "\n"), "qcow2"),
                        call.each(at + ".virtual_size_bytes", sizes, "between 0 and"))
                .flatMap(rows -> rows);
    }

    /** A source that is right. */
    static ImageSource source() {
        return ImageSource.newBuilder()
                .setUrl("https://images.example/debian.qcow2")
                .setSha256("0".repeat(64))
                .build();
    }

    /** A console's input: the first message, and one after it. */
    static Stream<Row> consoles(Call first, Call later) {
        List<Object> sides = List.of(0, -1, 10_001, Integer.MIN_VALUE, Integer.MAX_VALUE);
        String side = "between 1 and 10000";
        return Stream.concat(
                Stream.concat(
                        ids("instance_id", first),
                        later.each("instance_id", List.of(UNKNOWN, "x"), "the first message's")),
                Stream.of(first, later)
                        .flatMap(
                                call ->
                                        Stream.of(
                                                        call.with("resize.height", 1)
                                                                .each("resize.width", sides, side),
                                                        call.with("resize.width", 1)
                                                                .each("resize.height", sides, side),
                                                        Stream.of(
                                                                call.bad(
                                                                        "data",
                                                                        new byte[64 * 1024 + 1],
                                                                        "at most 65536")))
                                                .flatMap(rows -> rows)));
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
