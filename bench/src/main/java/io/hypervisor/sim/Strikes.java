package io.hypervisor.sim;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.fake.FakeScript;
import io.hypervisor.agent.driver.fake.FakeScript.Call;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/** Makes things go wrong, and right again. */
final class Strikes {
    private static final List<Call> CALLS =
            List.of(Call.LIST, Call.CREATE, Call.START, Call.STOP, Call.DESTROY);

    private final World world;
    private final Kernel kernel;
    private final Network network;
    private final RandomGenerator random;
    private boolean isolated;

    Strikes(World world, RandomGenerator random) {
        this.world = world;
        this.kernel = world.kernel();
        this.network = world.network();
        this.random = random;
    }

    /** Gives the drivers the time that calls take. */
    void temper() {
        for (NodeMachine node : world.nodeMachines()) {
            CALLS.forEach(call -> node.script().takes(call, usual(call)));
        }
    }

    private Duration usual(Call call) {
        return Duration.ofMillis(1 + random.nextInt(call == Call.LIST ? 20 : 400));
    }

    private Duration between(long leastMillis, long mostMillis) {
        return Duration.ofMillis(random.nextLong(leastMillis, mostMillis));
    }

    private <T> T any(List<T> all) {
        return all.get(random.nextInt(all.size()));
    }

    private ControllerMachine controller() {
        return any(world.controllerMachines());
    }

    private NodeMachine node() {
        return any(world.nodeMachines());
    }

    void strike(Fault fault) {
        kernel.note("fault", fault.name());
        switch (fault) {
            case PARTITION -> partition();
            case ISOLATION -> isolate(busiest());
            case BREAK -> breakConnection();
            case SLOW_NETWORK -> {
                network.slow(between(5, 400).toNanos());
                kernel.after(between(500, 10_000), () -> network.slow(0));
            }
            case TWICE -> network.duplicate(random.nextDouble() * 0.3);
            case CONTROLLER_KILL -> kill(controller());
            case LEADER_KILL -> leader().ifPresent(this::kill);
            case CONTROLLER_RESTART -> restart(controller());
            case CONTROLLER_CRASH_POINT -> crashPoint(controller());
            case CONTROLLER_PAUSE -> controller().process().ifPresent(this::pause);
            case AGENT_KILL -> kill(node());
            case AGENT_CRASH_POINT -> crashPoint(node());
            case AGENT_PAUSE -> node().process().ifPresent(this::pause);
            case POWER -> power(node());
            case CLOCK -> jump();
            case DISK_FULL -> fill(node().disk());
            case DRIVER_FAILS -> failDriver(node());
            case DRIVER_DOWN -> down(node().script());
            case DRIVER_HANGS -> hang(node());
            case GUEST_ENDS -> node().endGuest(random.nextInt(100), random.nextInt(2));
            case STORE_DOWN, STORE_AMBIGUOUS, STORE_LOST, STORE_SLOW -> store(fault);
            case DEPOSE -> world.store().depose();
        }
    }

    private void partition() {
        List<String> all = new ArrayList<>(List.of(SimStore.NAME));
        world.controllerMachines().forEach(c -> all.add(c.machine().name()));
        world.nodeMachines().forEach(n -> all.add(n.machine().name()));
        String one = any(all);
        String other = any(all);
        boolean both = random.nextInt(3) > 0;
        // Mostly shorter than anybody's patience, now and then longer.
        Duration length = random.nextInt(3) == 0 ? between(10_000, 45_000) : between(50, 10_000);
        kernel.note("fault", one + (both ? " <-> " : " -> ") + other + " for " + length);
        network.cut(one, other);
        if (both) {
            network.cut(other, one);
        }
        kernel.after(length, () -> mend(one, other));
    }

    /** The node that runs most, of those that stop instances by themselves. */
    private NodeMachine busiest() {
        return world.nodeMachines().stream()
                .filter(node -> !node.foreign())
                .max(Comparator.comparingInt(node -> node.world().size()))
                .orElseThrow();
    }

    private void isolate(NodeMachine node) {
        if (isolated) {
            // More than one would look like the controllers' own network.
            return;
        }
        isolated = true;
        List<String> ways =
                world.controllerMachines().stream().map(c -> c.machine().name()).toList();
        String name = node.machine().name();
        ways.forEach(controller -> cut(name, controller));
        kernel.after(
                between(125_000, 150_000),
                () -> {
                    isolated = false;
                    ways.forEach(controller -> mend(name, controller));
                });
    }

    private void cut(String one, String other) {
        network.cut(one, other);
        network.cut(other, one);
    }

    private void mend(String one, String other) {
        network.mend(one, other);
        network.mend(other, one);
    }

    private void breakConnection() {
        List<Connection> open = network.connections();
        if (!open.isEmpty()) {
            any(open).lose();
        }
    }

    private Optional<ControllerMachine> leader() {
        return world.controllerMachines().stream()
                .filter(c -> c.shown().filter(Cluster.Shown::leading).isPresent())
                .findFirst();
    }

    private void kill(ControllerMachine controller) {
        controller.kill();
        kernel.after(between(300, 12_000), controller::startIfDown);
    }

    private void restart(ControllerMachine controller) {
        controller.stop();
        kernel.after(
                between(6_000, 12_000),
                () -> {
                    // As a supervisor does whose patience is over.
                    controller.kill();
                    controller.startIfDown();
                });
    }

    private void crashPoint(ControllerMachine controller) {
        SimMachine machine = controller.machine();
        machine.crashAtEffects(
                random.nextDouble() * 0.1,
                () -> {
                    machine.crashAtEffects(0, () -> {});
                    kill(controller);
                });
    }

    private void kill(NodeMachine node) {
        node.kill();
        kernel.after(between(300, 20_000), node::startIfDown);
    }

    private void crashPoint(NodeMachine node) {
        boolean powerToo = random.nextInt(3) == 0;
        SimMachine machine = node.machine();
        machine.crashAtEffects(
                random.nextDouble() * 0.3,
                () -> {
                    machine.crashAtEffects(0, () -> {});
                    if (powerToo) {
                        power(node);
                    } else {
                        kill(node);
                    }
                });
    }

    private void power(NodeMachine node) {
        node.powerOff();
        kernel.after(between(1_000, 60_000), node::powerOn);
    }

    private void pause(SimProcess process) {
        process.pause();
        kernel.note(process.name(), "stands still");
        kernel.after(between(50, 25_000), () -> resume(process));
    }

    private void resume(SimProcess process) {
        if (process.paused()) {
            kernel.note(process.name(), "goes on");
            process.resume();
            network.flush();
        }
    }

    private void jump() {
        SimClock.Wall wall =
                random.nextBoolean() ? controller().machine().wall() : node().machine().wall();
        long most = random.nextBoolean() ? 2_000 : 3_600_000;
        wall.jump(between(-most, most));
    }

    private void fill(SimDisk disk) {
        disk.full(random.nextBoolean() ? 1 : random.nextDouble());
        kernel.after(between(100, 20_000), () -> disk.full(0));
    }

    private void failDriver(NodeMachine node) {
        int times = 1 + random.nextInt(5);
        for (int i = 0; i < times; i++) {
            node.script().fail(any(CALLS), DriverException.passing("a driver's bad moment", null));
        }
    }

    private void down(FakeScript script) {
        script.down(true);
        kernel.after(between(1_000, 20_000), () -> script.down(false));
    }

    private void hang(NodeMachine node) {
        Call call = any(CALLS);
        node.script().takes(call, between(500, 30_000));
        kernel.after(between(1_000, 20_000), () -> node.script().takes(call, usual(call)));
    }

    private void store(Fault fault) {
        SimStore.Faults faults = world.store().faults();
        double share = random.nextInt(4) == 0 ? 1 : random.nextDouble() * 0.5;
        switch (fault) {
            case STORE_DOWN -> faults.unavailable = share;
            case STORE_AMBIGUOUS -> faults.ambiguous = share;
            case STORE_LOST -> faults.lost = share * 0.2;
            default -> faults.slow = between(10, 3_000).toNanos();
        }
        kernel.after(between(200, 8_000), faults::none);
    }

    /** Ends all faults. */
    void heal() {
        kernel.note("fault", "all is healed");
        network.slow(0);
        network.duplicate(0);
        world.store().faults().none();
        for (ControllerMachine controller : world.controllerMachines()) {
            controller.machine().crashAtEffects(0, () -> {});
            controller.process().ifPresent(this::resume);
            controller.startIfDown();
        }
        for (NodeMachine node : world.nodeMachines()) {
            node.machine().crashAtEffects(0, () -> {});
            node.process().ifPresent(this::resume);
            node.disk().full(0);
            node.script().works();
            CALLS.forEach(call -> node.script().takes(call, usual(call)));
            node.powerOn();
            node.startIfDown();
        }
        network.mendAll();
    }
}
