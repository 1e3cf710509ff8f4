package io.hypervisor.agent;

import io.hypervisor.agent.driver.InstanceDriver;
import io.hypervisor.agent.journal.DataDir;
import io.hypervisor.agent.journal.JournalException;
import io.hypervisor.core.Clock;
import io.hypervisor.core.VirtualTasks;
import io.hypervisor.core.config.ConfigException;
import io.hypervisor.core.config.ConfigLoader;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.UncheckedIOException;
import java.security.SecureRandom;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/**
 * Starts the agent: {@code Main [--config=FILE] [--key=VALUE ...]}. Ends with SIGTERM or SIGINT;
 * exit code 2 if its configuration is wrong, 1 if it cannot start for another reason.
 */
public final class Main {
    private static final Logger log = LoggerFactory.getLogger(Main.class);
    private static final int BAD_CONFIG = 2;
    private static final int CANNOT_START = 1;

    private Main() {}

    /** The process. */
    public static void main(String[] args) throws InterruptedException {
        try {
            run(ConfigLoader.load(AgentConfig.class, System.getenv(), List.of(args)));
        } catch (ConfigException e) {
            log.error("cannot start: {}", e.getMessage());
            System.exit(BAD_CONFIG);
        } catch (JournalException | UncheckedIOException e) {
            log.error("cannot start: {}", e.getMessage());
            System.exit(CANNOT_START);
        }
    }

    private static void run(AgentConfig config) throws InterruptedException {
        VirtualTasks tasks = new VirtualTasks();
        Clock clock = Clock.system();
        // Before the drivers: they keep files in this folder.
        DataDir dataDir = DataDir.open(config.dataDir());
        MeterRegistry metrics = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        List<InstanceDriver> drivers = InstanceDrivers.of(config, clock, tasks, metrics);
        Agent agent =
                new Agent(
                        config,
                        dataDir,
                        drivers,
                        new AgentCore.Surroundings(clock, tasks, new SecureRandom(), metrics));
        CountDownLatch stopped = new CountDownLatch(1);
        Runtime.getRuntime()
                .addShutdownHook(
                        Thread.ofPlatform()
                                .name("stop")
                                .unstarted(
                                        () -> {
                                            log.info("stops");
                                            agent.close();
                                            tasks.close();
                                            stopped.countDown();
                                        }));
        log.info(
                "port={} controllers={} data_dir={}: agent runs",
                agent.port(),
                config.controllers(),
                config.dataDir());
        stopped.await();
    }
}
