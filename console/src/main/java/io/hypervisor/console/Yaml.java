package io.hypervisor.console;

import com.google.gson.Gson;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;

import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.schema.CoreSchema;

import java.util.Map;

/** Messages as the API's JSON, and as the same JSON written in YAML. */
final class Yaml {
    // That of most readers: there the text False has to be quoted, or it is not true.
    private static final CoreSchema SCHEMA = new CoreSchema();

    private Yaml() {}

    /** The message as JSON over several lines. */
    static String json(Message message) {
        return print(JsonFormat.printer(), message);
    }

    /** The message as JSON on one line. */
    static String line(Message message) {
        return print(JsonFormat.printer().omittingInsignificantWhitespace(), message);
    }

    /** The message's JSON as a block of YAML, ending in a newline. */
    static String yaml(Message message) {
        DumpSettings block =
                DumpSettings.builder()
                        .setDefaultFlowStyle(FlowStyle.BLOCK)
                        .setIndent(2)
                        .setSchema(SCHEMA)
                        .build();
        // Every JSON text is a YAML text.
        return new Dump(block).dumpToString(load(json(message), "the answer"));
    }

    /**
     * Reads JSON or YAML into a message.
     *
     * @param source where the text comes from, for the error
     * @throws Problem if it is neither, or has fields that the message has not
     */
    static void merge(String text, String source, Message.Builder into) {
        String json = new Gson().toJson(load(text, source));
        try {
            JsonFormat.parser().merge(json, into);
        } catch (InvalidProtocolBufferException e) {
            throw Problem.usage(
                    source
                            + " is no "
                            + into.getDescriptorForType().getName()
                            + ": "
                            + e.getMessage(),
                    "the field names of the API's JSON, for example cpuCores or cpu_cores");
        }
    }

    /**
     * Reads a document as maps, lists and plain values.
     *
     * @throws Problem if it is not one YAML (or JSON) document
     */
    static Object load(String text, String source) {
        try {
            Object document =
                    new Load(LoadSettings.builder().setLabel(source).setSchema(SCHEMA).build())
                            .loadFromString(text);
            return document == null ? Map.of() : document;
        } catch (YamlEngineException e) {
            String firstLine = e.getMessage().lines().findFirst().orElse("");
            throw Problem.usage(source + " is neither YAML nor JSON: " + firstLine, "");
        }
    }

    private static String print(JsonFormat.Printer printer, Message message) {
        try {
            return printer.print(message);
        } catch (InvalidProtocolBufferException e) {
            throw Problem.failed("the answer has no JSON form: " + e.getMessage(), "");
        }
    }
}
