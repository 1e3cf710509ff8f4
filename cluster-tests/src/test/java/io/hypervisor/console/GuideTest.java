package io.hypervisor.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypervisor.agent.Agent;
import io.hypervisor.agent.AgentConfig;
import io.hypervisor.agent.AgentCore;
import io.hypervisor.agent.driver.containerd.ContainerdConfig;
import io.hypervisor.agent.driver.containerd.ContainerdDaemon;
import io.hypervisor.agent.driver.containerd.ContainerdDriver;
import io.hypervisor.agent.journal.DataDir;
import io.hypervisor.controller.Controller;
import io.hypervisor.controller.ControllerConfig;
import io.hypervisor.controller.FreePort;
import io.hypervisor.controller.store.MemoryStore;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.VirtualTasks;
import io.hypervisor.core.config.ConfigLoader;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Every command of the guide to containers, in its order, on a real node. */
@Tag("real")
class GuideTest {
    private static final Path GUIDE = Path.of("../docs/guides/containers.md");
    private static final Pattern BLOCK = Pattern.compile("```sh\n(.*?)```", Pattern.DOTALL);
    // As a shell splits them: the guide quotes with single quotes alone.
    private static final Pattern WORD = Pattern.compile("'([^']*)'|(\\S+)");

    private static final Tasks tasks = new VirtualTasks();
    private static ContainerdDaemon daemon;
    private static Controller controller;
    private static Agent agent;

    @BeforeAll
    static void start() {
        daemon = new ContainerdDaemon();
        String address = FreePort.address();
        controller =
                new Controller(
                        config(
                                ControllerConfig.class,
                                "--grpc-addr=" + address,
                                "--http-addr=127.0.0.1:0",
                                "--shutdown-grace=1s"),
                        new MemoryStore(tasks, 10_000).connect(),
                        Clock.system(),
                        new SecureRandom(),
                        tasks,
                        new PrometheusMeterRegistry(PrometheusConfig.DEFAULT));
        PrometheusMeterRegistry metrics = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        ContainerdConfig containerd = daemon.config();
        // Before the driver: it keeps files there.
        DataDir data = DataDir.open(daemon.data());
        agent =
                new Agent(
                        config(
                                AgentConfig.class,
                                "--grpc-addr=127.0.0.1:0",
                                "--data-dir=" + daemon.data(),
                                "--hostname=n1",
                                "--network.enabled=false",
                                "--controllers=[" + address + "]"),
                        data,
                        List.of(new ContainerdDriver(containerd, Clock.system(), tasks, metrics)),
                        new AgentCore.Surroundings(Clock.system(), tasks, new Random(1), metrics));
    }

    private static <C extends Record> C config(Class<C> type, String... flags) {
        return ConfigLoader.load(type, Optional.empty(), Map.of(), List.of(flags));
    }

    @AfterAll
    static void stop() {
        agent.close();
        controller.close();
        daemon.close();
        tasks.close();
    }

    private record Result(int code, String output) {}

    private static Result hvctl(List<String> words) {
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        PrintStream both = new PrintStream(output, true, StandardCharsets.UTF_8);
        Surroundings surroundings =
                new Surroundings(
                        InputStream.nullInputStream(),
                        both,
                        both,
                        false,
                        false,
                        false,
                        Map.of("HVCTL_SERVER", "127.0.0.1:" + controller.grpcPort()),
                        Path.of("/nonexistent/config.yaml"),
                        InstantSource.system(),
                        () -> UUID.randomUUID().toString(),
                        () -> {
                            throw new IllegalStateException("no terminal");
                        });
        int code = Hvctl.run(surroundings, words.toArray(String[]::new));
        return new Result(code, output.toString(StandardCharsets.UTF_8));
    }

    private static List<String> words(String line) {
        List<String> words = new ArrayList<>();
        Matcher matcher = WORD.matcher(line);
        while (matcher.find()) {
            words.add(matcher.group(1) == null ? matcher.group(2) : matcher.group(1));
        }
        return words;
    }

    @Test
    void everyCommandOfTheGuideWorks() throws IOException {
        await().atMost(Duration.ofMinutes(1))
                .until(() -> hvctl(words("node list")).output().contains("ready"));
        StringBuilder shown = new StringBuilder();
        int commands = 0;
        Matcher blocks = BLOCK.matcher(Files.readString(GUIDE));
        while (blocks.find()) {
            for (String line : blocks.group(1).lines().toList()) {
                assertThat(line).startsWith("hvctl ");
                List<String> words = words(line);
                Result result = hvctl(words.subList(1, words.size()));
                assertThat(result.code()).as("%s: %s", line, result.output()).isZero();
                shown.append(result.output());
                commands++;
            }
        }
        assertThat(commands).isGreaterThan(15);
        assertThat(shown).contains("CPU-TIME", "line 2\nline 3\n");
        assertThat(shown).contains("takes effect at its next start: spec.env;");
        assertThat(hvctl(words("instance list -o name")).output()).isEmpty();
    }
}
