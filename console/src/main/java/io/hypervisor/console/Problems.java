package io.hypervisor.console;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.PreconditionFailure;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;

import java.util.ArrayList;
import java.util.List;

/** Turns what the server answered into what the user reads. */
final class Problems {
    private Problems() {}

    /** The problem behind a status; {@code server} is the address that was asked. */
    static Problem of(StatusRuntimeException e, String server) {
        Status.Code code = e.getStatus().getCode();
        String said = e.getStatus().getDescription();
        String message = said == null ? code.name() : said;
        // The message of a single violation says it all.
        List<String> causes = causes(e).stream().filter(c -> !c.equals(message)).toList();
        return switch (code) {
            case UNAVAILABLE -> unreachable(e, server, message);
            case DEADLINE_EXCEEDED ->
                    new Problem(
                            Problem.TIMED_OUT,
                            server + " did not answer in time",
                            List.of(message),
                            "a longer --timeout-call, or look after the controller");
            case RESOURCE_EXHAUSTED ->
                    !unplaced(e)
                            ? Problem.failed(message, "again in a moment")
                            : new Problem(
                                    Problem.NOT_PLACED,
                                    message,
                                    causes,
                                    "--queue to wait for room, or hvctl instance plan with the same"
                                            + " options to see every node");
            case UNIMPLEMENTED ->
                    Problem.failed(
                            server + " does not serve this: " + message,
                            "hvctl version to compare both sides");
            case ABORTED ->
                    new Problem(Problem.FAILED, message, causes, "again, after reading it anew");
            case UNAUTHENTICATED, PERMISSION_DENIED ->
                    new Problem(
                            Problem.FAILED,
                            message,
                            causes,
                            "hvctl context list to see which certificate is used");
            default -> new Problem(Problem.FAILED, message, causes, "");
        };
    }

    private static Problem unreachable(StatusRuntimeException e, String server, String message) {
        // grpc's own words for a refused connection are about its own threads.
        boolean io = "io exception".equals(message);
        Throwable cause = e.getCause();
        List<String> why = io && cause != null ? List.of(root(cause)) : List.of();
        return new Problem(
                Problem.FAILED,
                io ? "cannot reach " + server : message + " (" + server + ")",
                why,
                "hvctl context list to see which server is meant; --server HOST:PORT for another");
    }

    private static String root(Throwable thrown) {
        Throwable at = thrown;
        while (at.getCause() != null) {
            at = at.getCause();
        }
        return String.valueOf(at.getMessage());
    }

    /** Whether it is nodes that have no room; with no node at all there is no further cause. */
    private static boolean unplaced(StatusRuntimeException e) {
        com.google.rpc.Status status = StatusProto.fromThrowable(e);
        Any wanted =
                Any.pack(
                        ErrorInfo.newBuilder()
                                .setReason("NO_ROOM")
                                .setDomain("hypervisor.v1")
                                .build());
        return status != null && status.getDetailsList().contains(wanted);
    }

    private static List<String> causes(StatusRuntimeException e) {
        com.google.rpc.Status status = StatusProto.fromThrowable(e);
        List<String> causes = new ArrayList<>();
        if (status == null) {
            return causes;
        }
        try {
            for (Any detail : status.getDetailsList()) {
                if (detail.is(BadRequest.class)) {
                    detail.unpack(BadRequest.class)
                            .getFieldViolationsList()
                            .forEach(v -> causes.add(v.getField() + ": " + v.getDescription()));
                } else if (detail.is(PreconditionFailure.class)) {
                    detail.unpack(PreconditionFailure.class)
                            .getViolationsList()
                            .forEach(v -> causes.add(v.getSubject() + ": " + v.getDescription()));
                }
            }
        } catch (InvalidProtocolBufferException unreadable) {
            causes.add("with details that cannot be read: " + unreadable.getMessage());
        }
        return causes;
    }
}
