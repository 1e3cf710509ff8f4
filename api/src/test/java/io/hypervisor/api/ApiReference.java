package io.hypervisor.api;

import com.google.api.AnnotationsProto;
import com.google.api.HttpRule;
import com.google.protobuf.DescriptorProtos.DescriptorProto;
import com.google.protobuf.DescriptorProtos.EnumDescriptorProto;
import com.google.protobuf.DescriptorProtos.EnumValueDescriptorProto;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.MethodDescriptorProto;
import com.google.protobuf.DescriptorProtos.ServiceDescriptorProto;
import com.google.protobuf.DescriptorProtos.SourceCodeInfo.Location;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The page of the API reference that one proto file gives: what it declares and what it says. */
final class ApiReference {
    private static final String PACKAGE = ".hypervisor.v1.";

    private final FileDescriptorProto file;
    private final Map<String, String> homes;
    private final Map<List<Integer>, String> comments = new HashMap<>();
    private final StringBuilder page = new StringBuilder();

    /**
     * @param homes the proto file of each type of the API, by full name
     */
    ApiReference(FileDescriptorProto file, Map<String, String> homes) {
        this.file = file;
        this.homes = homes;
        for (Location location : file.getSourceCodeInfo().getLocationList()) {
            comments.put(location.getPathList(), location.getLeadingComments());
        }
    }

    /** The full names of the types that a file declares. */
    static Stream<String> types(FileDescriptorProto file) {
        return Stream.concat(
                file.getMessageTypeList().stream().flatMap(m -> types(PACKAGE, m)),
                file.getEnumTypeList().stream().map(e -> PACKAGE + e.getName()));
    }

    private static Stream<String> types(String scope, DescriptorProto message) {
        String name = scope + message.getName();
        return Stream.of(
                        Stream.of(name),
                        message.getEnumTypeList().stream().map(e -> name + "." + e.getName()),
                        message.getNestedTypeList().stream().flatMap(m -> types(name + ".", m)))
                .flatMap(s -> s);
    }

    /** The file of docs/reference that a proto file has. */
    static String page(String proto) {
        return proto.replace(".proto", ".md");
    }

    /** The page as Markdown. */
    String text() {
        page.append("# ").append(file.getName()).append("\n\n");
        say(List.of(FileDescriptorProto.SYNTAX_FIELD_NUMBER));
        for (int i = 0; i < file.getServiceCount(); i++) {
            service(file.getService(i), List.of(FileDescriptorProto.SERVICE_FIELD_NUMBER, i));
        }
        for (int i = 0; i < file.getMessageTypeCount(); i++) {
            message("", file.getMessageType(i), under(4, i));
        }
        for (int i = 0; i < file.getEnumTypeCount(); i++) {
            enumeration("", file.getEnumType(i), under(5, i));
        }
        return page.toString().stripTrailing() + "\n";
    }

    private void service(ServiceDescriptorProto service, List<Integer> path) {
        page.append("## ").append(service.getName()).append("\n\n");
        say(path);
        for (int i = 0; i < service.getMethodCount(); i++) {
            MethodDescriptorProto method = service.getMethod(i);
            page.append("### ").append(service.getName()).append('.').append(method.getName());
            page.append("\n\n");
            page.append(stream(method.getClientStreaming())).append(link(method.getInputType()));
            page.append(" → ");
            page.append(stream(method.getServerStreaming())).append(link(method.getOutputType()));
            HttpRule http = method.getOptions().getExtension(AnnotationsProto.http);
            if (http.getPatternCase() != HttpRule.PatternCase.PATTERN_NOT_SET) {
                page.append("  \n").append(http(http));
            }
            page.append("\n\n");
            say(under(path, ServiceDescriptorProto.METHOD_FIELD_NUMBER, i));
        }
    }

    private static String stream(boolean streaming) {
        return streaming ? "stream of " : "";
    }

    private static String http(HttpRule rule) {
        var pattern =
                rule.getDescriptorForType().findFieldByNumber(rule.getPatternCase().getNumber());
        String body = rule.getBody().equals("*") ? "the request" : "`" + rule.getBody() + "`";
        return "`%s %s`%s"
                .formatted(
                        pattern.getName().toUpperCase(Locale.ROOT),
                        rule.getField(pattern),
                        rule.getBody().isEmpty() ? "" : " with " + body + " as its body");
    }

    private void message(String scope, DescriptorProto message, List<Integer> path) {
        if (message.getOptions().getMapEntry()) {
            return;
        }
        String name = scope + message.getName();
        page.append("## ").append(name).append("\n\n");
        say(path);
        if (message.getFieldCount() > 0) {
            page.append("| field | | type | |\n|---|---|---|---|\n");
        }
        for (int i = 0; i < message.getFieldCount(); i++) {
            FieldDescriptorProto field = message.getField(i);
            String choice =
                    field.hasOneofIndex() && !field.getProto3Optional()
                            ? "One of `"
                                    + message.getOneofDecl(field.getOneofIndex()).getName()
                                    + "`. "
                            : "";
            row(
                    field.getName(),
                    field.getNumber(),
                    type(message, field),
                    choice + comment(under(path, DescriptorProto.FIELD_FIELD_NUMBER, i)));
        }
        page.append('\n');
        for (int i = 0; i < message.getNestedTypeCount(); i++) {
            message(name + ".", message.getNestedType(i), under(path, 3, i));
        }
        for (int i = 0; i < message.getEnumTypeCount(); i++) {
            enumeration(name + ".", message.getEnumType(i), under(path, 4, i));
        }
    }

    private void enumeration(String scope, EnumDescriptorProto type, List<Integer> path) {
        page.append("## ").append(scope).append(type.getName()).append("\n\n");
        say(path);
        page.append("| value | | |\n|---|---|---|\n");
        for (int i = 0; i < type.getValueCount(); i++) {
            EnumValueDescriptorProto value = type.getValue(i);
            List<Integer> at = under(path, EnumDescriptorProto.VALUE_FIELD_NUMBER, i);
            row(value.getName(), value.getNumber(), comment(at));
        }
        page.append('\n');
    }

    private void row(String name, int number, String... cells) {
        page.append("| `").append(name).append("` | ").append(number);
        for (String cell : cells) {
            page.append(" | ").append(cell);
        }
        page.append(" |\n");
    }

    private String type(DescriptorProto message, FieldDescriptorProto field) {
        for (DescriptorProto nested : message.getNestedTypeList()) {
            if (nested.getOptions().getMapEntry()
                    && field.getTypeName().endsWith("." + nested.getName())) {
                return "map of " + plain(nested.getField(0)) + " to " + plain(nested.getField(1));
            }
        }
        String presence = field.getProto3Optional() ? "optional " : "";
        boolean list = field.getLabel() == FieldDescriptorProto.Label.LABEL_REPEATED;
        return (list ? "list of " : presence) + plain(field);
    }

    private String plain(FieldDescriptorProto field) {
        return field.getTypeName().isEmpty()
                ? field.getType().name().substring("TYPE_".length()).toLowerCase(Locale.ROOT)
                : link(field.getTypeName());
    }

    private String link(String fullName) {
        if (!homes.containsKey(fullName)) {
            return "`" + fullName.substring(1) + "`";
        }
        String name = fullName.substring(PACKAGE.length());
        String home = homes.get(fullName);
        String target = home.equals(file.getName()) ? "" : page(home);
        String anchor = name.toLowerCase(Locale.ROOT).replace(".", "");
        return "[" + name + "](" + target + "#" + anchor + ")";
    }

    private void say(List<Integer> path) {
        String text = comments.getOrDefault(path, "");
        if (!text.isBlank()) {
            page.append(escaped(text.stripTrailing()).stripIndent().strip()).append("\n\n");
        }
    }

    private String comment(List<Integer> path) {
        return escaped(comments.getOrDefault(path, ""))
                .lines()
                .map(String::strip)
                .collect(Collectors.joining(" "))
                .strip();
    }

    // What our comments say is text: nothing in it is Markdown, but lists.
    private static String escaped(String text) {
        return text.replaceAll("(?m)^( +)\\* ", "$1- ").replaceAll("[|<>\\[\\]*`\\\\]", "\\\\$0");
    }

    private static List<Integer> under(int kind, int index) {
        return List.of(kind, index);
    }

    private static List<Integer> under(List<Integer> path, int kind, int index) {
        List<Integer> deeper = new ArrayList<>(path);
        deeper.add(kind);
        deeper.add(index);
        return deeper;
    }
}
