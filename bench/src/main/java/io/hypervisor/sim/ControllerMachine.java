package io.hypervisor.sim;

import io.hypervisor.controller.ControllerConfig;
import io.hypervisor.controller.ControllerCore;
import io.hypervisor.controller.commit.Replica;
import io.hypervisor.core.config.ConfigLoader;
import io.hypervisor.core.server.HostPort;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;

/** A machine with a controller. */
final class ControllerMachine implements Cluster.ControllerHost {
    private static final int PORT = 50051;
    // As AgentChannels has it; to connect, grpc-java's default.
    private static final Connection.Patience PATIENCE =
            new Connection.Patience(
                    Duration.ofSeconds(20), Duration.ofSeconds(10), Duration.ofSeconds(20));

    private final int index;
    private final Network network;
    private final SimStore store;
    private final SimMachine machine;
    private final ControllerConfig config;
    private final RandomGenerator random;
    private Optional<Running> running = Optional.empty();
    private Optional<SimProcess> present = Optional.empty();

    private record Running(SimProcess process, ControllerCore core, MeterRegistry metrics) {}

    ControllerMachine(int index, Network network, SimStore store, SimMachine machine) {
        this.index = index;
        this.network = network;
        this.store = store;
        this.machine = machine;
        this.random = network.kernel().generator();
        this.config =
                ConfigLoader.load(
                        ControllerConfig.class,
                        Optional.empty(),
                        Map.of(),
                        List.of("--grpc-addr=" + address()));
    }

    HostPort address() {
        return new HostPort(machine.ip(), PORT);
    }

    SimMachine machine() {
        return machine;
    }

    Optional<SimProcess> process() {
        return present.filter(SimProcess::alive);
    }

    /** Ends the process in the middle of whatever it does. */
    void kill() {
        process().ifPresent(SimProcess::kill);
    }

    /** Starts the process unless it runs. */
    void startIfDown() {
        if (process().isEmpty()) {
            start();
        }
    }

    /** Starts the process. */
    void start() {
        SimProcess process = machine.process();
        present = Optional.of(process);
        MeterRegistry metrics = Meters.of(process.clock());
        process.start("main", () -> main(process, metrics));
        process.onEnd(() -> running = running.filter(r -> r.process() != process));
    }

    private void main(SimProcess process, MeterRegistry metrics) {
        Map<HostPort, SimChannel> channels = new HashMap<>();
        ControllerCore core =
                new ControllerCore(
                        config,
                        store.connect(process, index),
                        process.clock(),
                        random,
                        process.tasks(),
                        metrics,
                        to ->
                                channels.computeIfAbsent(
                                        to, a -> new SimChannel(network, process, a, PATIENCE)));
        running = Optional.of(new Running(process, core, metrics));
        network.listen(address(), process, new Served(core.services(), core.interceptors()));
    }

    /** Stops the process as an operator does; it says goodbye. */
    void stop() {
        running.ifPresent(
                r ->
                        r.process()
                                .start(
                                        "stop",
                                        () -> {
                                            r.core().endWatches();
                                            network.unlisten(address(), r.process());
                                            r.core().close();
                                            r.process().kill();
                                        }));
    }

    @Override
    public int index() {
        return index;
    }

    @Override
    public Optional<Cluster.Shown> shown() {
        return running.map(r -> shown(r.process().number(), r.core().replica()));
    }

    private static Cluster.Shown shown(int process, Replica replica) {
        return new Cluster.Shown(process, replica.snapshot(), replica.leading());
    }

    @Override
    public double counter(String name) {
        return running.map(
                        r ->
                                r.metrics().find(name).counters().stream()
                                        .mapToDouble(Counter::count)
                                        .sum())
                .orElse(0.0);
    }
}
