package io.hypervisor.core;

import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import com.google.protobuf.util.Timestamps;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Collects everything that is wrong with a request, field by field, so that its sender learns all
 * of it at once. Field names are proto paths.
 */
public final class Violations {
    private static final Pattern NAME = Pattern.compile("[a-z]([a-z0-9-]{0,61}[a-z0-9])?");
    private static final Pattern LABEL_KEY =
            Pattern.compile("[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?");
    private static final Pattern LABEL_VALUE =
            Pattern.compile("([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?");
    // No control, format, private or unassigned characters, no halves of surrogate pairs.
    private static final Pattern PRINTABLE = Pattern.compile("[\\P{C}]*");
    private static final Pattern REQUEST_ID = Pattern.compile("[\\x20-\\x7e]{0,128}");
    private static final Pattern HOSTNAME =
            Pattern.compile(
                    "(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
                            + "(\\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*",
                    Pattern.CASE_INSENSITIVE);
    private static final int MAX_ENTRIES = 64;
    private static final int MAX_ANNOTATION = 16 * 1024;
    private static final int MAX_ANNOTATIONS = 64 * 1024;
    // Half of what one record may hold.
    private static final int MAX_REQUEST = 512 * 1024;
    private static final String TEXT_EXPECTED = "Unicode text without NUL";
    // More would not help the sender and could make the answer larger than a header may be.
    private static final int MAX_REPORTED = 16;

    private final List<Fault.Violation> found = new ArrayList<>();

    /** Adds one violation in the standard wording. */
    public Violations add(String field, Object value, String expected) {
        if (found.size() < MAX_REPORTED) {
            found.add(Fault.violation(field, value, expected));
        }
        return this;
    }

    /** Adds a violation unless the condition holds. */
    public Violations check(boolean holds, String field, Object value, String expected) {
        return holds ? this : add(field, value, expected);
    }

    /** A required id: a lower-case UUID. */
    public Violations id(String field, String value) {
        return check(Ids.isId(value), field, value, "a UUID in lower case");
    }

    /** An id that may be empty. */
    public Violations optionalId(String field, String value) {
        return value.isEmpty() ? this : id(field, value);
    }

    /** A required resource name. */
    public Violations name(String field, String value) {
        return check(
                NAME.matcher(value).matches(),
                field,
                value,
                "1-63 lower-case letters, digits and hyphens, beginning with a letter, not ending"
                        + " with a hyphen");
    }

    /** A required name of a machine. */
    public Violations hostname(String field, String value) {
        return check(
                HOSTNAME.matcher(value).matches(),
                field,
                value,
                "a host name as in RFC 1123 of at most 253 characters");
    }

    /** A number within bounds, both inclusive. */
    public Violations range(String field, long value, long least, long most) {
        return check(
                value >= least && value <= most, field, value, "between " + least + " and " + most);
    }

    /** A page size: not negative. */
    public Violations pageSize(int value) {
        return check(value >= 0, "page_size", value, ">= 0");
    }

    /** A revision given by a caller: not negative. */
    public Violations revision(String field, long value) {
        return check(value >= 0, field, value, ">= 0");
    }

    /** A request id: up to 128 printable characters. */
    public Violations requestId(String value) {
        return check(
                REQUEST_ID.matcher(value).matches(),
                "request_id",
                value,
                "at most 128 printable ASCII characters");
    }

    /** A text for people to read: so many characters, all of them visible. */
    public Violations printable(String field, String value, int least, int most) {
        String length = least == 0 ? "at most " + most : least + "-" + most;
        return check(
                value.length() >= least
                        && value.length() <= most
                        && PRINTABLE.matcher(value).matches(),
                field,
                value,
                length + " characters, printable ones alone");
    }

    /** A text for programs, which may have lines: anything that is Unicode, but NUL. */
    public Violations text(String field, String value) {
        return check(isText(value), field, value, TEXT_EXPECTED);
    }

    /** A text that may be a secret: the same, and the answer does not repeat it. */
    public Violations secret(String field, String value) {
        return check(isText(value), field, "...", TEXT_EXPECTED);
    }

    private static boolean isText(String value) {
        return value.codePoints().noneMatch(c -> c == 0 || (c >= 0xD800 && c <= 0xDFFF));
    }

    /** A point in time that JSON can express, too; may be absent. */
    public Violations timestamp(String field, Timestamp value) {
        return check(
                Timestamps.isValid(value),
                field,
                value.getSeconds() + "s " + value.getNanos() + "ns",
                "a time from the year 1 to 9999");
    }

    /** A request of which much is stored: no larger than a record of the store may be. */
    public Violations size(Message request) {
        int size = request.getSerializedSize();
        return check(
                size <= MAX_REQUEST,
                "request",
                size + " bytes",
                "at most " + MAX_REQUEST + " bytes");
    }

    /** An enum field that must be one of the values this server knows. */
    public Violations known(String field, Enum<?> value, int number) {
        return check(!"UNRECOGNIZED".equals(value.name()), field, number, "a value of the enum");
    }

    /** A region, zone or other text that follows the rules of label values. */
    public Violations labelValue(String field, String value) {
        return check(
                LABEL_VALUE.matcher(value).matches(),
                field,
                value,
                "at most 63 letters, digits, '.', '_' and '-', beginning and ending with a letter"
                        + " or digit");
    }

    /** Labels or a label selector. */
    public Violations labels(String field, Map<String, String> labels) {
        check(labels.size() <= MAX_ENTRIES, field, labels.size() + " entries", "at most 64");
        labels.forEach(
                (key, value) -> {
                    labelKey(field, key);
                    labelValue(field + "[" + key + "]", value);
                });
        return this;
    }

    /** Annotations. */
    public Violations annotations(String field, Map<String, String> annotations) {
        check(
                annotations.size() <= MAX_ENTRIES,
                field,
                annotations.size() + " entries",
                "at most 64");
        long total = 0;
        for (Map.Entry<String, String> entry : annotations.entrySet()) {
            String at = field + "[" + entry.getKey() + "]";
            labelKey(field, entry.getKey());
            secret(at, entry.getValue());
            int bytes = entry.getValue().getBytes(StandardCharsets.UTF_8).length;
            total += bytes;
            check(
                    bytes <= MAX_ANNOTATION,
                    at,
                    bytes + " bytes",
                    "at most " + MAX_ANNOTATION + " bytes");
        }
        return check(total <= MAX_ANNOTATIONS, field, total + " bytes", "at most 65536 in all");
    }

    private void labelKey(String field, String key) {
        check(
                LABEL_KEY.matcher(key).matches(),
                field,
                key,
                "keys of 1-63 letters, digits, '.', '_', '-' and '/', beginning and ending with a"
                        + " letter or digit");
    }

    /** Throws INVALID_ARGUMENT with everything found, if anything was. */
    public void throwIfAny() {
        if (!found.isEmpty()) {
            throw Fault.invalid(found);
        }
    }
}
