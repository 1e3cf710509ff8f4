package io.hypervisor.controller.edge;

import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.hypervisor.api.v1.RegisterNodeRequest;
import io.hypervisor.api.v1.Resources;
import io.hypervisor.controller.Controller;
import io.hypervisor.controller.ControllerConfig;
import io.hypervisor.controller.FreePort;
import io.hypervisor.controller.store.Store;
import io.hypervisor.core.Clock;
import io.hypervisor.core.VirtualTasks;
import io.hypervisor.core.config.ConfigLoader;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;

import org.awaitility.Awaitility;

import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** A whole controller on free ports, and a client's connection to it. */
final class TestController implements AutoCloseable {
    private final VirtualTasks tasks = new VirtualTasks();
    private final Controller controller;
    private final ManagedChannel channel;

    TestController(Store store, String... flags) {
        String grpc = FreePort.address();
        List<String> all =
                new ArrayList<>(
                        List.of(
                                "--grpc-addr=" + grpc,
                                "--http-addr=127.0.0.1:0",
                                "--shutdown-grace=1s",
                                "--watch-bookmarks=100ms",
                                "--cluster-name=test"));
        all.addAll(List.of(flags));
        ControllerConfig config =
                ConfigLoader.load(ControllerConfig.class, Optional.empty(), Map.of(), all);
        controller =
                new Controller(
                        config,
                        store,
                        Clock.system(),
                        new SecureRandom(),
                        tasks,
                        new PrometheusMeterRegistry(PrometheusConfig.DEFAULT));
        channel = Grpc.newChannelBuilder(grpc, InsecureChannelCredentials.create()).build();
        Awaitility.await().until(() -> controller.unready().isEmpty());
    }

    ManagedChannel channel() {
        return channel;
    }

    Controller controller() {
        return controller;
    }

    static RegisterNodeRequest node(String hostname, int port) {
        return RegisterNodeRequest.newBuilder()
                .setHostname(hostname)
                .setIp("127.0.0.1")
                .setPort(port)
                .setCapacity(
                        Resources.newBuilder()
                                .setCpuCores(64)
                                .setMemoryBytes(64L << 30)
                                .setDiskBytes(1L << 40))
                .addSupportedInstanceTypes("vm")
                .addSupportedInstanceTypes("container")
                .build();
    }

    @Override
    public void close() {
        channel.shutdownNow();
        controller.close();
        try {
            channel.awaitTermination(5, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        tasks.close();
    }
}
