package io.hypervisor.agent.registry;

import io.hypervisor.core.config.ConfigException;
import io.hypervisor.core.config.Default;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Where images come from. Hosts are "host" or "host:port".
 *
 * @param mirrors hosts that are asked before a registry's own, by that registry's name in images
 * @param plainHttp the only hosts that are spoken to without TLS
 * @param authFile credentials in the format of Docker's config.json
 * @param maxImageBytes the largest image, as its layers travel
 */
public record RegistryConfig(
        Map<String, List<String>> mirrors,
        List<String> plainHttp,
        Optional<Path> authFile,
        @Default("32GiB") long maxImageBytes) {
    private static final Pattern HOST =
            Pattern.compile("([A-Za-z0-9.-]+|\\[[0-9A-Fa-f:.]+])(:[0-9]{1,5})?");
    private static final Set<String> DOCKER = Set.of("docker.io", "index.docker.io");
    private static final String DOCKER_API = "registry-1.docker.io";

    /** Checks every host. */
    public RegistryConfig {
        mirrors.forEach(
                (registry, hosts) -> {
                    checkHost("mirrors", registry);
                    hosts.forEach(host -> checkHost("mirrors." + registry, host));
                });
        plainHttp.forEach(host -> checkHost("plain_http", host));
        if (maxImageBytes <= 0) {
            throw ConfigException.of("max_image_bytes", maxImageBytes, "more than 0");
        }
    }

    private static void checkHost(String key, String host) {
        if (!HOST.matcher(host).matches()) {
            throw ConfigException.of(key, host, "host or host:port");
        }
    }

    /** Every registry over TLS and without credentials. */
    public static RegistryConfig plain() {
        return new RegistryConfig(Map.of(), List.of(), Optional.empty(), 32L << 30);
    }

    /** The hosts to ask for images of a registry, in this order. */
    List<String> hosts(String registry) {
        List<String> hosts = new ArrayList<>(mirrors.getOrDefault(registry, List.of()));
        hosts.add(DOCKER.contains(registry) ? DOCKER_API : registry);
        return List.copyOf(hosts);
    }

    boolean isPlain(String host) {
        return plainHttp.contains(host);
    }

    /** One name for each registry, by which credentials are kept. */
    static String canonical(String host) {
        return DOCKER.contains(host) || host.equals(DOCKER_API) ? "docker.io" : host;
    }
}
