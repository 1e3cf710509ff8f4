package io.hypervisor.sim;

import io.hypervisor.agent.AgentConfig;
import io.hypervisor.agent.AgentCore;
import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.Found;
import io.hypervisor.agent.driver.fake.FakeDriver;
import io.hypervisor.agent.driver.fake.FakeScript;
import io.hypervisor.agent.driver.fake.FakeWorld;
import io.hypervisor.agent.journal.DataDir;
import io.hypervisor.agent.journal.Intent;
import io.hypervisor.agent.journal.JournalException;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.core.config.ConfigLoader;
import io.hypervisor.core.server.HostPort;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;

/** A machine with an agent, a disk, and what its drivers run. */
final class NodeMachine implements Cluster.NodeHost {
    private static final int PORT = 50052;
    private static final Path FOLDER = Path.of("/var/lib/hypervisor/agent");
    // As agent.Channels has it.
    private static final Connection.Patience PATIENCE =
            new Connection.Patience(
                    Duration.ofSeconds(10), Duration.ofSeconds(5), Duration.ofSeconds(3));
    private static final Duration RESTART = Duration.ofSeconds(2);

    private final int index;
    private final Network network;
    private final SimMachine machine;
    private final AgentConfig config;
    private final RandomGenerator random;
    private final SimDisk disk;
    private final FakeScript script = new FakeScript();
    private final Map<InstanceType, FakeWorld> worlds;
    private Optional<Running> running = Optional.empty();
    private Optional<SimProcess> present = Optional.empty();
    private boolean keptOff;

    private record Running(SimProcess process, AgentCore core, List<FakeDriver> drivers) {}

    NodeMachine(
            int index,
            Network network,
            SimMachine machine,
            List<HostPort> controllers,
            Path consoles) {
        this.index = index;
        this.network = network;
        this.machine = machine;
        this.random = network.kernel().generator();
        this.disk = new SimDisk(network.kernel());
        this.worlds =
                Map.of(
                        InstanceType.INSTANCE_TYPE_VM,
                        FakeWorld.inMemory(consoles.resolve(hostname() + "-vm")),
                        InstanceType.INSTANCE_TYPE_CONTAINER,
                        FakeWorld.inMemory(consoles.resolve(hostname() + "-container")));
        this.config =
                ConfigLoader.load(
                        AgentConfig.class,
                        Optional.empty(),
                        Map.of(),
                        List.of(
                                "--grpc-addr=" + machine.ip() + ":" + PORT,
                                "--hostname=" + hostname(),
                                "--data-dir=" + FOLDER,
                                "--controllers=" + controllers));
    }

    SimMachine machine() {
        return machine;
    }

    SimDisk disk() {
        return disk;
    }

    FakeScript script() {
        return script;
    }

    Optional<SimProcess> process() {
        return present.filter(SimProcess::alive);
    }

    /** Starts the agent. */
    void start() {
        SimProcess process = machine.process();
        present = Optional.of(process);
        disk.usedBy(process);
        process.start("main", () -> main(process));
        process.onEnd(() -> running = Optional.empty());
    }

    private void main(SimProcess process) {
        try {
            List<FakeDriver> drivers = drivers(process);
            AgentCore core =
                    new AgentCore(
                            config,
                            DataDir.on(disk, FOLDER),
                            new Facts(hostname()),
                            drivers,
                            new AgentCore.Surroundings(
                                    process.clock(),
                                    process.tasks(),
                                    random,
                                    Meters.of(process.clock())));
            running = Optional.of(new Running(process, core, drivers));
            network.listen(
                    new HostPort(machine.ip(), PORT),
                    process,
                    new Served(core.services(), core.interceptors()));
            core.connect(
                    PORT,
                    address -> new SimChannel(network, process, HostPort.parse(address), PATIENCE));
        } catch (JournalException e) {
            // It ends with an error, and is started again.
            network.kernel().note(process.name(), "cannot start: " + e.getMessage());
            process.kill();
            network.kernel().after(RESTART, this::startIfDown);
        }
    }

    /** Starts the agent unless it runs, or the machine is off. */
    void startIfDown() {
        if (machine.powered() && process().isEmpty()) {
            start();
        }
    }

    private List<FakeDriver> drivers(SimProcess process) {
        return List.of(
                driver(process, InstanceType.INSTANCE_TYPE_VM),
                driver(process, InstanceType.INSTANCE_TYPE_CONTAINER));
    }

    private FakeDriver driver(SimProcess process, InstanceType type) {
        return new FakeDriver(type, worlds.get(type), script, process.clock(), process.tasks());
    }

    /** Ends the agent in the middle of whatever it does. */
    void kill() {
        process().ifPresent(SimProcess::kill);
    }

    /** Ends everything on the machine. */
    void powerOff() {
        if (machine.powered()) {
            machine.power(false);
            kill();
            disk.losePower();
            worlds.values().forEach(world -> world.losePower(clock().now()));
        }
    }

    /** Starts the machine and the agent, once nobody sees to it any more that it stays off. */
    void powerOn() {
        if (keptOff) {
            network.kernel().after(RESTART, this::powerOn);
        } else if (!machine.powered()) {
            machine.power(true);
            start();
        }
    }

    /** Ends a guest, as if by itself. */
    void endGuest(int chosen, int exitCode) {
        List<Found> guests =
                world().stream().filter(f -> f.state() == Found.State.RUNNING).toList();
        if (guests.isEmpty() || running.isEmpty()) {
            return;
        }
        String id = guests.get(chosen % guests.size()).instanceId();
        Running now = running.get();
        now.process()
                .start(
                        "guest",
                        () -> {
                            network.kernel().note(machine.name(), "guest ends " + id);
                            now.drivers().forEach(driver -> end(driver, id, exitCode));
                        });
    }

    private static void end(FakeDriver driver, String id, int exitCode) {
        try {
            driver.end(id, exitCode == 0 ? Found.Exit.CLEAN : Found.Exit.FAILED, exitCode, "");
        } catch (DriverException e) {
            // Another driver runs it, or it was ended meanwhile.
        }
    }

    private SimClock clock() {
        return new SimClock(network.kernel(), machine.rate(), machine.wall());
    }

    @Override
    public int index() {
        return index;
    }

    @Override
    public String hostname() {
        return machine.name();
    }

    @Override
    public boolean powered() {
        return machine.powered();
    }

    @Override
    public void keepOff(boolean off) {
        keptOff = off;
    }

    @Override
    public boolean agentUp() {
        return running.isPresent();
    }

    @Override
    public List<Found> world() {
        SimClock clock = clock();
        return worlds.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .flatMap(world -> world.getValue().found(clock.now()).stream())
                .toList();
    }

    @Override
    public Optional<Intent> intent() {
        return running.map(r -> r.core().intent());
    }
}
