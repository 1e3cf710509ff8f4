package io.hypervisor.cluster.input;

import com.google.api.AnnotationsProto;
import com.google.api.HttpRule;
import com.google.protobuf.DescriptorProtos.MethodOptions;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sends requests as JSON, by the google.api.http rules of their methods. */
final class HttpCaller implements AutoCloseable {
    private static final Pattern VARIABLE = Pattern.compile("\\{([a-z_]+)}");

    private static final Pattern SEGMENT = Pattern.compile("[A-Za-z0-9-]+");

    private final HttpClient http =
            HttpClient.newBuilder()
                    .version(HttpClient.Version.HTTP_1_1)
                    .connectTimeout(Duration.ofSeconds(10))
                    .build();
    private final Scene scene;

    HttpCaller(Scene scene) {
        this.scene = scene;
    }

    /** The request as HTTP, for methods whose rule takes a body; empty for others. */
    Optional<HttpRequest> request(MethodDescriptor method, Message message)
            throws InvalidProtocolBufferException {
        HttpRule rule = ruleOf(method);
        if (rule.getPost().isEmpty() || method.isServerStreaming()) {
            return Optional.empty();
        }
        Message.Builder body = message.toBuilder();
        Matcher variable = VARIABLE.matcher(rule.getPost());
        StringBuilder path = new StringBuilder();
        while (variable.find()) {
            FieldDescriptor field =
                    message.getDescriptorForType().findFieldByName(variable.group(1));
            String value = (String) message.getField(field);
            // Others are another path, or none.
            if (!SEGMENT.matcher(value).matches()) {
                return Optional.empty();
            }
            body.clearField(field);
            variable.appendReplacement(path, value);
        }
        variable.appendTail(path);
        try {
            return Optional.of(post(path.toString(), JsonFormat.printer().print(body.build())));
        } catch (IllegalArgumentException notInJson) {
            // A time outside the years that JSON has.
            return Optional.empty();
        }
    }

    private static HttpRule ruleOf(MethodDescriptor method) {
        MethodOptions options = method.getOptions();
        return options.getExtension(AnnotationsProto.http);
    }

    HttpRequest post(String path, String json) {
        return to(path).POST(BodyPublishers.ofString(json)).build();
    }

    HttpRequest get(String path) {
        return to(path).GET().build();
    }

    private HttpRequest.Builder to(String path) {
        return HttpRequest.newBuilder(URI.create(scene.http(path)))
                .timeout(Duration.ofSeconds(20))
                .header("content-type", "application/json");
    }

    HttpResponse<String> send(HttpRequest request) {
        try {
            return http.send(request, BodyHandlers.ofString());
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        http.close();
    }
}
