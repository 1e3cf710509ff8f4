package io.hypervisor.core.spec;

import io.hypervisor.core.Violations;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What an instance's annotations tell its guest at its first boot. */
public final class CloudInit {
    /** All keys of ours begin so. */
    public static final String PREFIX = "cloud-init/";

    /** Given to the guest as it is. */
    public static final String USER_DATA = PREFIX + "user-data";

    /** Public keys of the guest's default user, one a line. */
    public static final String SSH_KEYS = PREFIX + "ssh-authorized-keys";

    /** Given to the guest as it is. */
    public static final String NETWORK_CONFIG = PREFIX + "network-config";

    private static final Set<String> KEYS = Set.of(USER_DATA, SSH_KEYS, NETWORK_CONFIG);
    // Type, content and a remark, on one line; no options, which could name programs to run.
    private static final Pattern PUBLIC_KEY =
            Pattern.compile(
                    "(ssh|ecdsa|sk-ssh|sk-ecdsa)-[A-Za-z0-9@.-]{1,64}"
                            + " [A-Za-z0-9+/]{16,12288}={0,3}( [\\P{C}]{0,256})?");

    private CloudInit() {}

    /** Adds what is wrong with annotations of ours. Answers never repeat a value. */
    static Violations check(Violations v, String field, Map<String, String> annotations) {
        annotations.keySet().stream()
                .filter(key -> key.startsWith(PREFIX) && !KEYS.contains(key))
                .findFirst()
                .ifPresent(
                        key ->
                                v.add(
                                        field,
                                        key,
                                        "of those with "
                                                + PREFIX
                                                + " one of "
                                                + new TreeSet<>(KEYS)));
        List<String> keys = sshKeys(annotations);
        for (int i = 0; i < keys.size(); i++) {
            v.check(
                    PUBLIC_KEY.matcher(keys.get(i)).matches(),
                    field + "[" + SSH_KEYS + "]",
                    "key " + (i + 1),
                    "a public key as ssh-keygen writes it, without options");
        }
        return v;
    }

    /** The keys, without blank lines and remarks. */
    public static List<String> sshKeys(Map<String, String> annotations) {
        return annotations
                .getOrDefault(SSH_KEYS, "")
                .lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                .toList();
    }

    /** Those of ours, which are fixed when an instance is made. */
    public static Map<String, String> of(Map<String, String> annotations) {
        return annotations.entrySet().stream()
                .filter(entry -> entry.getKey().startsWith(PREFIX))
                .collect(
                        Collectors.toMap(
                                Map.Entry::getKey, Map.Entry::getValue, (a, b) -> a, TreeMap::new));
    }
}
