package io.hypervisor.agent.driver.containerd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.Any;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.Found;
import io.hypervisor.agent.driver.containerd.wire.CgroupsV2;
import io.hypervisor.agent.driver.containerd.wire.Mount;
import io.hypervisor.agent.driver.containerd.wire.Process;
import io.hypervisor.agent.driver.containerd.wire.TaskStatus;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The small pure parts of the driver. */
class ContainerdPartsTest {
    private static final String PASSWD =
            "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001::/:/bin/sh\n";
    private static final String GROUP = "root:x:0:\nwheel:x:10:root,app\nweb:x:33:\nbad\n";

    @TempDir Path folder;

    @ParameterizedTest
    @CsvSource({
        "busybox, docker.io/library/busybox:latest, busybox:latest",
        "demo/busybox, docker.io/demo/busybox:latest, demo/busybox:latest",
        "demo/busybox:1, docker.io/demo/busybox:1, demo/busybox:1",
        "docker.io/demo/busybox:latest, docker.io/demo/busybox:latest, demo/busybox:latest",
        "localhost/a, localhost/a:latest, localhost/a:latest",
        "reg:5000/a/b, reg:5000/a/b:latest, reg:5000/a/b:latest",
        "quay.io/a/b:2, quay.io/a/b:2, quay.io/a/b:2",
        "a@sha256:00, docker.io/library/a@sha256:00, a@sha256:00"
    })
    void names(String spec, String full, String brief) {
        assertThat(ImageName.full(spec)).isEqualTo(full);
        assertThat(ImageName.brief(full)).isEqualTo(brief);
    }

    @Test
    void accounts() {
        assertThat(Account.of("spec.user", "", "", "")).isEqualTo(Account.ROOT);
        assertThat(Account.of("spec.user", "app", PASSWD, GROUP))
                .isEqualTo(new Account(1000, 1001, List.of(10L)));
        assertThat(Account.of("spec.user", "1000", PASSWD, GROUP).gid()).isEqualTo(1001);
        assertThat(Account.of("spec.user", "2000", PASSWD, GROUP))
                .isEqualTo(new Account(2000, 0, List.of()));
        assertThat(Account.of("spec.user", "app:web", PASSWD, GROUP))
                .isEqualTo(new Account(1000, 33, List.of()));
        assertThat(Account.of("spec.user", "7:8", "", "")).isEqualTo(new Account(7, 8, List.of()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"nobody-here", "-1", "2147483648", "app:nogroup", ":", "1:x", "a\0"})
    void accountsThatCannotBe(String user) {
        assertThatThrownBy(() -> Account.of("spec.user", user, PASSWD, GROUP))
                .isInstanceOf(DriverException.class)
                .hasMessageContaining("spec.user: value: ");
    }

    @ParameterizedTest
    @CsvSource({
        "SIGTERM, 15",
        "term, 15",
        "SIGQUIT, 3",
        "9, 9",
        "RTMIN+3, 37",
        "SIGRTMIN, 34",
        "'', 15",
        "nonsense, 15",
        "0, 15",
        "99, 15",
        "RTMIN+99, 15"
    })
    void signals(String name, int number) {
        assertThat(Signals.number(name)).isEqualTo(number);
    }

    @ParameterizedTest
    @CsvSource({
        "1, exit code 1",
        "128, exit code 128",
        "137, exit code 137: ended by signal KILL",
        "139, exit code 139: ended by signal SEGV",
        "160, exit code 160",
        "255, exit code 255"
    })
    void endsAreSaid(int status, String words) {
        assertThat(Signals.ended(status)).isEqualTo(words);
    }

    @Test
    void imageConfigurationsMayBeNull() {
        JsonObject config =
                JsonParser.parseString("{\"Entrypoint\":null,\"Cmd\":[\"a\"],\"User\":null}")
                        .getAsJsonObject();
        assertThat(ImageConfig.of(config))
                .isEqualTo(new ImageConfig(List.of(), List.of("a"), List.of(), "", "", ""));
    }

    @Test
    void marksSurviveLabels() {
        Marks marks = Marks.fresh(3, 4, true, 15).withComplete(true);
        assertThat(Marks.of(marks.labels())).isEqualTo(marks);
        Marks ran = marks.starting(5, Instant.EPOCH).askedToEnd().ended(143, false);
        assertThat(Marks.of(ran.labels())).isEqualTo(ran);
        Marks crashed = marks.starting(5, Instant.EPOCH).ended(137, true);
        assertThat(Marks.of(crashed.labels())).isEqualTo(crashed);
        assertThat(crashed.reason()).isEqualTo("out of memory");
    }

    @Test
    void aRunThatNobodySawEndIsUnknown() {
        Marks started = Marks.fresh(1, 1, false, 15).withComplete(true).starting(2, Instant.EPOCH);
        Found lost = started.found("a", Optional.empty());
        assertThat(lost.exit()).isEqualTo(Found.Exit.UNKNOWN);
        assertThat(lost.runGeneration()).isEqualTo(2);
        assertThat(started.askedToEnd().found("a", Optional.empty()).exit())
                .isEqualTo(Found.Exit.STOPPED);
        Process ended = Process.newBuilder().setStatus(TaskStatus.STOPPED).setExitStatus(4).build();
        assertThat(started.found("a", Optional.of(ended)).exitCode()).hasValue(4);
    }

    @Test
    void usageOfCgroupsV2() {
        CgroupsV2.Metrics metrics =
                CgroupsV2.Metrics.newBuilder()
                        .setCpu(CgroupsV2.CPUStat.newBuilder().setUsageUsec(7))
                        .setMemory(
                                CgroupsV2.MemoryStat.newBuilder()
                                        .setUsage(10)
                                        .setActiveFile(3)
                                        .setInactiveFile(1))
                        .setIo(
                                CgroupsV2.IOStat.newBuilder()
                                        .addUsage(
                                                CgroupsV2.IOEntry.newBuilder()
                                                        .setRbytes(1)
                                                        .setWbytes(2)))
                        .setMemoryEvents(CgroupsV2.MemoryEvents.newBuilder().setOomKill(1))
                        .build();
        Any any =
                Any.newBuilder()
                        .setTypeUrl("io.containerd.cgroups.v2.Metrics")
                        .setValue(metrics.toByteString())
                        .build();
        assertThat(Usage.of(any)).isEqualTo(new Usage(7000, 6, 4, 1, 2, 1));
    }

    @Test
    void trafficLeavesTheLoopbackOut() {
        String dev =
                """
                Inter-|   Receive                                                |  Transmit
                 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets
                    lo:     100       1    0    0    0     0          0         0      100       1
                  eth0:      11       1    0    0    0     0          0         0       22       1
                """;
        assertThat(Traffic.parse(dev)).isEqualTo(new Traffic(11, 22));
    }

    @Test
    void chainsOfLayers() {
        assertThat(ImageStore.chainId(List.of("sha256:a"))).isEqualTo("sha256:a");
        assertThat(ImageStore.chainId(List.of("sha256:a", "sha256:b")))
                .matches("sha256:[0-9a-f]{64}");
    }

    @Test
    void filesOfTheTopmostLayerCountAndLinksDoNot() throws IOException {
        for (String layer : List.of("upper", "lower")) {
            Files.createDirectories(folder.resolve(layer).resolve("etc"));
        }
        Files.writeString(folder.resolve("lower/etc/passwd"), "low");
        Files.writeString(folder.resolve("upper/etc/group"), "up");
        Files.createSymbolicLink(folder.resolve("lower/etc/shadow"), Path.of("/etc/shadow"));
        Mount overlay =
                Mount.newBuilder()
                        .setType("overlay")
                        .addOptions("lowerdir=" + folder.resolve("lower"))
                        .addOptions("upperdir=" + folder.resolve("upper"))
                        .build();
        assertThat(RootFiles.etc(List.of(overlay), "passwd")).isEqualTo("low");
        assertThat(RootFiles.etc(List.of(overlay), "group")).isEqualTo("up");
        assertThat(RootFiles.etc(List.of(overlay), "shadow")).isEmpty();
        Files.createSymbolicLink(folder.resolve("upper/etc/passwd"), Path.of("/etc/passwd"));
        assertThat(RootFiles.etc(List.of(overlay), "passwd")).isEmpty();
        assertThat(RootFiles.etc(List.of(overlay), "group")).isEqualTo("up");
    }

    @ParameterizedTest
    @ValueSource(strings = {"link", "file", "folder"})
    void filesBelowWhatHidesThemAreNotThere(String what) throws IOException {
        Path upper = Files.createDirectories(folder.resolve("upper"));
        Path lower = Files.createDirectories(folder.resolve("lower/etc"));
        Files.writeString(lower.resolve("passwd"), "low");
        switch (what) {
            case "link" -> Files.createSymbolicLink(upper.resolve("etc"), Path.of("/etc"));
            case "file" -> Files.createFile(upper.resolve("etc"));
            default -> Files.createDirectories(upper.resolve("etc/passwd"));
        }
        Mount overlay =
                Mount.newBuilder()
                        .setType("overlay")
                        .addOptions("lowerdir=" + upper + ":" + folder.resolve("lower"))
                        .build();
        assertThat(RootFiles.etc(List.of(overlay), "passwd")).isEmpty();
    }

    @Test
    void aSocketPathThatIsTooLongIsRefused() {
        assertThatThrownBy(
                        () ->
                                new ContainerdConfig(
                                        Path.of("/" + "a".repeat(120)),
                                        "n",
                                        folder,
                                        "",
                                        false,
                                        1,
                                        Map.of()))
                .hasMessageContaining("107");
    }
}
