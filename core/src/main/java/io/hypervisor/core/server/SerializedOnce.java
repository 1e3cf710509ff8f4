package io.hypervisor.core.server;

import com.google.common.io.ByteStreams;

import io.grpc.Drainable;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.ref.WeakReference;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * Serializes a message once for all streams that send the very same object at about the same time:
 * one event goes to thousands of watchers. Messages are immutable.
 */
final class SerializedOnce<S> implements MethodDescriptor.Marshaller<S> {
    // As many events as streams are likely to be apart from each other; each holds one message.
    private static final int KEPT = 64;

    private final MethodDescriptor.Marshaller<S> messages;
    private final AtomicReferenceArray<Optional<Kept>> kept = new AtomicReferenceArray<>(KEPT);

    private static final class Kept {
        // Weak: what is sent no more need not stay.
        private final WeakReference<Object> message;
        private final byte[] bytes;

        Kept(Object message, byte[] bytes) {
            this.message = new WeakReference<>(message);
            this.bytes = bytes;
        }
    }

    SerializedOnce(MethodDescriptor.Marshaller<S> messages) {
        this.messages = messages;
        for (int i = 0; i < KEPT; i++) {
            kept.set(i, Optional.empty());
        }
    }

    @Override
    public InputStream stream(S message) {
        int slot = System.identityHashCode(message) % KEPT;
        Optional<Kept> known = kept.get(slot).filter(one -> one.message.refersTo(message));
        if (known.isEmpty()) {
            known = Optional.of(new Kept(message, bytes(message)));
            kept.set(slot, known);
        }
        return new Bytes(known.get().bytes);
    }

    private byte[] bytes(S message) {
        try (InputStream stream = messages.stream(message)) {
            return ByteStreams.toByteArray(stream);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public S parse(InputStream stream) {
        return messages.parse(stream);
    }

    /** Writes itself in one piece. */
    private static final class Bytes extends ByteArrayInputStream
            implements Drainable, KnownLength {
        Bytes(byte[] bytes) {
            super(bytes);
        }

        @Override
        public int drainTo(OutputStream target) throws IOException {
            return Math.toIntExact(transferTo(target));
        }
    }
}
