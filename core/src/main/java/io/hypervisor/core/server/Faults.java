package io.hypervisor.core.server;

import com.google.protobuf.Any;
import com.google.protobuf.Duration;
import com.google.protobuf.Message;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.PreconditionFailure;
import com.google.rpc.ResourceInfo;
import com.google.rpc.RetryInfo;
import com.google.rpc.Status;

import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.hypervisor.core.Fault;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Turns faults into gRPC statuses with google.rpc details. The only place that does. */
public final class Faults {
    /** The domain of every ErrorInfo. */
    public static final String DOMAIN = "hypervisor.v1";

    // A status travels in headers. Clients take 8 KiB of them, and texts go there twice: as
    // grpc-message, where a byte may take three, and with the details in base64.
    private static final int MAX_TEXT_BYTES = 1000;
    private static final String MORE = "...";
    private static final int MAX_VIOLATIONS_BYTES = 1800;
    private static final Duration RETRY_AFTER = Duration.newBuilder().setSeconds(1).build();

    private Faults() {}

    /** The fault as an exception that grpc-java sends as it is. */
    public static StatusRuntimeException toException(Fault fault) {
        return StatusProto.toStatusRuntimeException(toStatus(fault));
    }

    /** The fault as a status with details. */
    public static Status toStatus(Fault fault) {
        Status.Builder status =
                Status.newBuilder()
                        .setCode(code(fault.kind()).value())
                        .setMessage(cut(fault.getMessage()));
        status.addDetails(
                Any.pack(
                        ErrorInfo.newBuilder()
                                .setReason(fault.reason())
                                .setDomain(DOMAIN)
                                .putAllMetadata(fault.metadata())
                                .build()));
        if (!fault.violations().isEmpty()) {
            status.addDetails(Any.pack(violations(fault)));
        }
        if (!fault.resourceType().isEmpty()) {
            status.addDetails(
                    Any.pack(
                            ResourceInfo.newBuilder()
                                    .setResourceType(fault.resourceType())
                                    .setResourceName(fault.resourceId())
                                    .setDescription(cut(fault.getMessage()))
                                    .build()));
        }
        if (fault.kind() == Fault.Kind.UNAVAILABLE) {
            status.addDetails(Any.pack(RetryInfo.newBuilder().setRetryDelay(RETRY_AFTER).build()));
        }
        return status.build();
    }

    /** The first violations, as many as fit, in texts of a length that fits. */
    private static List<Fault.Violation> fitting(Fault fault) {
        List<Fault.Violation> fitting = new ArrayList<>();
        int bytes = 0;
        for (Fault.Violation violation : fault.violations()) {
            var cut = new Fault.Violation(cut(violation.field()), cut(violation.description()));
            bytes += bytes(cut.field()) + bytes(cut.description());
            if (!fitting.isEmpty() && bytes > MAX_VIOLATIONS_BYTES) {
                break;
            }
            fitting.add(cut);
        }
        return fitting;
    }

    /** The text, or its first part if it is longer than a header may be. */
    static String cut(String text) {
        if (bytes(text) <= MAX_TEXT_BYTES) {
            return text;
        }
        int end = Math.min(text.length(), MAX_TEXT_BYTES - MORE.length());
        while (bytes(text.substring(0, end)) > MAX_TEXT_BYTES - MORE.length()) {
            end -= end / 4;
        }
        boolean half = Character.isHighSurrogate(text.charAt(end - 1));
        return text.substring(0, half ? end - 1 : end) + MORE;
    }

    private static int bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    private static Message violations(Fault fault) {
        if (fault.kind() == Fault.Kind.INVALID_ARGUMENT) {
            BadRequest.Builder bad = BadRequest.newBuilder();
            fitting(fault)
                    .forEach(
                            v ->
                                    bad.addFieldViolationsBuilder()
                                            .setField(v.field())
                                            .setDescription(v.description()));
            return bad.build();
        }
        PreconditionFailure.Builder failure = PreconditionFailure.newBuilder();
        fitting(fault)
                .forEach(
                        v ->
                                failure.addViolationsBuilder()
                                        .setType(fault.reason())
                                        .setSubject(v.field())
                                        .setDescription(v.description()));
        return failure.build();
    }

    private static io.grpc.Status.Code code(Fault.Kind kind) {
        return io.grpc.Status.Code.valueOf(kind.name());
    }
}
