package io.hypervisor.core.server;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Calls any method with any bytes. */
public final class RawCalls {
    private RawCalls() {}

    /** How a call ended, and the messages that came before. */
    public record Answer(Status status, Metadata trailers, List<byte[]> messages) {}

    private enum Bytes implements Marshaller<byte[]> {
        AS_THEY_ARE;

        @Override
        public InputStream stream(byte[] value) {
            return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
            try {
                return stream.readAllBytes();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** "package.Service/Method", whatever it is really like, as a stream in both directions. */
    public static MethodDescriptor<byte[], byte[]> method(String name) {
        return MethodDescriptor.newBuilder(Bytes.AS_THEY_ARE, Bytes.AS_THEY_ARE)
                .setType(MethodType.BIDI_STREAMING)
                .setFullMethodName(name)
                .build();
    }

    /** Sends messages, half-closes, and waits for the end. */
    public static Answer send(
            Channel channel, String method, Metadata headers, List<byte[]> messages) {
        ClientCall<byte[], byte[]> call =
                channel.newCall(
                        method(method),
                        CallOptions.DEFAULT.withDeadlineAfter(20, TimeUnit.SECONDS));
        CompletableFuture<Answer> end = new CompletableFuture<>();
        call.start(collecting(end), headers);
        call.request(Integer.MAX_VALUE);
        messages.forEach(call::sendMessage);
        call.halfClose();
        return end.join();
    }

    private static ClientCall.Listener<byte[]> collecting(CompletableFuture<Answer> end) {
        List<byte[]> messages = new ArrayList<>();
        return new ClientCall.Listener<>() {
            @Override
            public void onMessage(byte[] message) {
                messages.add(message);
            }

            @Override
            public void onClose(Status status, Metadata trailers) {
                end.complete(new Answer(status, trailers, messages));
            }
        };
    }
}
