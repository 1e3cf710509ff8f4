package io.hypervisor.controller;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypervisor.core.config.ConfigException;
import io.hypervisor.core.config.ConfigLoader;

import org.junit.jupiter.api.Test;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

final class ControllerConfigTest {
    private static ControllerConfig load(Optional<Path> file, String... flags) {
        return ConfigLoader.load(ControllerConfig.class, file, Map.of(), List.of(flags));
    }

    @Test
    void theExampleFileHoldsTheDefaults() {
        assertThat(load(Optional.of(Path.of("../deploy/config/controller.yaml"))))
                .isEqualTo(load(Optional.empty()));
    }

    @Test
    void bothDoorsAreOnLoopbackByDefault() {
        ControllerConfig config = load(Optional.empty());
        assertThat(config.grpcAddr().toString()).isEqualTo("127.0.0.1:50051");
        assertThat(config.httpAddr().toString()).isEqualTo("127.0.0.1:8080");
    }

    @Test
    void etcdNeedsAnEndpoint() {
        assertThatThrownBy(() -> load(Optional.empty(), "--store=etcd"))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("etcd.endpoints");
        assertThat(
                        load(Optional.empty(), "--store=etcd", "--etcd.endpoints=[127.0.0.1:2379]")
                                .etcd()
                                .endpoints())
                .hasSize(1);
    }

    @Test
    void aTimeoutShorterThanTwoHeartbeatsIsRefused() {
        assertThatThrownBy(() -> load(Optional.empty(), "--heartbeat.timeout=4s"))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("heartbeat")
                .hasMessageContaining("twice the interval");
    }

    @Test
    void mistakesAreNamedAsTheyAreWritten() {
        Map<String, String> mistakes =
                Map.of(
                        "--cluster-name=''", "cluster_name: value: ",
                        "--cluster-name=[a]", "cluster_name: value: [a]",
                        "--heartbeat.timeout=4s", "heartbeat.timeout: value: 4000ms",
                        "--heartbeat.interval=1ms", "heartbeat.interval: value: 1ms",
                        "--placement.cpu-overcommit=0", "placement.cpu_overcommit: value: 0.0",
                        "--etcd.credentials=/absent", "etcd.credentials: value: /absent",
                        "--tls.certificate=/absent", "tls.private_key: missing");
        mistakes.forEach(
                (flag, message) ->
                        assertThatThrownBy(() -> load(Optional.empty(), flag))
                                .as(flag)
                                .isInstanceOf(ConfigException.class)
                                .hasMessageContaining(message));
    }

    @Test
    void supersededTermsAreIds() {
        assertThatThrownBy(() -> load(Optional.empty(), "--superseded-terms=[now]"))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("superseded_terms");
    }

    @Test
    void anUnknownKeyIsRefused() {
        assertThatThrownBy(() -> load(Optional.empty(), "--grpc-adr=1:1"))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("did you mean grpc_addr");
    }
}
