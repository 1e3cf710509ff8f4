package io.hypervisor.controller.edge;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.TypeRegistry;
import com.google.protobuf.util.JsonFormat;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.PreconditionFailure;
import com.google.rpc.ResourceInfo;
import com.google.rpc.RetryInfo;
import com.google.rpc.Status;
import com.linecorp.armeria.common.AggregatedHttpResponse;
import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.common.RequestHeaders;
import com.linecorp.armeria.common.annotation.Nullable;
import com.linecorp.armeria.server.ServerErrorHandler;
import com.linecorp.armeria.server.ServiceConfig;
import com.linecorp.armeria.server.ServiceRequestContext;

import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.hypervisor.core.Fault;

import java.util.Optional;
import java.util.regex.Pattern;

/** Errors over HTTP: google.rpc.Status as JSON under the fitting HTTP code. */
final class HttpErrors implements ServerErrorHandler {
    private static final Pattern CLASS_NAME = Pattern.compile("^([a-z]+[.])+[A-Z]\\w+: ");
    private static final String MALFORMED =
            "body: value: malformed (expected: the method's request as JSON)";
    private static final JsonFormat.Printer PRINTER =
            JsonFormat.printer()
                    .usingTypeRegistry(
                            TypeRegistry.newBuilder()
                                    .add(ErrorInfo.getDescriptor())
                                    .add(BadRequest.getDescriptor())
                                    .add(PreconditionFailure.getDescriptor())
                                    .add(ResourceInfo.getDescriptor())
                                    .add(RetryInfo.getDescriptor())
                                    .build());

    private static final JsonFormat.Printer LINE = PRINTER.omittingInsignificantWhitespace();

    /**
     * A body that protobuf's parser cannot read, in the parser's own words but names of classes.
     */
    static Fault malformed(InvalidProtocolBufferException cause) {
        return malformed(MALFORMED + whereAndWhy(cause));
    }

    /** A message that is none of its method's type. */
    static Fault noMessage(Throwable cause) {
        return malformed(
                "message: value: malformed (expected: a message of the method's type)"
                        + whereAndWhy(cause));
    }

    private static Fault malformed(String message) {
        return Fault.of(Fault.Kind.INVALID_ARGUMENT, "MALFORMED_REQUEST", message);
    }

    private static String whereAndWhy(Throwable cause) {
        return cause instanceof InvalidProtocolBufferException
                ? ": " + CLASS_NAME.matcher(cause.getMessage()).replaceFirst("")
                : "";
    }

    /** Paths and methods that nobody serves. */
    @Override
    public AggregatedHttpResponse renderStatus(
            @Nullable ServiceRequestContext ctx,
            ServiceConfig config,
            @Nullable RequestHeaders headers,
            HttpStatus status,
            @Nullable String description,
            @Nullable Throwable cause) {
        String message =
                Optional.ofNullable(description)
                        .orElse(status.code() == 400 ? MALFORMED : status.reasonPhrase());
        return json(
                status,
                Status.newBuilder().setCode(grpc(status).value()).setMessage(message).build());
    }

    /** What a request was ended with before a service had it. */
    @Override
    @Nullable
    public HttpResponse onServiceException(ServiceRequestContext ctx, Throwable cause) {
        return cause instanceof StatusRuntimeException
                ? answer(StatusProto.fromThrowable(cause)).toHttpResponse()
                : null;
    }

    private static io.grpc.Status.Code grpc(HttpStatus status) {
        return switch (status.code()) {
            case 400, 413, 414, 415, 431 -> io.grpc.Status.Code.INVALID_ARGUMENT;
            case 403 -> io.grpc.Status.Code.PERMISSION_DENIED;
            case 404 -> io.grpc.Status.Code.NOT_FOUND;
            case 405, 501 -> io.grpc.Status.Code.UNIMPLEMENTED;
            case 503 -> io.grpc.Status.Code.UNAVAILABLE;
            case 504 -> io.grpc.Status.Code.DEADLINE_EXCEEDED;
            default -> io.grpc.Status.Code.INTERNAL;
        };
    }

    /** A status as an answer. */
    static AggregatedHttpResponse answer(Status status) {
        HttpStatus code =
                switch (io.grpc.Status.fromCodeValue(status.getCode()).getCode()) {
                    case OK -> HttpStatus.OK;
                    case INVALID_ARGUMENT, FAILED_PRECONDITION, OUT_OF_RANGE ->
                            HttpStatus.BAD_REQUEST;
                    case UNAUTHENTICATED -> HttpStatus.UNAUTHORIZED;
                    case PERMISSION_DENIED -> HttpStatus.FORBIDDEN;
                    case NOT_FOUND -> HttpStatus.NOT_FOUND;
                    case ABORTED, ALREADY_EXISTS -> HttpStatus.CONFLICT;
                    case RESOURCE_EXHAUSTED -> HttpStatus.TOO_MANY_REQUESTS;
                    case CANCELLED -> HttpStatus.valueOf(499);
                    case UNIMPLEMENTED -> HttpStatus.NOT_IMPLEMENTED;
                    case UNAVAILABLE -> HttpStatus.SERVICE_UNAVAILABLE;
                    case DEADLINE_EXCEEDED -> HttpStatus.GATEWAY_TIMEOUT;
                    case UNKNOWN, INTERNAL, DATA_LOSS -> HttpStatus.INTERNAL_SERVER_ERROR;
                };
        return json(code, status);
    }

    private static AggregatedHttpResponse json(HttpStatus code, Status status) {
        return AggregatedHttpResponse.of(
                code, MediaType.JSON_UTF_8, HttpData.ofUtf8(print(PRINTER, status)));
    }

    /** The one message of an answer. */
    static AggregatedHttpResponse whole(Message message) {
        return AggregatedHttpResponse.of(
                HttpStatus.OK, MediaType.JSON, HttpData.ofUtf8(print(LINE, message) + "\n"));
    }

    /** A line of a stream: a message or, at the end, an error. */
    static HttpData line(String kind, Message message) {
        return HttpData.ofUtf8("{\"" + kind + "\":" + print(LINE, message) + "}\n");
    }

    private static String print(JsonFormat.Printer printer, Message message) {
        try {
            return printer.print(message);
        } catch (InvalidProtocolBufferException e) {
            if (message instanceof Status status) {
                // A detail of a type that is not known here.
                return print(printer, status.toBuilder().clearDetails().build());
            }
            throw new IllegalStateException(e);
        }
    }
}
