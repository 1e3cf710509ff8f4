package io.hypervisor.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** What starts a process of "make run" again, and when it gives up. */
@Tag("real")
class KeepTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir Path data;

    @BeforeEach
    void makeLogFolder() throws IOException {
        Files.createDirectory(data.resolve("log"));
    }

    private Process keep(String script) throws IOException {
        return OneNodeCluster.command("deploy/keep", data.toString(), "it", "sh", "-c", script)
                .redirectErrorStream(true)
                .redirectOutput(data.resolve("run.log").toFile())
                .start();
    }

    private List<String> output() throws IOException {
        Path log = data.resolve("log/it.log");
        return Files.exists(log) ? Files.readAllLines(log) : List.of();
    }

    @Test
    void whatIsKilledIsStartedAgainHoweverOften() throws Exception {
        Process keeper = keep("echo begun; kill -9 $$");
        try {
            await().atMost(PATIENCE).until(() -> output().size() > 6 || !keeper.isAlive());
            assertThat(keeper.isAlive()).isTrue();
        } finally {
            keeper.destroy();
        }
        assertThat(keeper.waitFor()).isZero();
    }

    @Test
    void whatExitsAtOnceIsGivenUp() throws Exception {
        Process keeper = keep("echo no such port; exit 1");
        assertThat(keeper.waitFor()).isOne();
        assertThat(output()).hasSize(5);
        assertThat(data.resolve("run.log")).content().contains("does not start", "no such port");
    }

    @Test
    void whatItKeepsEndsWithIt() throws Exception {
        Process keeper =
                keep("trap 'echo asked; exit 0' TERM; echo begun; while :; do sleep 0.1; done");
        await().atMost(PATIENCE).until(() -> output().contains("begun"));
        keeper.destroy();
        assertThat(keeper.waitFor()).isZero();
        assertThat(output()).containsExactly("begun", "asked");
    }
}
