package io.hypervisor.cluster.input;

import com.google.protobuf.Descriptors.MethodDescriptor;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import io.hypervisor.core.server.RawCalls;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/** Calls one server's methods in all the ways a client should not. */
final class GrpcFuzzer {
    private static final int DEADLINE_MILLIS = 400;
    private static final List<String> HEADERS =
            List.of(
                    "hypervisor-node",
                    "instance-id",
                    "hypervisor-page-size",
                    "hypervisor-page-token",
                    "hypervisor-forwarded");

    private final Channel channel;
    private final List<MethodDescriptor> methods;
    private final RandomGenerator random;
    private final Mutator mutator;
    private final Findings findings;

    GrpcFuzzer(
            Channel channel,
            List<MethodDescriptor> methods,
            RandomGenerator random,
            Mutator mutator,
            Findings findings) {
        this.channel = channel;
        this.methods = methods;
        this.random = random;
        this.mutator = mutator;
        this.findings = findings;
    }

    /** One call of one method. */
    void step() {
        MethodDescriptor method = methods.get(random.nextInt(methods.size()));
        CallOptions options =
                CallOptions.DEFAULT.withDeadlineAfter(DEADLINE_MILLIS, TimeUnit.MILLISECONDS);
        ClientCall<byte[], byte[]> call =
                channel.newCall(
                        RawCalls.method(method.getService().getFullName() + "/" + method.getName()),
                        random.nextInt(4) == 0 ? options.withCompression("gzip") : options);
        CompletableFuture<Status> end = new CompletableFuture<>();
        call.start(
                new ClientCall.Listener<>() {
                    @Override
                    public void onClose(Status status, Metadata trailers) {
                        end.complete(status);
                    }
                },
                headers());
        call.request(random.nextInt(20) == 0 ? 1 : 1000);
        send(call, method);
        Status status = end.join();
        findings.grpc(method.getFullName(), status);
    }

    private void send(ClientCall<byte[], byte[]> call, MethodDescriptor method) {
        int manner = random.nextInt(10);
        int messages = manner == 0 ? 0 : manner == 1 ? random.nextInt(200) : 1;
        boolean alike = random.nextBoolean();
        byte[] request = mutator.request(method.getInputType());
        for (int i = 0; i < messages; i++) {
            call.sendMessage(alike ? request : mutator.request(method.getInputType()));
        }
        switch (manner) {
            case 2 -> call.cancel("at random", null);
            case 3 -> {
                call.halfClose();
                call.cancel("after the half-close", null);
            }
            // The deadline ends it.
            case 4 -> {}
            default -> call.halfClose();
        }
    }

    private Metadata headers() {
        Metadata headers = new Metadata();
        for (String name : HEADERS) {
            if (random.nextInt(4) == 0) {
                byte[] value = mutator.text().getBytes(StandardCharsets.US_ASCII);
                String ascii = new String(value, StandardCharsets.US_ASCII);
                String cut = ascii.substring(0, Math.min(ascii.length(), 500));
                headers.put(
                        Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER),
                        cut.replaceAll("[^ -~]", "?"));
            }
        }
        return headers;
    }
}
