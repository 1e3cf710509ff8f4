package io.hypervisor.cluster;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Struct;
import com.google.protobuf.util.JsonFormat;

import io.grpc.CallOptions;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import io.hypervisor.core.server.Described;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * A client that knows only an address. Messages are JSON on the way in and Struct on the way out,
 * so that tests read like calls with a command-line tool.
 */
final class ReflectionClient implements AutoCloseable {
    private final ManagedChannel channel;
    private final Map<String, MethodDescriptor> methods = new HashMap<>();

    ReflectionClient(String address) {
        channel = Grpc.newChannelBuilder(address, InsecureChannelCredentials.create()).build();
    }

    /** The connection, for typed calls. */
    ManagedChannel channel() {
        return channel;
    }

    /** Names of all services. */
    List<String> services() {
        return Described.services(channel);
    }

    /** Calls a unary method, named "hypervisor.v1.ClusterService/GetNode". */
    Struct call(String method, String json) {
        MethodDescriptor descriptor = method(method);
        return toStruct(
                ClientCalls.blockingUnaryCall(
                        channel,
                        grpc(descriptor),
                        CallOptions.DEFAULT.withDeadlineAfter(60, TimeUnit.SECONDS),
                        parse(descriptor, json)));
    }

    /** Reads a server stream until {@code last} says so, or the stream ends. */
    List<Struct> watch(String method, String json, Predicate<Struct> last) {
        MethodDescriptor descriptor = method(method);
        List<Struct> seen = new ArrayList<>();
        var answers =
                ClientCalls.blockingServerStreamingCall(
                        channel,
                        grpc(descriptor),
                        CallOptions.DEFAULT.withDeadlineAfter(180, TimeUnit.SECONDS),
                        parse(descriptor, json));
        while (answers.hasNext()) {
            Struct next = toStruct(answers.next());
            seen.add(next);
            if (last.test(next)) {
                break;
            }
        }
        return seen;
    }

    /** Opens a bidirectional stream; answers and the end go to the consumers. */
    Conversation converse(String method, Consumer<DynamicMessage> answers) {
        MethodDescriptor descriptor = method(method);
        CompletableFuture<Void> end = new CompletableFuture<>();
        StreamObserver<DynamicMessage> requests =
                ClientCalls.asyncBidiStreamingCall(
                        channel.newCall(grpc(descriptor), CallOptions.DEFAULT),
                        new StreamObserver<>() {
                            @Override
                            public void onNext(DynamicMessage value) {
                                answers.accept(value);
                            }

                            @Override
                            public void onError(Throwable t) {
                                end.completeExceptionally(t);
                            }

                            @Override
                            public void onCompleted() {
                                end.complete(null);
                            }
                        });
        return new Conversation(this, descriptor, requests, end);
    }

    /** One open bidirectional stream. */
    record Conversation(
            ReflectionClient client,
            MethodDescriptor method,
            StreamObserver<DynamicMessage> requests,
            CompletableFuture<Void> end)
            implements AutoCloseable {
        void send(String json) {
            requests.onNext(client.parse(method, json));
        }

        @Override
        public void close() {
            requests.onCompleted();
        }
    }

    /** The bytes of a message's field. */
    static ByteString bytes(DynamicMessage message, String field) {
        return (ByteString) message.getField(message.getDescriptorForType().findFieldByName(field));
    }

    private io.grpc.MethodDescriptor<DynamicMessage, DynamicMessage> grpc(MethodDescriptor m) {
        io.grpc.MethodDescriptor.MethodType type =
                m.isClientStreaming()
                        ? io.grpc.MethodDescriptor.MethodType.BIDI_STREAMING
                        : m.isServerStreaming()
                                ? io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING
                                : io.grpc.MethodDescriptor.MethodType.UNARY;
        return io.grpc.MethodDescriptor.<DynamicMessage, DynamicMessage>newBuilder()
                .setType(type)
                .setFullMethodName(path(m))
                .setRequestMarshaller(
                        ProtoUtils.marshaller(DynamicMessage.getDefaultInstance(m.getInputType())))
                .setResponseMarshaller(
                        ProtoUtils.marshaller(DynamicMessage.getDefaultInstance(m.getOutputType())))
                .build();
    }

    private DynamicMessage parse(MethodDescriptor method, String json) {
        DynamicMessage.Builder builder = DynamicMessage.newBuilder(method.getInputType());
        try {
            JsonFormat.parser().merge(json, builder);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalArgumentException(json, e);
        }
        return builder.build();
    }

    private static Struct toStruct(DynamicMessage message) {
        Struct.Builder builder = Struct.newBuilder();
        try {
            String json =
                    JsonFormat.printer()
                            .alwaysPrintFieldsWithNoPresence()
                            .preservingProtoFieldNames()
                            .print(message);
            JsonFormat.parser().merge(json, builder);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException(e);
        }
        return builder.build();
    }

    private synchronized MethodDescriptor method(String name) {
        if (methods.isEmpty()) {
            Described.methods(channel).forEach(m -> methods.put(path(m), m));
        }
        return Optional.ofNullable(methods.get(name))
                .orElseThrow(() -> new IllegalArgumentException("no method " + name));
    }

    private static String path(MethodDescriptor method) {
        return method.getService().getFullName() + "/" + method.getName();
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }
}
