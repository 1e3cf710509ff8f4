package io.hypervisor.agent.driver.containerd;

import com.google.protobuf.ByteString;
import com.google.protobuf.FieldMask;

import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.BlockingClientCall;
import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.containerd.wire.AbortContentRequest;
import io.hypervisor.agent.driver.containerd.wire.ContentGrpc;
import io.hypervisor.agent.driver.containerd.wire.ContentInfo;
import io.hypervisor.agent.driver.containerd.wire.UpdateContentRequest;
import io.hypervisor.agent.driver.containerd.wire.WriteAction;
import io.hypervisor.agent.driver.containerd.wire.WriteContentRequest;
import io.hypervisor.agent.driver.containerd.wire.WriteContentResponse;
import io.hypervisor.agent.registry.Descriptor;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Writes blobs to containerd under a lease. Every write resumes what an earlier one left. */
final class Contents {
    private static final long PATIENCE_SECONDS = 60;

    private final Channel leased;

    Contents(Channel leased) {
        this.leased = leased;
    }

    /** A blob that is not complete yet. */
    static final class Writer implements AutoCloseable {
        private final Descriptor blob;
        private final BlockingClientCall<WriteContentRequest, WriteContentResponse> call;
        private volatile long offset;

        private Writer(
                Descriptor blob,
                BlockingClientCall<WriteContentRequest, WriteContentResponse> call,
                long offset) {
            this.blob = blob;
            this.call = call;
            this.offset = offset;
        }

        /** How many bytes are there. */
        long offset() {
            return offset;
        }

        /** Forgets what is there. */
        void restart() {
            offset = 0;
        }

        void write(byte[] bytes, int length) {
            ByteString data = ByteString.copyFrom(bytes, 0, length);
            long next = offset + length;
            answer(request(blob, WriteAction.WRITE).setOffset(offset).setData(data));
            offset = next;
        }

        /** Makes it content, if it is what its digest says. */
        void commit() {
            answer(request(blob, WriteAction.COMMIT).setOffset(offset));
        }

        private WriteContentResponse answer(WriteContentRequest.Builder request) {
            try {
                return exchange(call, request.build());
            } catch (StatusException e) {
                throw failure(e);
            }
        }

        private DriverException failure(StatusException e) {
            if (e.getStatus().getCode() == Status.Code.FAILED_PRECONDITION) {
                return DriverException.permanent(
                        "blob is corrupt: "
                                + Wording.printable(
                                        String.valueOf(e.getStatus().getDescription())));
            }
            return Daemon.failure(new StatusRuntimeException(e.getStatus()));
        }

        @Override
        public void close() {
            call.cancel("no more", null);
        }
    }

    /** Begins or goes on to write a blob; empty if it is there. */
    Optional<Writer> open(Descriptor blob) {
        BlockingClientCall<WriteContentRequest, WriteContentResponse> call =
                ContentGrpc.newBlockingV2Stub(leased).write();
        try {
            long offset = exchange(call, request(blob, WriteAction.STAT).build()).getOffset();
            return Optional.of(new Writer(blob, call, offset));
        } catch (StatusException e) {
            call.cancel("not begun", null);
            if (e.getStatus().getCode() == Status.Code.ALREADY_EXISTS) {
                return Optional.empty();
            }
            throw Daemon.failure(new StatusRuntimeException(e.getStatus()));
        }
    }

    /** Writes a small blob at once. */
    void put(Descriptor blob, byte[] bytes) {
        Optional<Writer> open = open(blob);
        if (open.isPresent()) {
            try (Writer writer = open.get()) {
                writer.restart();
                writer.write(bytes, bytes.length);
                writer.commit();
            }
        }
    }

    private static WriteContentRequest.Builder request(Descriptor blob, WriteAction action) {
        return WriteContentRequest.newBuilder()
                .setAction(action)
                .setRef("hypervisor-" + blob.digest())
                .setTotal(blob.size())
                .setExpected(blob.digest());
    }

    private static WriteContentResponse exchange(
            BlockingClientCall<WriteContentRequest, WriteContentResponse> call,
            WriteContentRequest request)
            throws StatusException {
        try {
            // A refusal is read below.
            var _ = call.write(request, PATIENCE_SECONDS, TimeUnit.SECONDS);
            WriteContentResponse response = call.read(PATIENCE_SECONDS, TimeUnit.SECONDS);
            if (response == null) {
                throw DriverException.passing("containerd ended a write", null);
            }
            return response;
        } catch (TimeoutException e) {
            throw DriverException.passing("containerd is out of reach: no answer to a write", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw DriverException.passing("the agent stops", e);
        }
    }

    /** Removes what was written of a blob. */
    void abort(Descriptor blob) {
        AbortContentRequest request =
                AbortContentRequest.newBuilder().setRef("hypervisor-" + blob.digest()).build();
        var _ =
                Daemon.find(
                        () -> Daemon.patient(ContentGrpc.newBlockingStub(leased)).abort(request));
    }

    /** Sets labels, by which containerd knows what a blob refers to, and leaves others alone. */
    void label(String digest, Map<String, String> labels) {
        UpdateContentRequest request =
                UpdateContentRequest.newBuilder()
                        .setInfo(ContentInfo.newBuilder().setDigest(digest).putAllLabels(labels))
                        .setUpdateMask(
                                FieldMask.newBuilder()
                                        .addAllPaths(
                                                labels.keySet().stream()
                                                        .map(key -> "labels." + key)
                                                        .toList()))
                        .build();
        var _ =
                Daemon.call(
                        () -> Daemon.patient(ContentGrpc.newBlockingStub(leased)).update(request));
    }
}
