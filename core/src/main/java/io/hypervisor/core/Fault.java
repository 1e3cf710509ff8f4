package io.hypervisor.core;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A request that cannot be served, with everything its caller needs to know: the kind (which maps
 * to one gRPC status code), a stable reason, and the fields or the resource in question. The edge
 * turns it into a status with google.rpc details; nobody else catches it.
 */
public final class Fault extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** The category of a fault; named as the gRPC status code it becomes. */
    public enum Kind {
        INVALID_ARGUMENT,
        NOT_FOUND,
        ALREADY_EXISTS,
        FAILED_PRECONDITION,
        RESOURCE_EXHAUSTED,
        ABORTED,
        OUT_OF_RANGE,
        UNAVAILABLE,
        DEADLINE_EXCEEDED,
        PERMISSION_DENIED,
        UNIMPLEMENTED
    }

    /** One field or subject that is wrong: {@code field} is a proto path such as spec.cpu_cores. */
    public record Violation(String field, String description) {}

    private final Kind kind;
    private final String reason;
    private final transient List<Violation> violations;
    private final String resourceType;
    private final String resourceId;
    private final transient Map<String, String> metadata;

    private Fault(
            Kind kind,
            String reason,
            String message,
            List<Violation> violations,
            String resourceType,
            String resourceId) {
        this(kind, reason, message, violations, resourceType, resourceId, Map.of());
    }

    private Fault(
            Kind kind,
            String reason,
            String message,
            List<Violation> violations,
            String resourceType,
            String resourceId,
            Map<String, String> metadata) {
        // No stack trace: a fault is an answer, not a defect.
        super(message, null, false, false);
        this.kind = kind;
        this.reason = reason;
        this.violations = List.copyOf(violations);
        this.resourceType = resourceType;
        this.resourceId = resourceId;
        this.metadata = Map.copyOf(metadata);
    }

    /** This fault with one more fact for programs, such as the leader's address. */
    public Fault with(String key, String value) {
        Map<String, String> more = new HashMap<>(metadata);
        more.put(key, value);
        return new Fault(kind, reason, getMessage(), violations, resourceType, resourceId, more);
    }

    /** A fault without details; {@code reason} is UPPER_SNAKE_CASE and stable. */
    public static Fault of(Kind kind, String reason, String message) {
        return new Fault(kind, reason, message, List.of(), "", "");
    }

    /** A fault about several fields or subjects. */
    public static Fault of(Kind kind, String reason, String message, List<Violation> violations) {
        return new Fault(kind, reason, message, violations, "", "");
    }

    /** A field with a wrong value: {@code invalid("page_size", -1, ">= 0")}. */
    public static Fault invalid(String field, Object value, String expected) {
        return invalid(List.of(violation(field, value, expected)));
    }

    /** Several fields with wrong values; at least one. */
    public static Fault invalid(List<Violation> violations) {
        Violation first = violations.getFirst();
        String more = violations.size() == 1 ? "" : " (and " + (violations.size() - 1) + " more)";
        return new Fault(
                Kind.INVALID_ARGUMENT,
                "INVALID_FIELD",
                first.field() + ": " + first.description() + more,
                violations,
                "",
                "");
    }

    /** The standard wording for a wrong value; long values are cut. */
    public static Violation violation(String field, Object value, String expected) {
        String text = printable(String.valueOf(value));
        // A map's key, which the sender chose, may be part of the path.
        return new Violation(printable(field), "value: " + text + " (expected: " + expected + ")");
    }

    /** No such resource. */
    public static Fault notFound(String type, String id) {
        return new Fault(
                Kind.NOT_FOUND,
                "NOT_FOUND",
                type + " not found: " + printable(id),
                List.of(),
                type,
                printable(id));
    }

    /** A resource of that name or id exists already. */
    public static Fault alreadyExists(String type, String id, String message) {
        return new Fault(Kind.ALREADY_EXISTS, "ALREADY_EXISTS", message, List.of(), type, id);
    }

    /** The resource is in a state that does not allow the request. */
    public static Fault wrongState(String type, String id, Object state, String expected) {
        String message = type + " " + id + ": state: " + state + " (expected: " + expected + ")";
        return new Fault(Kind.FAILED_PRECONDITION, "WRONG_STATE", message, List.of(), type, id);
    }

    /** The resource was written after the caller read it. */
    public static Fault conflict(String type, String id, long actual, long expected) {
        String message =
                type
                        + " "
                        + id
                        + ": written at revision "
                        + actual
                        + ", after the expected_revision "
                        + expected
                        + " (expected: read it again)";
        return new Fault(Kind.ABORTED, "REVISION_MISMATCH", message, List.of(), type, id);
    }

    /** Nobody can serve this now; the caller may retry. */
    public static Fault unavailable(String reason, String message) {
        return of(Kind.UNAVAILABLE, reason, message);
    }

    public Kind kind() {
        return kind;
    }

    public String reason() {
        return reason;
    }

    public List<Violation> violations() {
        return violations;
    }

    /** The type of the resource in question, empty if the fault is not about one. */
    public String resourceType() {
        return resourceType;
    }

    /** The id of the resource in question, empty if the fault is not about one. */
    public String resourceId() {
        return resourceId;
    }

    /** Facts for programs, sent as the ErrorInfo's metadata. */
    public Map<String, String> metadata() {
        return metadata;
    }

    private static String printable(String text) {
        String cut = text.length() <= 128 ? text : text.substring(0, 128) + "...";
        StringBuilder out = new StringBuilder(cut.length());
        cut.codePoints().forEach(c -> out.appendCodePoint(Character.isISOControl(c) ? 0xFFFD : c));
        return out.toString();
    }
}
