package io.hypervisor.console;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The user's contexts, read from one YAML file:
 *
 * <pre>
 * current: lab
 * contexts:
 *   lab:
 *     server: lab.example:50051
 *     tls: {ca: ca.pem, cert: me.pem, key: me.key}
 * </pre>
 *
 * <p>An unknown key is an error. hvctl itself only ever changes {@code current}.
 */
final class Contexts {
    static final String DEFAULT_SERVER = "localhost:50051";
    private static final Pattern HOST_PORT = Pattern.compile(".+:[0-9]{1,5}");
    private static final Pattern CURRENT = Pattern.compile("(?m)^current:.*$");

    private final Path file;
    private final String current;
    private final Map<String, Context> all;

    private Contexts(Path file, String current, Map<String, Context> all) {
        this.file = file;
        this.current = current;
        this.all = all;
    }

    static Contexts read(Path file) {
        if (!Files.exists(file)) {
            return new Contexts(file, "", Map.of());
        }
        Map<?, ?> root = map(file, "the file", Yaml.load(text(file), file.toString()));
        onlyKeys(file, root, "", Set.of("current", "contexts"));
        Map<String, Context> all = new LinkedHashMap<>();
        map(file, "contexts", root.containsKey("contexts") ? root.get("contexts") : Map.of())
                .forEach((name, value) -> all.put("" + name, context(file, "" + name, value)));
        return new Contexts(file, string(file, root, "", "current"), all);
    }

    List<Context> all() {
        return List.copyOf(all.values());
    }

    /** The name of the one in use when nothing else is said, empty if none is. */
    String current() {
        return current;
    }

    /**
     * The context to use. The first that is given decides: the flags, the variables, the current
     * context, {@value #DEFAULT_SERVER}.
     */
    Context choose(String server, String context, Surroundings surroundings) {
        if (!server.isEmpty() && !context.isEmpty()) {
            throw Problem.usage("--server and --context exclude each other", "one of them");
        }
        if (!server.isEmpty()) {
            return plain(server);
        }
        if (!context.isEmpty()) {
            return get(context);
        }
        if (!surroundings.variable("HVCTL_SERVER").isEmpty()) {
            return plain(surroundings.variable("HVCTL_SERVER"));
        }
        if (!surroundings.variable("HVCTL_CONTEXT").isEmpty()) {
            return get(surroundings.variable("HVCTL_CONTEXT"));
        }
        return current.isEmpty() ? plain(DEFAULT_SERVER) : get(current);
    }

    /** The context of that name. */
    Context get(String name) {
        Context found = all.get(name);
        if (found == null) {
            String advice =
                    Nearest.to(name, all.keySet())
                            .map(near -> "did you mean " + near + "?")
                            .orElse("hvctl context list");
            throw Problem.usage("no context " + name + " in " + file, advice);
        }
        return found;
    }

    /** Makes a context the current one, and leaves every other line of the file as it is. */
    void use(String name) {
        get(name);
        String line = "current: " + name;
        String text = text(file);
        String changed =
                CURRENT.matcher(text).find()
                        ? CURRENT.matcher(text).replaceFirst(line)
                        : line + "\n" + text;
        try {
            Path draft = Files.createTempFile(file.toAbsolutePath().getParent(), "config", ".new");
            Files.writeString(draft, changed);
            Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + file, e);
        }
    }

    private static Context plain(String server) {
        if (!HOST_PORT.matcher(server).matches()) {
            throw Problem.usage(
                    "'" + server + "' is no HOST:PORT",
                    "the port of gRPC, for example " + DEFAULT_SERVER);
        }
        return new Context("", server, Optional.empty());
    }

    private static Context context(Path file, String name, Object value) {
        String at = "contexts." + name;
        Map<?, ?> map = map(file, at, value);
        onlyKeys(file, map, at + ".", Set.of("server", "tls"));
        String server = string(file, map, at + ".", "server");
        if (server.isEmpty()) {
            throw Problem.usage(file + ": " + at + ".server is missing", "server: host:port");
        }
        if (!map.containsKey("tls")) {
            return new Context(name, server, Optional.empty());
        }
        Map<?, ?> tls = map(file, at + ".tls", map.get("tls"));
        onlyKeys(file, tls, at + ".tls.", Set.of("ca", "cert", "key"));
        List<String> files = new ArrayList<>();
        for (String key : List.of("ca", "cert", "key")) {
            String path = string(file, tls, at + ".tls.", key);
            files.add(path.isEmpty() ? "" : file.resolveSibling(path).toString());
        }
        if (files.get(1).isEmpty() != files.get(2).isEmpty()) {
            throw Problem.usage(file + ": " + at + ".tls needs cert and key together", "");
        }
        return new Context(
                name,
                server,
                Optional.of(new Context.Tls(files.get(0), files.get(1), files.get(2))));
    }

    private static Map<?, ?> map(Path file, String at, Object value) {
        if (value instanceof Map<?, ?> map) {
            return map;
        }
        throw Problem.usage(file + ": " + at + " is no mapping: " + value, "");
    }

    private static String string(Path file, Map<?, ?> map, String at, String key) {
        Object value = map.get(key);
        if (value == null) {
            return "";
        }
        if (value instanceof String text) {
            return text;
        }
        throw Problem.usage(file + ": " + at + key + " is no text: " + value, "");
    }

    private static void onlyKeys(Path file, Map<?, ?> map, String at, Set<String> known) {
        for (Object key : map.keySet()) {
            if (!known.contains(String.valueOf(key))) {
                String advice =
                        Nearest.to(String.valueOf(key), known)
                                .map(near -> "did you mean " + near + "?")
                                .orElse("one of " + known.stream().sorted().toList());
                throw Problem.usage(file + ": unknown key " + at + key, advice);
            }
        }
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file, e);
        }
    }
}
