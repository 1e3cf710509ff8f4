package io.hypervisor.core.config;

import io.hypervisor.core.Fault;
import io.hypervisor.core.server.HostPort;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Turns a YAML tree into records. */
final class Binder {
    private static final Pattern AMOUNT = Pattern.compile("(\\d+)\\s*([A-Za-z]*)");

    private Binder() {}

    static <T> T bind(Class<T> type, String path, Map<String, Object> tree) {
        RecordComponent[] components = type.getRecordComponents();
        List<String> keys = Arrays.stream(components).map(c -> key(c.getName())).toList();
        for (String given : tree.keySet()) {
            if (!keys.contains(given)) {
                throw new ConfigException(
                        "unknown key "
                                + at(path, given)
                                + " (did you mean "
                                + at(path, Nearest.to(given, keys))
                                + "?)");
            }
        }
        Object[] values = new Object[components.length];
        for (int i = 0; i < components.length; i++) {
            values[i] = component(components[i], path, tree.get(keys.get(i)));
        }
        return construct(type, path, components, values);
    }

    private static Object component(RecordComponent component, String path, Object given) {
        String where = at(path, key(component.getName()));
        Default fallback = component.getAnnotation(Default.class);
        Object value = given == null && fallback != null ? fallback.value() : given;
        return value(component.getGenericType(), where, value);
    }

    private static Object value(Type type, String where, Object given) {
        if (type instanceof ParameterizedType generic) {
            return container(generic, where, given);
        }
        Class<?> raw = (Class<?>) type;
        if (raw.isRecord() && raw != HostPort.class) {
            return bind(raw, where, given == null ? Map.of() : ConfigLoader.asMap(where, given));
        }
        if (given == null) {
            throw new ConfigException(where + ": missing (expected: " + expected(raw) + ")");
        }
        try {
            if (given instanceof List || given instanceof Map) {
                throw new IllegalArgumentException("not one value");
            }
            return scalar(raw, String.valueOf(given).strip());
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw ConfigException.of(where, given, expected(raw));
        }
    }

    private static Object container(ParameterizedType type, String where, Object given) {
        Type[] arguments = type.getActualTypeArguments();
        Class<?> raw = (Class<?>) type.getRawType();
        if (raw == Optional.class) {
            return given == null
                    ? Optional.empty()
                    : Optional.of(value(arguments[0], where, given));
        }
        if (raw == List.class) {
            if (given != null && !(given instanceof List)) {
                throw ConfigException.of(where, given, "a list");
            }
            List<Object> list = new ArrayList<>();
            for (Object element : given == null ? List.of() : (List<?>) given) {
                list.add(value(arguments[0], where + "[" + list.size() + "]", element));
            }
            return List.copyOf(list);
        }
        Map<String, Object> map = new LinkedHashMap<>();
        if (given != null) {
            ConfigLoader.asMap(where, given)
                    .forEach((k, v) -> map.put(k, value(arguments[1], where + "." + k, v)));
        }
        return Map.copyOf(map);
    }

    private static Object scalar(Class<?> type, String text) {
        if (type == String.class) {
            return text;
        } else if (type == int.class) {
            return Math.toIntExact(amount(text));
        } else if (type == long.class) {
            return amount(text);
        } else if (type == double.class) {
            return Double.parseDouble(text);
        } else if (type == boolean.class) {
            if (!text.equals("true") && !text.equals("false")) {
                throw new IllegalArgumentException(text);
            }
            return text.equals("true");
        } else if (type == Duration.class) {
            return duration(text);
        } else if (type == Path.class) {
            if (text.isEmpty()) {
                throw new IllegalArgumentException("the working directory, by accident");
            }
            return Path.of(text);
        } else if (type == HostPort.class) {
            return HostPort.parse(text);
        } else if (type.isEnum()) {
            return Arrays.stream(type.getEnumConstants())
                    .filter(c -> c.toString().toLowerCase(Locale.ROOT).equals(text))
                    .findFirst()
                    .orElseThrow(() -> new IllegalArgumentException(text));
        }
        throw new IllegalStateException("a configuration cannot hold a " + type);
    }

    private static long amount(String text) {
        Matcher matcher = AMOUNT.matcher(text);
        if (!matcher.matches()) {
            return Long.parseLong(text);
        }
        int shift =
                switch (matcher.group(2)) {
                    case "" -> 0;
                    case "KiB" -> 10;
                    case "MiB" -> 20;
                    case "GiB" -> 30;
                    case "TiB" -> 40;
                    default -> throw new IllegalArgumentException(text);
                };
        return Math.multiplyExact(Long.parseLong(matcher.group(1)), 1L << shift);
    }

    private static Duration duration(String text) {
        Matcher matcher = AMOUNT.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException(text);
        }
        long count = Long.parseLong(matcher.group(1));
        return switch (matcher.group(2)) {
            case "ms" -> Duration.ofMillis(count);
            case "s" -> Duration.ofSeconds(count);
            case "m" -> Duration.ofMinutes(count);
            case "h" -> Duration.ofHours(count);
            default -> throw new IllegalArgumentException(text);
        };
    }

    private static String expected(Class<?> type) {
        if (type == Duration.class) {
            return "a duration such as 500ms, 10s, 5m or 1h";
        } else if (type == int.class || type == long.class) {
            return "a whole number, with KiB, MiB, GiB or TiB for sizes";
        } else if (type == double.class) {
            return "a number";
        } else if (type == boolean.class) {
            return "true or false";
        } else if (type == HostPort.class) {
            return "host:port";
        } else if (type == Path.class) {
            return "a path";
        } else if (type.isEnum()) {
            return "one of "
                    + String.join(
                            ", ",
                            Arrays.stream(type.getEnumConstants())
                                    .map(c -> c.toString().toLowerCase(Locale.ROOT))
                                    .toList());
        }
        return "a text";
    }

    private static <T> T construct(
            Class<T> type, String path, RecordComponent[] components, Object[] values) {
        Class<?>[] types =
                Arrays.stream(components).map(RecordComponent::getType).toArray(Class[]::new);
        try {
            var constructor = type.getDeclaredConstructor(types);
            constructor.setAccessible(true);
            return constructor.newInstance(values);
        } catch (InvocationTargetException e) {
            throw switch (e.getCause()) {
                case ConfigException wrong -> wrong.within(path);
                // Of checks that requests have, too.
                case Fault wrong -> new ConfigException(wrong.getMessage()).within(path);
                default -> new IllegalStateException(type + " cannot be constructed", e);
            };
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(type + " cannot be constructed", e);
        }
    }

    private static String key(String componentName) {
        return componentName.replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
    }

    private static String at(String path, String key) {
        return path.isEmpty() ? key : path + "." + key;
    }
}
