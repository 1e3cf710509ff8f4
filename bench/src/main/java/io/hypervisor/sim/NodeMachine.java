package io.hypervisor.sim;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.Found;
import io.hypervisor.agent.driver.fake.FakeDriver;
import io.hypervisor.agent.driver.fake.FakeScript;
import io.hypervisor.agent.driver.fake.FakeWorld;
import io.hypervisor.agent.journal.Intent;
import io.hypervisor.agent.journal.JournalException;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.core.server.HostPort;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/** A machine with an agent, a disk, and what its drivers run. */
final class NodeMachine implements Cluster.NodeHost {
    private static final int PORT = 50052;
    private static final long SLOWEST_BOOT = Duration.ofSeconds(20).toNanos();
    private static final Duration RESTART = Duration.ofSeconds(2);

    private final int index;
    private final Kernel kernel;
    private final SimMachine machine;
    private final RandomGenerator random;
    private final SimDisk disk;
    private final NodeProgram program;
    private final FakeScript script = new FakeScript();
    private final Map<InstanceType, FakeWorld> worlds;
    private Optional<Running> running = Optional.empty();
    private Optional<SimProcess> present = Optional.empty();
    private boolean keptOff;

    private record Running(
            SimProcess process, Supplier<Optional<Intent>> intent, List<FakeDriver> drivers) {}

    NodeMachine(int index, SimMachine machine, SimDisk disk, NodeProgram program, Path consoles) {
        this.index = index;
        this.kernel = machine.kernel();
        this.machine = machine;
        this.random = kernel.generator();
        this.disk = disk;
        this.program = program;
        this.worlds =
                Map.of(
                        InstanceType.INSTANCE_TYPE_VM,
                        FakeWorld.inMemory(consoles.resolve(hostname() + "-vm")),
                        InstanceType.INSTANCE_TYPE_CONTAINER,
                        FakeWorld.inMemory(consoles.resolve(hostname() + "-container")));
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
            HostPort address = new HostPort(machine.ip(), PORT);
            running =
                    Optional.of(
                            new Running(
                                    process, program.start(process, address, drivers), drivers));
        } catch (JournalException e) {
            // It ends with an error, and is started again.
            kernel.note(process.name(), "cannot start: " + e.getMessage());
            process.kill();
            kernel.after(RESTART, this::startIfDown);
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
            kernel.after(RESTART, this::powerOn);
        } else if (!machine.powered()) {
            machine.power(true);
            boot();
            start();
        }
    }

    /** What runs the instances may be there later than the agent. */
    private void boot() {
        if (random.nextBoolean()) {
            script.down(true);
            kernel.after(random.nextLong(SLOWEST_BOOT), () -> script.down(false));
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
                            kernel.note(machine.name(), "guest ends " + id);
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
        return new SimClock(kernel, machine.rate(), machine.wall());
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
    public boolean foreign() {
        return program.foreign();
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
    public int cores(String instanceId) {
        return worlds.values().stream().mapToInt(world -> world.cores(instanceId)).sum();
    }

    @Override
    public Optional<Intent> intent() {
        return running.flatMap(r -> r.intent().get());
    }
}
