package io.hypervisor.agent.registry;

import io.hypervisor.core.Tasks;

import java.net.http.HttpClient;
import java.time.Duration;
import java.util.List;

/** The registries that the configuration allows. */
public final class Registries implements AutoCloseable {
    private static final Duration CONNECT = Duration.ofSeconds(10);

    private final RegistryConfig config;
    private final HttpClient http;

    /** Connects to nobody yet. */
    public Registries(RegistryConfig config, Tasks tasks) {
        this.config = config;
        this.http =
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .followRedirects(HttpClient.Redirect.NEVER)
                        .connectTimeout(CONNECT)
                        .executor(tasks.concurrent("registry"))
                        .build();
    }

    /** Where an image can be asked for, mirrors first. */
    public List<Repository> of(Reference image) {
        Credentials credentials = new Credentials(config.authFile());
        return config.hosts(image.registry()).stream()
                .map(
                        host ->
                                new Repository(
                                        image.repository(),
                                        new Endpoint(host, http, config, credentials),
                                        config.maxImageBytes()))
                .toList();
    }

    @Override
    public void close() {
        http.shutdownNow();
    }
}
