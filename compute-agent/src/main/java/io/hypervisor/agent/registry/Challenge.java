package io.hypervisor.agent.registry;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How a registry wants to be asked, from its WWW-Authenticate header.
 *
 * @param scheme in lower case
 */
record Challenge(String scheme, Map<String, String> parameters) {
    private static final int MAX_LENGTH = 4096;
    private static final Pattern SCHEME = Pattern.compile("\\s*([A-Za-z]+)\\s*");
    private static final Pattern PARAMETER =
            Pattern.compile("\\s*([A-Za-z_]+)=(?:\"([^\"]*)\"|([^\\s,\"]+))\\s*,?");

    Challenge {
        parameters = Map.copyOf(parameters);
    }

    /** The one that is known best: bearer before basic. */
    static Optional<Challenge> of(List<String> headers) {
        List<Challenge> all = headers.stream().flatMap(h -> parse(h).stream()).toList();
        return all.stream()
                .filter(c -> c.scheme().equals("bearer"))
                .findFirst()
                .or(() -> all.stream().filter(c -> c.scheme().equals("basic")).findFirst());
    }

    private static Optional<Challenge> parse(String header) {
        if (header.length() > MAX_LENGTH) {
            return Optional.empty();
        }
        Matcher scheme = SCHEME.matcher(header);
        if (!scheme.lookingAt()) {
            return Optional.empty();
        }
        Map<String, String> parameters = new HashMap<>();
        Matcher parameter = PARAMETER.matcher(header);
        int end = scheme.end();
        while (parameter.region(end, header.length()).lookingAt()) {
            String quoted = parameter.group(2);
            parameters.put(
                    parameter.group(1).toLowerCase(Locale.ROOT),
                    quoted == null ? parameter.group(3) : quoted);
            end = parameter.end();
        }
        return Optional.of(new Challenge(scheme.group(1).toLowerCase(Locale.ROOT), parameters));
    }

    String get(String parameter) {
        return parameters.getOrDefault(parameter, "");
    }
}
