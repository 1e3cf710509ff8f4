package io.hypervisor.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import static java.util.Map.entry;

import io.hypervisor.core.config.ConfigException;
import io.hypervisor.core.config.ConfigLoader;
import io.hypervisor.network.ovs.SwitchConfig;

import org.junit.jupiter.api.Test;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

class AgentConfigTest {
    private static AgentConfig load(String... flags) {
        return ConfigLoader.load(AgentConfig.class, Optional.empty(), Map.of(), List.of(flags));
    }

    @Test
    void defaults() {
        AgentConfig config = load();
        assertThat(config.grpcAddr()).hasToString("127.0.0.1:50052");
        assertThat(config.reachableIp()).isEqualTo("127.0.0.1");
        assertThat(config.controllers()).isEmpty();
        assertThat(config.dataDir()).isEqualTo(Path.of("/var/lib/hypervisor/agent"));
        assertThat(config.drivers().vm().enabled()).isFalse();
        assertThat(config.drivers().container().enabled()).isFalse();
        assertThat(config.drivers().microvm().enabled()).isFalse();
        assertThat(config.drivers().microvm().user()).isEqualTo("nobody");
        assertThat(config.drivers().fake().enabled()).isFalse();
        assertThat(config.stopInstancesOnExit()).isFalse();
        assertThat(config.listPeriod()).isEqualTo(Duration.ofSeconds(10));
    }

    @Test
    void theExampleHoldsTheDefaults() {
        AgentConfig example =
                ConfigLoader.load(
                        AgentConfig.class,
                        Optional.of(Path.of("../deploy/config/agent.yaml")),
                        Map.of(),
                        List.of());
        AgentConfig same =
                load(
                        "--controllers=[127.0.0.1:50051]",
                        "--drivers.vm.enabled=true",
                        "--drivers.vm.image-dirs=[/var/lib/hypervisor/images]",
                        "--drivers.container.enabled=true",
                        "--drivers.microvm.image-dirs=[/var/lib/hypervisor/images]");
        assertThat(example).isEqualTo(same);
    }

    @Test
    void theNetworkByDefault() {
        AgentConfig.Network network = load().network();
        assertThat(network.enabled()).isEqualTo(AgentConfig.Presence.AUTO);
        assertThat(network.ovs())
                .isEqualTo(
                        new SwitchConfig(
                                Path.of("/run/openvswitch/db.sock"),
                                "br-int",
                                "netdev",
                                "",
                                4789,
                                Map.of()));
        assertThat(network.offload()).isFalse();
    }

    @Test
    void everyKeyOfTheNetwork() {
        AgentConfig.Network network =
                load(
                                "--network.enabled=true",
                                "--network.ovsdb=/x/db.sock",
                                "--network.integration-bridge=br-a",
                                "--network.datapath=system",
                                "--network.vtep-ip=fd00::1",
                                "--network.vtep-port=4790",
                                "--network.bridge-mappings={dc-1: br-ex}",
                                "--network.dns-domain=cloud.example",
                                "--network.resolv-conf=/run/resolv.conf")
                        .network();
        assertThat(network.dnsDomain()).isEqualTo("cloud.example");
        assertThat(network.resolvConf()).isEqualTo(Path.of("/run/resolv.conf"));
        assertThat(network.enabled()).isEqualTo(AgentConfig.Presence.TRUE);
        assertThat(network.ovs())
                .isEqualTo(
                        new SwitchConfig(
                                Path.of("/x/db.sock"),
                                "br-a",
                                "system",
                                "fd00::1",
                                4790,
                                Map.of("dc-1", "br-ex")));
        assertThat(network.offload()).isTrue();
    }

    @Test
    void mistakesInTheNetworkAreNamed() {
        Map<String, String> mistakes =
                Map.ofEntries(
                        entry("--network.enabled=yes", "one of auto, true, false"),
                        entry("--network.ovsdb=db.sock", "network.ovsdb: value: db.sock"),
                        entry(
                                "--network.integration-bridge=br-integration",
                                "at most 12 characters"),
                        entry("--network.datapath=dpdk", "one of netdev, system"),
                        entry("--network.vtep-ip=node-1", "network.vtep_ip: value: node-1"),
                        entry("--network.vtep-port=0", "network.vtep_port: value: 0"),
                        entry(
                                "--network.bridge-mappings={DC: br-ex}",
                                "network.bridge_mappings: value: DC"),
                        entry(
                                "--network.bridge-mappings={dc: br-int}",
                                "the name of another bridge"),
                        entry(
                                "--network.bridge-mapping={}",
                                "did you mean network.bridge_mappings"),
                        entry("--network.dns-domain=Cloud", "network.dns_domain: value: Cloud"),
                        entry("--network.resolv-conf=x", "network.resolv_conf: value: x"));
        assertRefused(mistakes);
    }

    @Test
    void everyKeyOfTheRunScript() {
        AgentConfig config =
                load(
                        "--data-dir=relative",
                        "--grpc-addr=127.0.0.1:1234",
                        "--controllers=[127.0.0.1:1, '[::1]:2']",
                        "--drivers.vm.uri=qemu+unix:///system?socket=/x/libvirt-sock",
                        "--drivers.vm.image-dirs=[/images]",
                        "--drivers.container.address=/x/containerd.sock",
                        "--stop-instances-on-exit=true");
        assertThat(config.dataDir()).isAbsolute();
        assertThat(config.controllers())
                .extracting(Object::toString)
                .containsExactly("127.0.0.1:1", "[::1]:2");
        assertThat(config.drivers().vm().uri()).endsWith("libvirt-sock");
        assertThat(config.stopInstancesOnExit()).isTrue();
    }

    @Test
    void whatTheControllerWouldRefuseIsRefusedHere() {
        Map<String, String> mistakes =
                Map.ofEntries(
                        entry("--hostname=a b", "hostname: value: a b"),
                        entry("--hostname=''", "hostname: value: "),
                        entry("--advertise-ip=node-1", "advertise_ip: value: node-1"),
                        entry("--region=a!", "region: value: a!"),
                        entry("--zone=.a", "zone: value: .a"),
                        entry("--labels={x y: z}", "labels: value: x y"),
                        entry("--reserve.cpu-cores=-1", "reserve.cpu_cores: value: -1"),
                        entry("--drivers.vm.threads=0", "drivers.vm.threads: value: 0"),
                        entry("--drivers.container.threads=-1", "drivers.container.threads"),
                        entry("--drivers.microvm.threads=9999", "drivers.microvm.threads"));
        assertRefused(mistakes);
        assertThatThrownBy(() -> load("--grpc-addr=localhost:1", "--controllers=[a:1]"))
                .hasMessageContaining("advertise_ip: missing");
    }

    @Test
    void mistakesAreNamed() {
        Map<String, String> mistakes =
                Map.of(
                        "--grpc-addr=0.0.0.0:1", "advertise_ip: missing",
                        "--list-period=0s", "list_period: value: 0",
                        "--drivers.vm.accelerator=xen", "one of auto, kvm, tcg",
                        "--drivers.microvm.user=no body", "drivers.microvm.user: value: no body",
                        "--drivers.fake.types=[disk]", "one of vm, container, microvm",
                        "--role=boss", "one of master, worker",
                        "--dat-dir=/x", "did you mean data_dir",
                        "--stop-grace=10", "a duration");
        assertRefused(mistakes);
    }

    /** Each flag fails the start, with a message that says so. */
    private static void assertRefused(Map<String, String> mistakes) {
        mistakes.forEach(
                (flag, message) ->
                        assertThatThrownBy(() -> load(flag))
                                .as(flag)
                                .isInstanceOf(ConfigException.class)
                                .hasMessageContaining(message));
    }
}
