package io.hypervisor.controller.store.etcd;

import io.etcd.jetcd.lease.NoSuchLeaseException;
import io.grpc.Status;
import io.hypervisor.controller.store.StoreException;
import io.hypervisor.controller.store.StoreException.Kind;

import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.util.stream.Stream;

/** What a failed call says about its effect. */
final class EtcdErrors {
    private EtcdErrors() {}

    /** For a write: UNAVAILABLE only if it surely had no effect. */
    static StoreException ofCommit(Throwable cause) {
        Kind kind = refused(cause) || unreached(cause) ? Kind.UNAVAILABLE : Kind.AMBIGUOUS;
        return new StoreException(kind, "etcd: " + cause.getMessage(), cause);
    }

    /** For a read. */
    static StoreException ofRead(Throwable cause) {
        return new StoreException(Kind.UNAVAILABLE, "etcd: " + cause.getMessage(), cause);
    }

    /** Whether a lease is gone. */
    static boolean noSuchLease(Throwable cause) {
        return Status.fromThrowable(cause).getCode() == Status.Code.NOT_FOUND
                || cause instanceof NoSuchLeaseException;
    }

    /** Whether the members are about to elect a leader among them, so that it may work soon. */
    static boolean noLeader(Throwable cause) {
        return "etcdserver: no leader".equals(Status.fromThrowable(cause).getDescription());
    }

    /** Whether etcd looked at the request and turned it down before it could take effect. */
    private static boolean refused(Throwable cause) {
        Status status = Status.fromThrowable(cause);
        return switch (status.getCode()) {
            case INVALID_ARGUMENT,
                    UNAUTHENTICATED,
                    PERMISSION_DENIED,
                    RESOURCE_EXHAUSTED,
                    FAILED_PRECONDITION,
                    OUT_OF_RANGE,
                    UNIMPLEMENTED,
                    NOT_FOUND ->
                    true;
            case UNAVAILABLE -> noLeader(cause);
            case OK,
                    CANCELLED,
                    UNKNOWN,
                    DEADLINE_EXCEEDED,
                    ALREADY_EXISTS,
                    ABORTED,
                    INTERNAL,
                    DATA_LOSS ->
                    false;
        };
    }

    /** Whether there was no connection that could have carried the request. */
    private static boolean unreached(Throwable cause) {
        return Stream.iterate(cause, link -> link != null, Throwable::getCause)
                .limit(20)
                .anyMatch(
                        link ->
                                link instanceof ConnectException
                                        || link instanceof NoRouteToHostException
                                        || link instanceof UnknownHostException);
    }
}
