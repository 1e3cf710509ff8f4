package io.hypervisor.agent;

import io.hypervisor.agent.driver.InstanceDriver;
import io.hypervisor.agent.journal.DataDir;
import io.hypervisor.agent.node.Machine;
import io.hypervisor.core.server.GrpcServer;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** One running agent. Several may live in one process, with a data folder each. */
public final class Agent implements AutoCloseable {
    private static final Path PROC = Path.of("/proc");
    private static final Duration SERVER_GRACE = Duration.ofSeconds(2);

    private final AgentCore core;
    private final GrpcServer server;
    private final Optional<MetricsServer> metrics;

    /**
     * Starts an agent over a data folder that the caller has opened; both it and the drivers belong
     * to the agent from now on.
     */
    public Agent(
            AgentConfig config,
            DataDir dataDir,
            List<? extends InstanceDriver> drivers,
            AgentCore.Surroundings around) {
        Machine machine = Machine.at(PROC, dataDir.root());
        core = new AgentCore(config, dataDir, machine, drivers, around);
        server =
                new GrpcServer(
                        config.grpcAddr(),
                        config.tls(),
                        around.tasks(),
                        around.metrics(),
                        core.interceptors(),
                        core.services(),
                        SERVER_GRACE);
        metrics =
                config.metricsAddr()
                        .map(
                                address ->
                                        new MetricsServer(
                                                address, around.tasks(), () -> page(around)));
        core.connect(server.port(), new Channels(config.tls()));
    }

    private String page(AgentCore.Surroundings around) {
        String own =
                around.metrics() instanceof PrometheusMeterRegistry prometheus
                        ? prometheus.scrape()
                        : "";
        return own + core.instanceMetrics().page();
    }

    /** The port that metrics are served on, if they are. */
    public Optional<Integer> metricsPort() {
        return metrics.map(MetricsServer::port);
    }

    /** The port that AgentService listens on. */
    public int port() {
        return server.port();
    }

    /** Leaves in order; instances run on unless the configuration says otherwise. */
    @Override
    public void close() {
        core.disconnect();
        metrics.ifPresent(MetricsServer::close);
        server.close();
        core.close();
    }
}
