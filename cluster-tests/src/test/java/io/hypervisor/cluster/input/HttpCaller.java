package io.hypervisor.cluster.input;

import com.google.api.AnnotationsProto;
import com.google.api.HttpRule;
import com.google.protobuf.DescriptorProtos.MethodOptions;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MapEntry;
import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import com.google.protobuf.util.JsonFormat;
import com.google.protobuf.util.Timestamps;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sends requests as JSON, by the google.api.http rules of their methods. */
final class HttpCaller implements AutoCloseable {
    private static final Pattern VARIABLE = Pattern.compile("\\{([a-z_]+)}");

    // A server takes no longer line than 4 KiB.
    private static final int MOST = 4000;
    // Nor does it take these, whatever they are in.
    private static final Pattern SUSPECT =
            Pattern.compile("%0[0-8BCEF]|%1|%7F|[.][.]%2F|%2F[.][.]");
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

    /**
     * The request as HTTP, for streams and for methods whose rule takes a body; empty for others.
     */
    Optional<HttpRequest> request(MethodDescriptor method, Message message)
            throws InvalidProtocolBufferException {
        HttpRule rule = ruleOf(method, message);
        boolean get = !rule.getGet().isEmpty() && method.isServerStreaming();
        if (rule.getPost().isEmpty() && !get) {
            return Optional.empty();
        }
        Message.Builder body = message.toBuilder();
        Matcher variable = VARIABLE.matcher(get ? rule.getGet() : rule.getPost());
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
            if (get) {
                return Optional.of(path + query(body.build()))
                        .filter(whole -> whole.length() < MOST && !SUSPECT.matcher(whole).find())
                        .map(this::get);
            }
            return Optional.of(post(path.toString(), JsonFormat.printer().print(body.build())));
        } catch (IllegalArgumentException notInJson) {
            // A time outside the years that JSON has.
            return Optional.empty();
        }
    }

    private static String query(Message message) {
        StringBuilder query = new StringBuilder("?");
        message.getAllFields()
                .forEach(
                        (field, value) -> {
                            List<?> values = value instanceof List<?> all ? all : List.of(value);
                            values.forEach(one -> query.append(parameter(field, one)).append('&'));
                        });
        return query.toString();
    }

    private static String parameter(FieldDescriptor field, Object value) {
        return switch (value) {
            case MapEntry<?, ?> entry ->
                    encoded(field.getName() + "[" + entry.getKey() + "]")
                            + "="
                            + encoded(entry.getValue());
            case EnumValueDescriptor known -> field.getName() + "=" + known.getNumber();
            case Timestamp time -> field.getName() + "=" + encoded(Timestamps.toString(time));
            default -> field.getName() + "=" + encoded(value);
        };
    }

    private static String encoded(Object text) {
        return URLEncoder.encode(text.toString(), StandardCharsets.UTF_8);
    }

    /** The method's rule, or the other one if a variable of its path is empty. */
    private static HttpRule ruleOf(MethodDescriptor method, Message message) {
        MethodOptions options = method.getOptions();
        HttpRule rule = options.getExtension(AnnotationsProto.http);
        boolean fits =
                VARIABLE.matcher(rule.getGet())
                        .results()
                        .map(v -> message.getDescriptorForType().findFieldByName(v.group(1)))
                        .allMatch(field -> message.getAllFields().containsKey(field));
        return fits || rule.getAdditionalBindingsCount() == 0
                ? rule
                : rule.getAdditionalBindings(0);
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
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        http.close();
    }
}
