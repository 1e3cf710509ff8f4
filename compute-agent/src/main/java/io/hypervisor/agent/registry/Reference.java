package io.hypervisor.agent.registry;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.core.spec.ImageRefs;

/**
 * An image's full name, in parts.
 *
 * @param registry the host, as the name has it
 * @param version the tag, or the digest if the name has one
 */
public record Reference(String registry, String repository, String version) {
    private static final int MAX_SHOWN = 256;

    /** From a name with a registry and with a tag or a digest. */
    public static Reference of(String name) {
        int slash = name.indexOf('/');
        if (slash < 0 || !ImageRefs.isReference(name)) {
            String shown = name.substring(0, Math.min(name.length(), MAX_SHOWN));
            throw DriverException.permanent(
                    "image: value: " + shown + " (expected: " + ImageRefs.EXPECTED_REFERENCE + ")");
        }
        String rest = name.substring(slash + 1);
        int at = rest.indexOf('@');
        String path = at < 0 ? rest : rest.substring(0, at);
        int colon = path.lastIndexOf(':');
        String repository = colon < 0 ? path : path.substring(0, colon);
        String tag = colon < 0 ? "latest" : path.substring(colon + 1);
        return new Reference(
                name.substring(0, slash), repository, at < 0 ? tag : rest.substring(at + 1));
    }
}
