package io.hypervisor.controller.store.etcd;

import io.hypervisor.core.config.ConfigException;
import io.hypervisor.core.config.Default;
import io.hypervisor.core.config.NamedFile;
import io.hypervisor.core.server.HostPort;
import io.hypervisor.core.server.TlsConfig;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * How to reach an etcd.
 *
 * @param endpoints of its members; at least one, unless no etcd is used
 * @param prefix of all keys; ends with a slash
 * @param tls with a ca, the connection is encrypted and the members are checked against it;
 *     certificate and key prove who we are
 * @param credentials a file whose first line is {@code user:password}
 * @param leaseTtl how long a leader that is not heard of stays leader; whole seconds, at least 2
 * @param timeout of each request
 * @param keepRevisions how many revisions of history the leader keeps when it compacts
 */
public record EtcdConfig(
        List<HostPort> endpoints,
        @Default("/hypervisor/") String prefix,
        TlsConfig tls,
        Optional<Path> credentials,
        @Default("3s") Duration leaseTtl,
        @Default("5s") Duration timeout,
        @Default("100000") long keepRevisions) {

    /** Checks the values. */
    public EtcdConfig {
        endpoints = List.copyOf(endpoints);
        credentials.ifPresent(file -> NamedFile.secret("credentials", file));
        require(prefix.endsWith("/"), "prefix", prefix, "ends with /");
        require(leaseTtl.toSeconds() >= 2, "lease_ttl", leaseTtl, ">= 2s");
        require(timeout.isPositive(), "timeout", timeout, "> 0");
        require(keepRevisions >= 1000, "keep_revisions", keepRevisions, ">= 1000");
    }

    /** Plain text, lease 3 s, timeout 5 s, 100,000 revisions. */
    public static EtcdConfig of(List<HostPort> endpoints, String prefix) {
        return new EtcdConfig(
                endpoints,
                prefix,
                TlsConfig.none(),
                Optional.empty(),
                Duration.ofSeconds(3),
                Duration.ofSeconds(5),
                100_000);
    }

    private static void require(boolean holds, String field, Object value, String expected) {
        if (!holds) {
            throw ConfigException.of(field, value, expected);
        }
    }
}
