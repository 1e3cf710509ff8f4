package io.hypervisor.cluster.input;

import com.google.protobuf.Descriptors.MethodDescriptor;
import com.linecorp.armeria.client.WebClient;
import com.linecorp.armeria.common.AggregatedHttpResponse;
import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpHeaders;
import com.linecorp.armeria.common.HttpMethod;
import com.linecorp.armeria.common.HttpRequest;
import com.linecorp.armeria.common.RequestHeaders;
import com.linecorp.armeria.common.RequestHeadersBuilder;

import io.grpc.Status;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;

/** Sends gRPC's own frames, broken, where a gRPC library would never send them. */
final class FrameFuzzer {
    // What the gRPC protocol wants as INTERNAL. grpc-java says so before any of our code runs.
    private static final Pattern BY_PROTOCOL =
            Pattern.compile(
                    "gRPC frame header malformed: reserved bits not zero"
                            + "|Encountered end-of-stream mid-frame"
                            + "|Can't decode compressed gRPC message as compression not configured"
                            + "|Method 'GET' is not supported"
                            + "|Content-Type 'application/json' is not supported");

    private final WebClient http;
    private final List<MethodDescriptor> methods;
    private final RandomGenerator random;
    private final Mutator mutator;
    private final Findings findings;

    FrameFuzzer(
            int port,
            List<MethodDescriptor> methods,
            RandomGenerator random,
            Mutator mutator,
            Findings findings) {
        http =
                WebClient.builder("h2c://127.0.0.1:" + port)
                        .responseTimeout(Duration.ofMillis(400))
                        .build();
        this.methods = methods;
        this.random = random;
        this.mutator = mutator;
        this.findings = findings;
    }

    /** One call of one method. */
    void step() {
        MethodDescriptor method = methods.get(random.nextInt(methods.size()));
        String name = method.getService().getFullName() + "/" + method.getName();
        HttpData body = HttpData.wrap(mutator.frames(method.getInputType()));
        try {
            AggregatedHttpResponse answer =
                    http.execute(HttpRequest.of(headers("/" + name), body)).aggregate().join();
            Status status = status(answer);
            String words = String.valueOf(status.getDescription());
            if (status.getCode() == Status.Code.INTERNAL && BY_PROTOCOL.matcher(words).matches()) {
                findings.notGrpc();
            } else {
                findings.grpc(name, status);
            }
        } catch (CompletionException e) {
            findings.hungUp();
        }
    }

    private RequestHeaders headers(String path) {
        RequestHeadersBuilder headers =
                RequestHeaders.builder(
                                random.nextInt(20) == 0 ? HttpMethod.GET : HttpMethod.POST,
                                random.nextInt(20) == 0 ? path + "x" : path)
                        .add("te", "trailers");
        headers.add(
                "content-type",
                random.nextInt(20) == 0 ? "application/json" : "application/grpc+proto");
        switch (random.nextInt(6)) {
            case 0 -> headers.add("grpc-encoding", "nonsense");
            case 1 -> headers.add("grpc-encoding", "gzip");
            case 2 -> headers.add("grpc-encoding", "identity");
            case 3 -> headers.add("grpc-timeout", mutator.number() + "m");
            default -> {}
        }
        return headers.build();
    }

    private static Status status(AggregatedHttpResponse answer) {
        HttpHeaders last = answer.trailers().isEmpty() ? answer.headers() : answer.trailers();
        return Status.fromCodeValue(last.getInt("grpc-status", Status.Code.UNKNOWN.value()))
                .withDescription(last.get("grpc-message", "HTTP " + answer.status()));
    }
}
