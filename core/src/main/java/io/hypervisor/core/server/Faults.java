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

/** Turns faults into gRPC statuses with google.rpc details. The only place that does. */
public final class Faults {
    /** The domain of every ErrorInfo. */
    public static final String DOMAIN = "hypervisor.v1";

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
                        .setMessage(fault.getMessage());
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
                                    .setDescription(fault.getMessage())
                                    .build()));
        }
        if (fault.kind() == Fault.Kind.UNAVAILABLE) {
            status.addDetails(Any.pack(RetryInfo.newBuilder().setRetryDelay(RETRY_AFTER).build()));
        }
        return status.build();
    }

    private static Message violations(Fault fault) {
        if (fault.kind() == Fault.Kind.INVALID_ARGUMENT) {
            BadRequest.Builder bad = BadRequest.newBuilder();
            fault.violations()
                    .forEach(
                            v ->
                                    bad.addFieldViolationsBuilder()
                                            .setField(v.field())
                                            .setDescription(v.description()));
            return bad.build();
        }
        PreconditionFailure.Builder failure = PreconditionFailure.newBuilder();
        fault.violations()
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
