package io.hypervisor.sim;

import io.hypervisor.agent.AgentConfig;
import io.hypervisor.agent.AgentCore;
import io.hypervisor.agent.driver.fake.FakeDriver;
import io.hypervisor.agent.journal.DataDir;
import io.hypervisor.agent.journal.Intent;
import io.hypervisor.core.config.ConfigLoader;
import io.hypervisor.core.server.HostPort;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/** The production agent. */
final class OwnProgram implements NodeProgram {
    private static final Path FOLDER = Path.of("/var/lib/hypervisor/agent");

    private final Network network;
    private final SimDisk disk;
    private final List<HostPort> controllers;
    private final RandomGenerator random;

    OwnProgram(Network network, SimDisk disk, List<HostPort> controllers) {
        this.network = network;
        this.disk = disk;
        this.controllers = controllers;
        this.random = network.kernel().generator();
    }

    @Override
    public Supplier<Optional<Intent>> start(
            SimProcess process, HostPort address, List<FakeDriver> drivers) {
        String hostname = process.machine().name();
        AgentConfig config =
                ConfigLoader.load(
                        AgentConfig.class,
                        Optional.empty(),
                        Map.of(),
                        List.of(
                                "--grpc-addr=" + address,
                                "--hostname=" + hostname,
                                "--data-dir=" + FOLDER,
                                "--network.enabled=false",
                                "--controllers=" + controllers));
        AgentCore core =
                new AgentCore(
                        config,
                        DataDir.on(disk, FOLDER),
                        new Facts(hostname),
                        drivers,
                        new AgentCore.Surroundings(
                                process.clock(),
                                process.tasks(),
                                random,
                                Meters.of(process.clock())));
        network.listen(address, process, new Served(core.services(), core.interceptors()));
        core.connect(
                address.port(),
                to -> new SimChannel(network, process, HostPort.parse(to), PATIENCE));
        return () -> Optional.of(core.intent());
    }

    @Override
    public boolean foreign() {
        return false;
    }
}
