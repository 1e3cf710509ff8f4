package io.hypervisor.core.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypervisor.core.server.HostPort;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

class ConfigLoaderTest {
    enum Mode {
        LOCAL,
        ETCD
    }

    record Etcd(List<HostPort> endpoints, @Default("/hypervisor/") String prefix) {
        Etcd {
            if (!prefix.startsWith("/")) {
                throw ConfigException.of("prefix", prefix, "begins with /");
            }
        }
    }

    record Sample(
            @Default("127.0.0.1:50051") HostPort grpcAddr,
            @Default("local") Mode store,
            @Default("10s") Duration heartbeatInterval,
            @Default("64KiB") long scrollback,
            @Default("1.5") double ratio,
            @Default("false") boolean debug,
            Optional<Path> keyFile,
            Map<String, String> labels,
            Etcd etcd) {
        Sample {
            if (ratio <= 0) {
                throw ConfigException.of("ratio", ratio, "> 0");
            }
        }
    }

    record Needs(String hostname) {}

    @TempDir Path dir;

    @Test
    void everyKeyHasItsDefault() {
        Sample sample = load("");
        assertThat(sample)
                .isEqualTo(
                        new Sample(
                                new HostPort("127.0.0.1", 50051),
                                Mode.LOCAL,
                                Duration.ofSeconds(10),
                                65536,
                                1.5,
                                false,
                                Optional.empty(),
                                Map.of(),
                                new Etcd(List.of(), "/hypervisor/")));
    }

    @Test
    void everyKeyIsReadFromTheFile() {
        Sample sample =
                load(
                        """
                        grpc_addr: "[::1]:1"
                        store: etcd
                        heartbeat_interval: 250ms
                        scrollback: 2MiB
                        ratio: 4
                        debug: true
                        key_file: /etc/key
                        labels: {rack: r1, number: 7}
                        etcd:
                          endpoints: [a:1, b:2]
                          prefix: /x/
                        """);
        assertThat(sample)
                .isEqualTo(
                        new Sample(
                                new HostPort("::1", 1),
                                Mode.ETCD,
                                Duration.ofMillis(250),
                                2 << 20,
                                4,
                                true,
                                Optional.of(Path.of("/etc/key")),
                                Map.of("rack", "r1", "number", "7"),
                                new Etcd(
                                        List.of(new HostPort("a", 1), new HostPort("b", 2)),
                                        "/x/")));
    }

    @Test
    void flagsWinOverEnvironmentAndEnvironmentOverTheFile() {
        Sample sample =
                ConfigLoader.load(
                        Sample.class,
                        Optional.of(file("ratio: 1\nscrollback: 1\netcd: {prefix: /a/}")),
                        Map.of(
                                "HYPERVISOR_RATIO", "2",
                                "HYPERVISOR_SCROLLBACK", "2",
                                "HYPERVISOR_ETCD__ENDPOINTS", "[e:1]",
                                "PATH", "/bin"),
                        List.of("--ratio=3", "--etcd.prefix=/c/"));
        assertThat(sample.ratio()).isEqualTo(3);
        assertThat(sample.scrollback()).isEqualTo(2);
        assertThat(sample.etcd()).isEqualTo(new Etcd(List.of(new HostPort("e", 1)), "/c/"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "grpc_adr: x | unknown key grpc_adr (did you mean grpc_addr?)",
                "etcd: {prefx: x} | unknown key etcd.prefx (did you mean etcd.prefix?)",
                "grpc_addr: x | grpc_addr: value: x (expected: host:port)",
                "grpc_addr: 'h:70000' | grpc_addr: value: h:70000 (expected: host:port)",
                "store: redis | store: value: redis (expected: one of local, etcd)",
                "debug: maybe | debug: value: maybe (expected: true or false)",
                "scrollback: 99999999TiB | scrollback: value: 99999999TiB (expected: a whole",
                "heartbeat_interval: 5 | heartbeat_interval: value: 5 (expected: a duration",
                "ratio: 0 | ratio: value: 0.0 (expected: > 0)",
                "etcd: {prefix: x} | etcd.prefix: value: x (expected: begins with /)",
                "etcd: 5 | etcd: value: 5 (expected: a mapping)",
                "etcd: {endpoints: a} | etcd.endpoints: value: a (expected: a list)",
                "'etcd: {endpoints: [a]}' | etcd.endpoints[0]: value: a (expected: host:port)",
                "key_file: '' | key_file: value:  (expected: a path)",
                "key_file: [a] | key_file: value: [a] (expected: a path)",
                "store: {a: b} | store: value: {a=b} (expected: one of local, etcd)",
                "'a: [' | not valid YAML",
            })
    void wrongInputSaysWhereWhatAndWhatIsExpected(String yaml, String message) {
        assertThatThrownBy(() -> load(yaml.replace("'a: ['", "a: [")))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining(message.strip());
    }

    @Test
    void missingRequiredKeyIsNamed() {
        assertThatThrownBy(
                        () -> ConfigLoader.load(Needs.class, Optional.empty(), Map.of(), List.of()))
                .hasMessage("hostname: missing (expected: a text)");
    }

    @Test
    void theFileIsNamedByAnArgument() {
        Sample sample =
                ConfigLoader.load(
                        Sample.class,
                        Map.of(),
                        List.of("--config=" + file("ratio: 2\nscrollback: 1"), "--scrollback=3"));
        assertThat(sample.ratio()).isEqualTo(2);
        assertThat(sample.scrollback()).isEqualTo(3);
    }

    @Test
    void flagWithoutValueIsRefused() {
        assertThatThrownBy(
                        () ->
                                ConfigLoader.load(
                                        Sample.class,
                                        Optional.empty(),
                                        Map.of(),
                                        List.of("--debug")))
                .hasMessageContaining("--key=value");
    }

    private Sample load(String yaml) {
        return ConfigLoader.load(Sample.class, Optional.of(file(yaml)), Map.of(), List.of());
    }

    private Path file(String yaml) {
        try {
            return Files.writeString(dir.resolve("config.yaml"), yaml);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
