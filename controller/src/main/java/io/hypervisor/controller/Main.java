package io.hypervisor.controller;

import io.hypervisor.controller.store.Store;
import io.hypervisor.controller.store.StoreException;
import io.hypervisor.controller.store.etcd.EtcdStore;
import io.hypervisor.controller.store.local.LocalStore;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.VirtualTasks;
import io.hypervisor.core.config.ConfigException;
import io.hypervisor.core.config.ConfigLoader;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.List;

/** The controller process: {@code Main [--config=FILE] [--KEY=VALUE ...]}. */
public final class Main {
    private static final Logger log = LoggerFactory.getLogger(Main.class);
    private static final int BAD_CONFIG = 2;
    private static final int CANNOT_START = 1;

    private Main() {}

    /** Starts a controller, which runs until the process is told to stop. */
    public static void main(String[] args) {
        long begun = Clock.system().nanos();
        ControllerConfig config;
        try {
            config = ConfigLoader.load(ControllerConfig.class, System.getenv(), List.of(args));
        } catch (ConfigException e) {
            System.err.println("controller: " + e.getMessage());
            System.exit(BAD_CONFIG);
            return;
        }
        try {
            start(config, begun);
        } catch (StoreException | UncheckedIOException | IllegalStateException e) {
            System.err.println("controller: cannot start: " + e.getMessage());
            log.debug("cannot start", e);
            System.exit(CANNOT_START);
        }
    }

    private static void start(ControllerConfig config, long begun) {
        Clock clock = Clock.system();
        Tasks tasks = new VirtualTasks();
        PrometheusMeterRegistry metrics = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        Store store = open(config, clock, tasks, metrics);
        Controller controller =
                new Controller(config, store, clock, new SecureRandom(), tasks, metrics);
        Runtime.getRuntime()
                .addShutdownHook(
                        Thread.ofPlatform()
                                .name("shutdown")
                                .unstarted(
                                        () -> {
                                            controller.close();
                                            store.close();
                                            tasks.close();
                                            log.info("event=stopped");
                                        }));
        log.info(
                "event=ready grpc={} http={} store={} start_ms={}",
                controller.grpcPort(),
                controller.httpPort(),
                config.store(),
                (clock.nanos() - begun) / 1_000_000);
    }

    private static Store open(
            ControllerConfig config, Clock clock, Tasks tasks, PrometheusMeterRegistry metrics) {
        return switch (config.store()) {
            case LOCAL -> {
                createPrivate(config.dataDir());
                yield LocalStore.open(config.dataDir().resolve("state.db"), tasks);
            }
            case ETCD -> new EtcdStore(config.etcd(), tasks, clock, metrics);
        };
    }

    /** For this user alone: the state tells what everybody runs. */
    private static void createPrivate(Path folder) {
        try {
            Files.createDirectories(
                    folder,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rwx------")));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot create data_dir " + folder + ": " + e, e);
        }
    }
}
