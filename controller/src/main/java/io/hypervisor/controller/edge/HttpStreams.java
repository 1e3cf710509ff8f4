package io.hypervisor.controller.edge;

import com.google.api.AnnotationsProto;
import com.google.api.HttpRule;
import com.google.protobuf.DescriptorProtos.MethodOptions;
import com.google.protobuf.Message;
import com.linecorp.armeria.common.AggregatedHttpRequest;
import com.linecorp.armeria.common.HttpMethod;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpResponseWriter;
import com.linecorp.armeria.common.RequestHeaders;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.Route;
import com.linecorp.armeria.server.ServiceRequestContext;

import io.grpc.Metadata;
import io.grpc.MethodDescriptor.PrototypeMarshaller;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.protobuf.ProtoMethodDescriptorSupplier;
import io.hypervisor.core.Fault;
import io.hypervisor.core.server.Faults;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.function.BiConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Methods that answer with a stream, by their google.api.http rules, as grpc-gateway has them: each
 * message is a line {@code {"result": ...}}, and an error after the first one a last line {@code
 * {"error": ...}}. Armeria's own transcoding leaves these methods out.
 */
final class HttpStreams {
    /** Each holds a connection or an HTTP/2 stream, and a call; as many as one gRPC connection. */
    static final int MOST_AT_ONCE = 10_000;

    private static final Pattern VARIABLE = Pattern.compile("\\{([a-z_]+)}");
    private static final Pattern HEADER = Pattern.compile("[0-9a-z_.-]+");

    private final int most;
    private final Semaphore places;

    HttpStreams(int most) {
        this.most = most;
        this.places = new Semaphore(most);
    }

    /** Gives each route its service. */
    void register(List<ServerServiceDefinition> services, BiConsumer<Route, HttpService> register) {
        for (ServerServiceDefinition service : services) {
            for (ServerMethodDefinition<?, ?> method : service.getMethods()) {
                rules(method).forEach(rule -> register(method, rule, register));
            }
        }
    }

    private static Stream<HttpRule> rules(ServerMethodDefinition<?, ?> method) {
        if (!(method.getMethodDescriptor().getSchemaDescriptor()
                        instanceof ProtoMethodDescriptorSupplier schema)
                || !schema.getMethodDescriptor().isServerStreaming()) {
            return Stream.of();
        }
        MethodOptions options = schema.getMethodDescriptor().getOptions();
        if (!options.hasExtension(AnnotationsProto.http)) {
            return Stream.of();
        }
        HttpRule rule = options.getExtension(AnnotationsProto.http);
        return Stream.concat(Stream.of(rule), rule.getAdditionalBindingsList().stream());
    }

    private <Q, S> void register(
            ServerMethodDefinition<Q, S> method,
            HttpRule rule,
            BiConsumer<Route, HttpService> register) {
        boolean get = rule.getPost().isEmpty();
        String template = get ? rule.getGet() : rule.getPost();
        StringBuilder regex = new StringBuilder("^");
        List<String> variables = new ArrayList<>();
        int end = 0;
        for (Matcher variable = VARIABLE.matcher(template); variable.find(); ) {
            regex.append(Pattern.quote(template.substring(end, variable.start())))
                    .append("(?<p" + variables.size() + ">[^/]+)");
            variables.add(variable.group(1));
            end = variable.end();
        }
        regex.append(Pattern.quote(template.substring(end))).append('$');
        register.accept(
                Route.builder()
                        .methods(get ? HttpMethod.GET : HttpMethod.POST)
                        .regex(regex.toString())
                        .build(),
                (ctx, request) ->
                        HttpResponse.of(
                                request.aggregate()
                                        .thenApply(whole -> serve(ctx, whole, method, variables))));
    }

    private <Q, S> HttpResponse serve(
            ServiceRequestContext ctx,
            AggregatedHttpRequest request,
            ServerMethodDefinition<Q, S> method,
            List<String> variables) {
        Q message;
        try {
            message = message(ctx, request, method, variables);
        } catch (Fault fault) {
            return refused(fault);
        }
        if (!places.tryAcquire()) {
            return refused(
                    Fault.of(
                            Fault.Kind.RESOURCE_EXHAUSTED,
                            "TOO_MANY_STREAMS",
                            most + " streams are open over HTTP (expected: fewer; end one)"));
        }
        HttpResponseWriter out = HttpResponse.streaming();
        var _ = out.whenComplete().whenComplete((done, broken) -> places.release());
        LineCall<Q, S> call = new LineCall<>(method.getMethodDescriptor(), out);
        call.start(method.getServerCallHandler(), metadata(request.headers()), message);
        HttpDoor.timeout(request.headers()).ifPresent(timeout -> call.expireAfter(timeout, ctx));
        return out;
    }

    private static HttpResponse refused(Fault fault) {
        return HttpErrors.answer(Faults.toStatus(fault)).toHttpResponse();
    }

    private static <Q> Q message(
            ServiceRequestContext ctx,
            AggregatedHttpRequest request,
            ServerMethodDefinition<Q, ?> method,
            List<String> variables) {
        var marshaller =
                (PrototypeMarshaller<Q>) method.getMethodDescriptor().getRequestMarshaller();
        Map<String, String> path = new HashMap<>();
        for (int i = 0; i < variables.size(); i++) {
            path.put(variables.get(i), ctx.pathParam("p" + i));
        }
        Message message =
                HttpRequests.message(
                        (Message) marshaller.getMessagePrototype(),
                        path,
                        ctx.queryParams(),
                        request);
        return marshaller.getMessageClass().cast(message);
    }

    private static Metadata metadata(RequestHeaders headers) {
        Metadata metadata = new Metadata();
        headers.forEach(
                (name, value) -> {
                    String key = name.toString();
                    if (HEADER.matcher(key).matches()
                            && !key.endsWith(Metadata.BINARY_HEADER_SUFFIX)) {
                        metadata.put(Metadata.Key.of(key, Metadata.ASCII_STRING_MARSHALLER), value);
                    }
                });
        return metadata;
    }
}
