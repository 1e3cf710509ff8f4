package io.hypervisor.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.hypervisor.controller.FreePort;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** "make demo EXIT=1" as a user sees it. */
@Tag("real")
class DemoTest {
    // A machine has room for one switch in user space, and others may have one here: a machine of
    // its own, as far as the network is concerned.
    private static final String APART =
            """
            mkdir "$0/cgroup"
            mount --rbind /sys/fs/cgroup "$0/cgroup"
            mount -t sysfs sysfs /sys
            mount --rbind "$0/cgroup" /sys/fs/cgroup
            ip link set dev lo up
            exec deploy/demo "$0"
            """;

    @Test
    void theDemoShowsAnInstanceOfEachTypeAndLeavesNothing()
            throws IOException, InterruptedException {
        Path data = Files.createTempDirectory("hv");
        Path output = data.resolve("demo.log");
        ProcessBuilder builder =
                OneNodeCluster.command(
                        "unshare", "--net", "--mount", "sh", "-ec", APART, data.toString());
        builder.environment().put("EXIT", "1");
        builder.environment().put("GRPC_ADDR", FreePort.address());
        builder.environment().put("HTTP_ADDR", FreePort.address());
        builder.environment().put("AGENT_ADDR", FreePort.address());
        Process demo = builder.redirectErrorStream(true).redirectOutput(output.toFile()).start();
        boolean ended = demo.waitFor(5, TimeUnit.MINUTES);
        String shown = Files.readString(output, UTF_8);
        assertThat(ended).as(shown).isTrue();
        assertThat(demo.exitValue()).as(shown).isZero();
        assertThat(shown)
                .contains("demo-guest ready", "hello from demo-container")
                .contains("WOULD RESERVE", "CPU-TIME")
                .contains("PING demo-vm (10.200.0.", " 1 packets received")
                .contains("PING demo-container (10.200.0.", " 2 packets received")
                .containsPattern("demo-microvm +microvm +running")
                .containsPattern("(?s)demo-microvm --follow.*PING demo-vm.* 2 packets received")
                .contains("demo-vm deleted", "demo-container deleted", "demo-microvm deleted");
        assertThat(Leftovers.of(data)).isEmpty();
        Leftovers.delete(data);
    }
}
