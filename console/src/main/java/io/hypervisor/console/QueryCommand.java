package io.hypervisor.console;

import com.google.protobuf.Descriptors;
import com.google.protobuf.DynamicMessage;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

@Command(
        name = "query",
        description = {
            "Call any method of the API, as the server itself describes it.",
            "Without a method, list them all. A stream is written message by message."
        })
final class QueryCommand implements Runnable {
    // grpc's own limit for a request.
    private static final int MAX_REQUEST_BYTES = 4 * 1024 * 1024;

    private static final List<Column<Descriptors.MethodDescriptor>> METHODS =
            List.of(
                    Column.of("METHOD", Reflection::path),
                    Column.of("REQUEST", m -> m.getInputType().getName()),
                    Column.of(
                            "RESPONSE",
                            m ->
                                    (m.isServerStreaming() ? "stream of " : "")
                                            + m.getOutputType().getName()));

    @ParentCommand Hvctl hvctl;

    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "METHOD",
            description = "Service/Method, or just Method where only one service has it.")
    String method;

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "REQUEST",
            defaultValue = "{}",
            description = "JSON or YAML; - reads stdin. Default: an empty request.")
    String request;

    @Option(
            names = {"-H", "--header"},
            paramLabel = "NAME=VALUE",
            description = "A request header, such as hypervisor-node. May be repeated.")
    Map<String, String> headers = new HashMap<>();

    @Override
    public void run() {
        Reflection reflection = new Reflection(hvctl.session());
        if (method == null) {
            hvctl.output().table(reflection.methods(), METHODS);
            return;
        }
        var described = reflection.method(method);
        if (described.isClientStreaming()) {
            throw Problem.usage(
                    Reflection.path(described) + " takes a stream of requests",
                    "hvctl instance console, if it is a console that you want");
        }
        DynamicMessage.Builder message = DynamicMessage.newBuilder(described.getInputType());
        boolean stdin = request.equals("-");
        Yaml.merge(stdin ? stdin() : request, stdin ? "stdin" : "the request", message);
        call(described, message.build());
    }

    private void call(Descriptors.MethodDescriptor described, DynamicMessage message) {
        boolean stream = described.isServerStreaming();
        MethodDescriptor<DynamicMessage, DynamicMessage> callable =
                MethodDescriptor.<DynamicMessage, DynamicMessage>newBuilder()
                        .setType(
                                stream
                                        ? MethodDescriptor.MethodType.SERVER_STREAMING
                                        : MethodDescriptor.MethodType.UNARY)
                        .setFullMethodName(Reflection.path(described))
                        .setRequestMarshaller(marshaller(described.getInputType()))
                        .setResponseMarshaller(marshaller(described.getOutputType()))
                        .build();
        Session session = hvctl.session();
        Channel channel =
                ClientInterceptors.intercept(
                        session.channel(), MetadataUtils.newAttachHeadersInterceptor(metadata()));
        if (!stream) {
            CallOptions limited =
                    CallOptions.DEFAULT.withDeadlineAfter(
                            session.callTimeout().toNanos(), TimeUnit.NANOSECONDS);
            hvctl.output()
                    .message(ClientCalls.blockingUnaryCall(channel, callable, limited, message));
            return;
        }
        Iterator<DynamicMessage> answers =
                ClientCalls.blockingServerStreamingCall(
                        channel, callable, CallOptions.DEFAULT, message);
        while (answers.hasNext()) {
            hvctl.output().line(answers.next());
        }
    }

    private static MethodDescriptor.Marshaller<DynamicMessage> marshaller(
            Descriptors.Descriptor type) {
        return ProtoUtils.marshaller(DynamicMessage.getDefaultInstance(type));
    }

    private Metadata metadata() {
        Metadata metadata = new Metadata();
        headers.forEach(
                (name, value) -> {
                    try {
                        metadata.put(
                                Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER), value);
                    } catch (IllegalArgumentException e) {
                        throw Problem.usage(
                                "--header " + name + " is no header name: " + e.getMessage(), "");
                    }
                });
        return metadata;
    }

    private String stdin() {
        try {
            byte[] bytes = hvctl.surroundings().in().readNBytes(MAX_REQUEST_BYTES + 1);
            if (bytes.length > MAX_REQUEST_BYTES) {
                throw Problem.usage("stdin is larger than 4 MiB", "");
            }
            return new String(bytes, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read stdin", e);
        }
    }
}
