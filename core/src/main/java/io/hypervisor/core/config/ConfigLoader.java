package io.hypervisor.core.config;

import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Reads a configuration record: the YAML file first, then environment variables ({@code
 * HYPERVISOR_GRPC_ADDR} for grpc_addr, {@code HYPERVISOR_ETCD__PREFIX} for etcd.prefix), then flags
 * ({@code --grpc-addr=VALUE}, {@code --etcd.prefix=VALUE}); later ones win. Values from environment
 * and flags are YAML, so a list is {@code [a, b]}.
 */
public final class ConfigLoader {
    private static final String ENV_PREFIX = "HYPERVISOR_";
    // A configuration is a few kilobytes; more is the wrong file.
    private static final long MAX_BYTES = 1024 * 1024;

    private static final String FILE_FLAG = "--config=";

    private ConfigLoader() {}

    /**
     * Fills the record as a process does: from its arguments, {@code [--config=FILE] [--key=VALUE
     * ...]}, and its environment.
     *
     * @throws ConfigException if a key is unknown, missing or has a wrong value
     */
    public static <T extends Record> T load(
            Class<T> type, Map<String, String> environment, List<String> arguments) {
        Optional<Path> file = Optional.empty();
        List<String> flags = new ArrayList<>();
        for (String argument : arguments) {
            if (argument.startsWith(FILE_FLAG)) {
                file = Optional.of(Path.of(argument.substring(FILE_FLAG.length())));
            } else {
                flags.add(argument);
            }
        }
        return load(type, file, environment, flags);
    }

    /**
     * Fills the record.
     *
     * @throws ConfigException if a key is unknown, missing or has a wrong value
     */
    public static <T extends Record> T load(
            Class<T> type,
            Optional<Path> file,
            Map<String, String> environment,
            List<String> flags) {
        Map<String, Object> tree = new LinkedHashMap<>();
        file.ifPresent(path -> tree.putAll(readFile(path)));
        environment.forEach(
                (name, text) -> {
                    if (name.startsWith(ENV_PREFIX)) {
                        String path =
                                name.substring(ENV_PREFIX.length())
                                        .toLowerCase(Locale.ROOT)
                                        .replace("__", ".");
                        put(tree, path, parse(name, text));
                    }
                });
        for (String flag : flags) {
            int equals = flag.indexOf('=');
            if (!flag.startsWith("--") || equals < 0) {
                throw new ConfigException(
                        "flag "
                                + flag
                                + ": not understood (expected: --key=value or --config=FILE)");
            }
            String key = flag.substring(2, equals).replace('-', '_');
            put(tree, key, parse(flag, flag.substring(equals + 1)));
        }
        return Binder.bind(type, "", tree);
    }

    private static Map<String, Object> readFile(Path path) {
        try {
            if (Files.size(path) > MAX_BYTES) {
                throw new ConfigException(path + ": larger than 1 MiB (expected: a configuration)");
            }
            Object value = parse(path.toString(), Files.readString(path));
            return value == null ? Map.of() : asMap(path.toString(), value);
        } catch (IOException e) {
            throw new ConfigException(path + ": cannot be read: " + e);
        }
    }

    private static Object parse(String source, String text) {
        try {
            return new Load(LoadSettings.builder().setLabel(source).build()).loadFromString(text);
        } catch (YamlEngineException e) {
            throw new ConfigException(source + ": not valid YAML: " + e.getMessage());
        }
    }

    private static void put(Map<String, Object> tree, String path, Object value) {
        int dot = path.indexOf('.');
        if (dot < 0) {
            tree.put(path, value);
            return;
        }
        String head = path.substring(0, dot);
        Map<String, Object> child = new LinkedHashMap<>();
        Object present = tree.get(head);
        if (present != null) {
            child.putAll(asMap(head, present));
        }
        put(child, path.substring(dot + 1), value);
        tree.put(head, child);
    }

    static Map<String, Object> asMap(String where, Object value) {
        if (!(value instanceof Map<?, ?> map)) {
            throw ConfigException.of(where, value, "a mapping");
        }
        Map<String, Object> result = new LinkedHashMap<>();
        map.forEach((k, v) -> result.put(String.valueOf(k), v));
        return result;
    }
}
