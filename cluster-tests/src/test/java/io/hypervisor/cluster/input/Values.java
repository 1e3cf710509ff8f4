package io.hypervisor.cluster.input;

import com.google.protobuf.Timestamp;

import io.hypervisor.api.v1.NodeCondition;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Values that are wrong in many fields. */
final class Values {
    static final String UNKNOWN = "00000000-0000-7000-8000-000000000000";
    static final String LONG = "x".repeat(2000);
    static final String UUID_EXPECTED = "a UUID in lower case";
    static final String REVISION_EXPECTED = ">= 0";

    /** No ids. */
    static final List<String> IDS =
            List.of(
                    "",
                    "n1",
                    "0",
                    "00000000-0000-7000-8000-00000000000G",
                    "0000000A-0000-7000-8000-000000000000",
                    UNKNOWN + "\n",
                    " " + UNKNOWN,
                    "{" + UNKNOWN + "}",
                    "../" + UNKNOWN,
                    "*",
                    LONG);

    /** No names: length, case, place of hyphens, controls, injections, and look-alikes. */
    static final List<String> NAMES =
            List.of(
                    "",
                    "a".repeat(64),
                    "Web",
                    "1a",
                    "-a",
                    "a-",
                    "a_b",
                    "a b",
                    "a.b",
                    "web\n",
                    "web\u0000",
                    "web\u001b[2J",
                    "../web",
                    "web/..",
                    "web;reboot",
                    "$(reboot)",
                    "`id`",
                    "--help",
                    "<name/>",
                    "web: {a: b}",
                    "w\u0435b",
                    "web\u202e",
                    "\uff57eb",
                    "web\u200b",
                    "\ud83d\ude00");

    /** No label values. */
    static final List<String> LABEL_VALUES =
            List.of(
                    "a".repeat(64),
                    "a b",
                    "-a",
                    "a-",
                    "a/b",
                    "\u00e9",
                    "a\n",
                    "a\u0000",
                    "$(id)",
                    "<a>",
                    "a,b");

    /** No label keys. */
    static final List<String> LABEL_KEYS =
            List.of(
                    "",
                    "a".repeat(64),
                    "a b",
                    "/a",
                    "a/",
                    "a=b",
                    "a\n",
                    "\u00e9",
                    "a\u0000b",
                    "$x");

    /** No request ids. */
    static final List<String> REQUEST_IDS =
            List.of("r".repeat(129), "a\nb", "a\u0000", "\u007f", "\u00e9", "a\tb");

    /** No addresses of hosts. */
    static final List<String> NO_ADDRESSES =
            List.of(
                    "localhost",
                    "1.2.3",
                    "1.2.3.256",
                    "1.2.3.4.",
                    "01.2.3.4",
                    " 1.2.3.4",
                    "1.2.3.4\n",
                    "0x7f000001",
                    "1.2.3.4:80",
                    "1.2.3.4/24",
                    "1.2.3.4;reboot",
                    "::g",
                    "1::2::3",
                    "[::1]",
                    "fe80::1%eth0",
                    "::ffff:1.2.3.4",
                    "\u0661.2.3.4",
                    "$(id)",
                    "*",
                    LONG);

    /** No ranges in prefix notation, or such with host bits. */
    static final List<String> NO_PREFIXES =
            List.of(
                    "10.2.0.0",
                    "10.2.0.0/",
                    "/24",
                    "10.2.0.0/33",
                    "10.2.0.0/-1",
                    "10.2.0.0/+24",
                    "10.2.0.0/024",
                    "10.2.0.0/255.255.255.0",
                    "10.2.0.0/24/24",
                    "10.2.0.0/24\n",
                    " 10.2.0.0/24",
                    "10.2.0.0-10.2.0.9",
                    "10.2.0.1/24",
                    "010.2.0.0/24",
                    "10.2/16",
                    "2001:db8:2::/129",
                    "2001:db8:2::1/64",
                    "::ffff:10.2.0.0/120",
                    "fe80::%eth0/64",
                    "any",
                    "$(id)/24",
                    "10.2.0.0/\u0662\u0664",
                    LONG);

    /** No MAC addresses that one interface may have. */
    static final List<String> NO_MACS =
            List.of(
                    "02:00:00:00:00",
                    "02:00:00:00:00:00:01",
                    "02-00-00-00-00-01",
                    "0200.0000.0001",
                    "020000000001",
                    "02:00:00:00:00:1",
                    "02:00:00:00:00:0g",
                    "02:00:00:00:00:01\n",
                    " 02:00:00:00:00:01",
                    "00:00:00:00:00:00",
                    "01:00:5e:00:00:01",
                    "ff:ff:ff:ff:ff:ff",
                    "\uff10\uff12:00:00:00:00:01",
                    "$(id)",
                    LONG);

    private Values() {}

    static List<String> withoutEmpty(List<String> values) {
        return values.stream().filter(value -> !value.isEmpty()).toList();
    }

    static Map<String, String> entries(int count) {
        return IntStream.range(0, count)
                .boxed()
                .collect(Collectors.toMap(i -> "k" + i, i -> "v", (a, b) -> a, LinkedHashMap::new));
    }

    /** Entries that are all wrong, in characters of four bytes. */
    private static Map<String, String> wrong(int count) {
        return IntStream.range(0, count)
                .boxed()
                .collect(
                        Collectors.toMap(
                                i -> "\ud83d\ude00".repeat(i + 100),
                                i -> "\ud83d\ude00".repeat(100)));
    }

    static <T> List<T> times(int count, T value) {
        return Collections.nCopies(count, value);
    }

    /** Rows for a map of labels. */
    static Stream<Row> labels(Row.Call call, String path) {
        return Stream.of(
                        LABEL_KEYS.stream().map(key -> call.bad(path, Map.of(key, "v"), "keys of")),
                        LABEL_VALUES.stream()
                                .map(v -> call.bad(path + "[app]", v, "at most 63 letters")),
                        Stream.of(
                                call.bad(path, entries(65), "at most 64"),
                                // An answer that repeated it would be larger than headers may be.
                                call.bad(
                                        path,
                                        Map.of("\ud83d\ude00".repeat(50_000), "\n"),
                                        "keys of"),
                                call.bad(path, wrong(64), "keys of")))
                .flatMap(rows -> rows);
    }

    /** Rows for a map of annotations. */
    static Stream<Row> annotations(Row.Call call, String path) {
        Map<String, String> large =
                IntStream.range(0, 5)
                        .boxed()
                        .collect(Collectors.toMap(i -> "k" + i, i -> "x".repeat(16 * 1024)));
        return Stream.of(
                call.bad(path, Map.of("", "v"), "keys of"),
                call.bad(path, Map.of("a b", "v"), "keys of"),
                call.bad(path, Map.of("a\n", "v"), "keys of"),
                call.bad(path, Map.of("k".repeat(100_000), "v"), "keys of"),
                call.bad(path + "[note]", "a\u0000", "without NUL"),
                call.bad(path + "[note]", "x".repeat(16 * 1024 + 1), "at most 16384"),
                call.bad(path + "[note]", "\u20ac".repeat(6 * 1024), "at most 16384"),
                call.bad(path, large, "at most 65536 in all"),
                call.bad(path, entries(65), "at most 64"));
    }

    /** Rows for a list of conditions. */
    static Stream<Row> conditions(Row.Call call) {
        NodeCondition good =
                NodeCondition.newBuilder().setType("DiskPressure").setStatus("True").build();
        String at = "conditions[0].";
        Row.Call one = call.with("conditions", List.of(good));
        return Stream.of(
                call.bad("conditions", times(33, good), "at most 32"),
                call.bad("conditions", List.of(good, good), "at most once")
                        .at("conditions[1].type"),
                one.bad(at + "type", "", "1-63"),
                one.bad(at + "type", "x".repeat(64), "1-63"),
                one.bad(at + "type", "a\nb", "1-63"),
                one.bad(at + "type", "a\u202eb", "1-63"),
                one.bad(at + "status", "", "True, False or Unknown"),
                one.bad(at + "status", "true", "True, False or Unknown"),
                one.bad(at + "status", "True\n", "True, False or Unknown"),
                one.bad(at + "reason", "x".repeat(64), "at most 63"),
                one.bad(at + "reason", "a\u0000b", "at most 63"),
                one.bad(at + "message", "x".repeat(1025), "at most 1024"),
                one.bad(at + "message", "a\u0000b", "at most 1024"),
                one.bad(at + "last_transition_time", seconds(253_402_300_800L), "year"),
                one.bad(at + "last_transition_time", seconds(-62_135_596_801L), "year"),
                one.bad(at + "last_transition_time", seconds(Long.MAX_VALUE), "year"),
                one.bad(at + "last_transition_time", nanos(-1), "year"),
                one.bad(at + "last_transition_time", nanos(1_000_000_000), "year"));
    }

    /** Points in time that JSON cannot express. */
    static final List<Timestamp> NO_TIMES =
            List.of(
                    seconds(253_402_300_800L),
                    seconds(-62_135_596_801L),
                    nanos(-1),
                    nanos(1_000_000_000));

    private static Timestamp seconds(long seconds) {
        return Timestamp.newBuilder().setSeconds(seconds).build();
    }

    private static Timestamp nanos(int nanos) {
        return Timestamp.newBuilder().setNanos(nanos).build();
    }

    /** Rows for what a node counts as taken. */
    static Stream<Row> allocated(Row.Call call) {
        return Stream.of(
                call.bad("allocated.cpu_cores", -1, "between 0"),
                call.bad("allocated.cpu_cores", Integer.MIN_VALUE, "between 0"),
                call.bad("allocated.cpu_cores", Integer.MAX_VALUE, "between 0"),
                call.bad("allocated.memory_bytes", -1, "between 0"),
                call.bad("allocated.memory_bytes", Long.MAX_VALUE, "between 0"),
                call.bad("allocated.disk_bytes", Long.MIN_VALUE, "between 0"),
                call.bad("allocated.disk_bytes", Long.MAX_VALUE, "between 0"),
                call.bad("allocated.gpu_count", -1, "between 0"),
                call.bad("allocated.gpu_count", Integer.MAX_VALUE, "between 0"));
    }
}
