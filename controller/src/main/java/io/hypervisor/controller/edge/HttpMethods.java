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
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The services' methods by their google.api.http rules, as grpc-gateway has them: one message is
 * answered as JSON; of a stream each message is a line {@code {"result": ...}}, and an error after
 * the first one a last line {@code {"error": ...}}.
 */
final class HttpMethods {
    private static final Pattern VARIABLE = Pattern.compile("\\{([a-z_.]+)(=\\*\\*)?}");
    private static final Pattern HEADER = Pattern.compile("[0-9a-z_.-]+");

    /** A method where it is found; the body is the part of the request that is sent as one. */
    private record Binding<Q, S>(
            ServerMethodDefinition<Q, S> method, HttpMethod verb, String path, String body) {}

    private HttpMethods() {}

    /** Gives each route its service. */
    static void register(
            List<ServerServiceDefinition> services, BiConsumer<Route, HttpService> register) {
        services.stream()
                .flatMap(service -> service.getMethods().stream())
                .flatMap(HttpMethods::bindings)
                // GET /v1/instances/ID would take ID:watch for an id.
                .sorted(Comparator.comparing(binding -> !binding.path().contains(":")))
                .forEach(binding -> register(binding, register));
    }

    private static <Q, S> Stream<Binding<Q, S>> bindings(ServerMethodDefinition<Q, S> method) {
        if (!(method.getMethodDescriptor().getSchemaDescriptor()
                        instanceof ProtoMethodDescriptorSupplier schema)
                || schema.getMethodDescriptor().isClientStreaming()) {
            return Stream.of();
        }
        MethodOptions options = schema.getMethodDescriptor().getOptions();
        if (!options.hasExtension(AnnotationsProto.http)) {
            return Stream.of();
        }
        HttpRule rule = options.getExtension(AnnotationsProto.http);
        return Stream.concat(Stream.of(rule), rule.getAdditionalBindingsList().stream())
                .map(one -> binding(method, one));
    }

    private static <Q, S> Binding<Q, S> binding(
            ServerMethodDefinition<Q, S> method, HttpRule rule) {
        return switch (rule.getPatternCase()) {
            case GET -> new Binding<>(method, HttpMethod.GET, rule.getGet(), "");
            case DELETE -> new Binding<>(method, HttpMethod.DELETE, rule.getDelete(), "");
            case POST -> new Binding<>(method, HttpMethod.POST, rule.getPost(), rule.getBody());
            case PATCH -> new Binding<>(method, HttpMethod.PATCH, rule.getPatch(), rule.getBody());
            case PUT, CUSTOM, PATTERN_NOT_SET ->
                    throw new IllegalStateException(
                            "no method of this API has such a rule: " + rule);
        };
    }

    private static <Q, S> void register(
            Binding<Q, S> binding, BiConsumer<Route, HttpService> register) {
        StringBuilder regex = new StringBuilder("^");
        List<String> variables = new ArrayList<>();
        int end = 0;
        for (Matcher variable = VARIABLE.matcher(binding.path()); variable.find(); ) {
            regex.append(Pattern.quote(binding.path().substring(end, variable.start())))
                    .append("(?<p" + variables.size())
                    .append(variable.group(2) == null ? ">[^/]+)" : ">.+)");
            variables.add(variable.group(1));
            end = variable.end();
        }
        regex.append(Pattern.quote(binding.path().substring(end))).append('$');
        register.accept(
                Route.builder().methods(binding.verb()).regex(regex.toString()).build(),
                (ctx, request) ->
                        HttpResponse.of(
                                request.aggregate()
                                        .thenApply(
                                                whole -> serve(ctx, whole, binding, variables))));
    }

    private static <Q, S> HttpResponse serve(
            ServiceRequestContext ctx,
            AggregatedHttpRequest request,
            Binding<Q, S> binding,
            List<String> variables) {
        Q message;
        try {
            HttpRoom.admit(ctx, request.content().length());
            message = message(ctx, request, binding, variables);
        } catch (Fault fault) {
            return HttpErrors.answer(Faults.toStatus(fault)).toHttpResponse();
        }
        HttpResponseWriter out = HttpResponse.streaming();
        HttpCall<Q, S> call = new HttpCall<>(binding.method().getMethodDescriptor(), out);
        call.start(binding.method().getServerCallHandler(), metadata(request.headers()), message);
        HttpDoor.timeout(request.headers()).ifPresent(timeout -> call.expireAfter(timeout, ctx));
        return out;
    }

    private static <Q, S> Q message(
            ServiceRequestContext ctx,
            AggregatedHttpRequest request,
            Binding<Q, S> binding,
            List<String> variables) {
        var marshaller =
                (PrototypeMarshaller<Q>)
                        binding.method().getMethodDescriptor().getRequestMarshaller();
        Map<String, String> path = new HashMap<>();
        for (int i = 0; i < variables.size(); i++) {
            path.put(variables.get(i), ctx.pathParam("p" + i));
        }
        Message message =
                HttpRequests.message(
                        (Message) marshaller.getMessagePrototype(),
                        binding.body(),
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
