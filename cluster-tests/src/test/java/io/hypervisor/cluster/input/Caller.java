package io.hypervisor.cluster.input;

import com.google.protobuf.Message;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
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
final class Caller {
    private static final Metadata.Key<String> NODE =
            Metadata.Key.of("hypervisor-node", Metadata.ASCII_STRING_MARSHALLER);

    private Caller() {}

    /** How a call ended, and the messages that came before. */
    record Answer(Status status, Metadata trailers, List<byte[]> messages) {}

    /** Bytes as they are. */
    enum Raw implements Marshaller<byte[]> {
        BYTES;

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

    /** A method by name, whatever it is really like, as a stream of bytes in both directions. */
    static io.grpc.MethodDescriptor<byte[], byte[]> method(String service, String name) {
        return io.grpc.MethodDescriptor.newBuilder(Raw.BYTES, Raw.BYTES)
                .setType(MethodType.BIDI_STREAMING)
                .setFullMethodName(service + "/" + name)
                .build();
    }

    /** Sends messages, half-closes, and waits for the end. */
    static Answer call(Channel channel, String service, String name, List<Message> messages) {
        ClientCall<byte[], byte[]> call =
                channel.newCall(
                        method(service, name),
                        CallOptions.DEFAULT.withDeadlineAfter(20, TimeUnit.SECONDS));
        CompletableFuture<Answer> end = new CompletableFuture<>();
        Metadata headers = new Metadata();
        headers.put(NODE, "n1");
        call.start(collecting(end), headers);
        call.request(Integer.MAX_VALUE);
        messages.forEach(message -> call.sendMessage(message.toByteArray()));
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
