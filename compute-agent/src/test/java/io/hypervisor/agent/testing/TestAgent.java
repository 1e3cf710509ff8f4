package io.hypervisor.agent.testing;

import io.hypervisor.agent.Agent;
import io.hypervisor.agent.AgentConfig;
import io.hypervisor.agent.AgentCore;
import io.hypervisor.agent.driver.fake.FakeDriver;
import io.hypervisor.agent.driver.fake.FakeScript;
import io.hypervisor.agent.driver.fake.FakeWorld;
import io.hypervisor.agent.journal.DataDir;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.VirtualTasks;
import io.hypervisor.core.config.ConfigLoader;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/** An agent in this process, over a fake container driver in a folder. */
public final class TestAgent implements AutoCloseable {
    private final Tasks tasks = new VirtualTasks();
    private final FakeScript script;
    private final FakeDriver driver;
    private final Agent agent;

    /** Starts one that talks to these controllers. */
    public TestAgent(Path folder, String hostname, List<?> controllers, String... flags) {
        this(folder, hostname, controllers, new FakeScript(), flags);
    }

    /** Starts one whose driver does as it is told from the beginning. */
    public TestAgent(
            Path folder, String hostname, List<?> controllers, FakeScript script, String... flags) {
        this.script = script;
        List<String> all = new ArrayList<>(List.of(flags));
        all.add("--grpc-addr=127.0.0.1:0");
        all.add("--data-dir=" + folder);
        all.add("--hostname=" + hostname);
        all.add("--list-period=200ms");
        all.add("--network.enabled=false");
        all.add("--facts-period=200ms");
        all.add("--controllers=" + controllers);
        AgentConfig config = ConfigLoader.load(AgentConfig.class, Optional.empty(), Map.of(), all);
        DataDir dataDir = DataDir.open(folder);
        driver =
                new FakeDriver(
                        InstanceType.INSTANCE_TYPE_CONTAINER,
                        FakeWorld.at(folder.resolve("world")),
                        script,
                        Clock.system(),
                        tasks);
        agent =
                new Agent(
                        config,
                        dataDir,
                        List.of(driver),
                        new AgentCore.Surroundings(
                                Clock.system(),
                                tasks,
                                new Random(1),
                                new PrometheusMeterRegistry(PrometheusConfig.DEFAULT)));
    }

    public FakeDriver driver() {
        return driver;
    }

    public FakeScript script() {
        return script;
    }

    public int metricsPort() {
        return agent.metricsPort().orElseThrow();
    }

    public int port() {
        return agent.port();
    }

    @Override
    public void close() {
        agent.close();
        tasks.close();
    }
}
