package io.hypervisor.sim;

import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;

import io.grpc.Channel;
import io.hypervisor.controller.store.Store;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.server.HostPort;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystem;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/** All machines of one simulation. */
final class World implements Cluster, AutoCloseable {
    private static final Connection.Patience CLIENT =
            new Connection.Patience(
                    Duration.ofSeconds(10), Duration.ofSeconds(5), Duration.ofSeconds(5));
    // Quartz is off by a few seconds a day; these are worse.
    private static final double WORST_DRIFT = 2e-4;

    private final FileSystem files = Jimfs.newFileSystem(Configuration.unix());
    private final Kernel kernel;
    private final Network network;
    private final SimStore store;
    private final SimProcess clients;
    private final List<ControllerMachine> controllers = new ArrayList<>();
    private final List<NodeMachine> nodes = new ArrayList<>();
    private final Map<String, SimChannel> channels = new HashMap<>();

    /** Nodes with the production agent, and after them foreign ones. */
    World(Kernel kernel, int controllerCount, int ownCount, int foreignCount) {
        this.kernel = kernel;
        this.network = new Network(kernel);
        RandomGenerator random = kernel.generator();
        this.store = new SimStore(network, machine(SimStore.NAME, "10.0.3.1", 1));
        this.clients = machine("clients", "10.0.2.1", 1).process();
        for (int i = 0; i < controllerCount; i++) {
            SimMachine machine = machine("c" + i, "10.0.0." + (i + 1), drift(random));
            controllers.add(new ControllerMachine(i, network, store, machine));
        }
        List<HostPort> addresses = controllers.stream().map(ControllerMachine::address).toList();
        Path consoles = files.getPath("/consoles");
        for (int i = 0; i < ownCount + foreignCount; i++) {
            boolean own = i < ownCount;
            SimMachine machine = machine((own ? "n" : "f") + i, "10.0.1." + (i + 1), drift(random));
            SimDisk disk = new SimDisk(kernel);
            List<HostPort> order = rotated(addresses, i);
            NodeProgram program =
                    own
                            ? new OwnProgram(network, disk, order)
                            : new ForeignProgram(network, order, random.nextBoolean());
            nodes.add(new NodeMachine(i, machine, disk, program, consoles));
        }
    }

    private static List<HostPort> rotated(List<HostPort> all, int by) {
        return IntStream.range(0, all.size())
                .mapToObj(i -> all.get((i + by) % all.size()))
                .toList();
    }

    private static double drift(RandomGenerator random) {
        return 1 + (2 * random.nextDouble() - 1) * WORST_DRIFT;
    }

    private SimMachine machine(String name, String ip, double rate) {
        SimMachine machine = new SimMachine(kernel, name, ip, rate);
        network.add(machine);
        return machine;
    }

    /** Starts all processes. */
    void start() {
        controllers.forEach(ControllerMachine::start);
        nodes.forEach(NodeMachine::start);
    }

    Kernel kernel() {
        return kernel;
    }

    Network network() {
        return network;
    }

    SimStore store() {
        return store;
    }

    List<ControllerMachine> controllerMachines() {
        return controllers;
    }

    List<NodeMachine> nodeMachines() {
        return nodes;
    }

    @Override
    public Clock clock() {
        return clients.clock();
    }

    @Override
    public List<ControllerHost> controllers() {
        return List.copyOf(controllers);
    }

    @Override
    public List<NodeHost> nodes() {
        return List.copyOf(nodes);
    }

    @Override
    public long revision() {
        return store.revision();
    }

    @Override
    public Store.Loaded content() {
        return store.content();
    }

    @Override
    public List<Committed> committedAfter(long revision) {
        return store.after(revision);
    }

    @Override
    public Channel channel(int client, int controller) {
        HostPort address = controllers.get(controller).address();
        return channels.computeIfAbsent(
                client + ">" + controller,
                name -> new SimChannel(network, clients, address, CLIENT));
    }

    @Override
    public Tasks clients() {
        return clients.tasks();
    }

    @Override
    public void close() {
        controllers.forEach(c -> c.process().ifPresent(SimProcess::kill));
        nodes.forEach(NodeMachine::kill);
        clients.kill();
        store.process().kill();
        try {
            files.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
