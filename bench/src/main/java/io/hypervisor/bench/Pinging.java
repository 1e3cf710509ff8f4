package io.hypervisor.bench;

import io.grpc.ManagedChannel;
import io.hypervisor.api.v1.BindPortRequest;
import io.hypervisor.api.v1.ClusterServiceGrpc;
import io.hypervisor.api.v1.CreateNetworkRequest;
import io.hypervisor.api.v1.CreatePortRequest;
import io.hypervisor.api.v1.CreateSubnetRequest;
import io.hypervisor.api.v1.GetPortRequest;
import io.hypervisor.api.v1.ListNodesRequest;
import io.hypervisor.api.v1.ListVTEPsRequest;
import io.hypervisor.api.v1.NetworkServiceGrpc;
import io.hypervisor.api.v1.NetworkServiceGrpc.NetworkServiceBlockingStub;
import io.hypervisor.api.v1.Port;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.bench.Processes.Started;
import io.hypervisor.bench.ResultTable.Baseline;
import io.hypervisor.bench.ResultTable.Promise;
import io.hypervisor.bench.ResultTable.Unit;
import io.hypervisor.core.Clock;
import io.hypervisor.network.testing.Guest;
import io.hypervisor.network.testing.Namespace;
import io.hypervisor.network.testing.TestSwitch;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * From the answer that a port is bound until its guest's first ping is answered by another guest of
 * the node: a namespace with a real agent and an Open vSwitch of its own, in user space, that
 * carries many ports already. Beside it the same with few.
 */
final class Pinging implements Benchmark {
    private static final int FEW = 10;
    private static final String PREFIX = "/20";
    private static final String LINK = "eth9";
    private static final Duration MOST = Duration.ofSeconds(60);

    private final Clock clock = Clock.system();

    /** The node, and the network that all of its ports are in. */
    private record Node(
            TestSwitch vswitch,
            Namespace idle,
            NetworkServiceBlockingStub api,
            String id,
            Subnet subnet) {}

    @Override
    public void run(Setting setting) {
        try (TestSwitch vswitch = TestSwitch.start();
                Namespace idle = Namespace.create()) {
            // The agent's silence comes later: thousands of addresses that come and go meanwhile
            // keep the switch busy for minutes.
            for (Namespace each : List.of(vswitch.namespace(), idle)) {
                each.run("sysctl", "-q", "net.ipv6.conf.default.disable_ipv6=1");
            }
            String host = "10.78." + ProcessHandle.current().pid() % 250 + ".";
            connect(vswitch.namespace(), host);
            Started controller = setting.processes().controllerAt(host + "1");
            Started agent =
                    setting.processes()
                            .agent(
                                    List.of("ip", "netns", "exec", vswitch.namespace().name()),
                                    controller,
                                    "pinging",
                                    "--network.enabled=true",
                                    "--network.ovsdb=" + vswitch.socket(),
                                    "--network.vtep-ip=" + host + "2");
            Processes.await(agent, () -> Clients.readyNodes(controller) == 1);
            ManagedChannel channel = controller.connect();
            try {
                // Its switch may be later than the node.
                Processes.await(agent, () -> hasEndpoint(channel));
                measure(setting, node(vswitch, idle, channel));
            } finally {
                channel.shutdownNow();
            }
        }
    }

    private static boolean hasEndpoint(ManagedChannel channel) {
        return NetworkServiceGrpc.newBlockingStub(channel)
                        .listVTEPs(ListVTEPsRequest.getDefaultInstance())
                        .getVtepsCount()
                > 0;
    }

    /** Between the controller, outside, and the node. Goes with the node's namespace. */
    private static void connect(Namespace node, String host) {
        String link = "hvb" + ProcessHandle.current().pid();
        Namespace.host("ip", "link", "add", link, "type", "veth", "peer", "name", LINK);
        Namespace.host("ip", "link", "set", LINK, "netns", node.name());
        Namespace.host("ip", "address", "add", host + "1/24", "dev", link);
        Namespace.host("ip", "link", "set", link, "up");
        node.run("ip", "address", "add", host + "2/24", "dev", LINK);
        node.run("ip", "link", "set", LINK, "up");
    }

    private static Node node(TestSwitch vswitch, Namespace idle, ManagedChannel channel) {
        String id =
                ClusterServiceGrpc.newBlockingStub(channel)
                        .listNodes(ListNodesRequest.getDefaultInstance())
                        .getNodes(0)
                        .getId();
        NetworkServiceBlockingStub api = NetworkServiceGrpc.newBlockingStub(channel);
        String network =
                api.createNetwork(CreateNetworkRequest.newBuilder().setName("ports").build())
                        .getNetwork()
                        .getId();
        Subnet subnet =
                api.createSubnet(
                                CreateSubnetRequest.newBuilder()
                                        .setName("ports")
                                        .setNetworkId(network)
                                        .setCidr("10.0.0.0" + PREFIX)
                                        .build())
                        .getSubnet();
        return new Node(vswitch, idle, api, id, subnet);
    }

    private void measure(Setting setting, Node node) {
        Port peer = create(node);
        Guest answers = guest(node, peer);
        bind(node, peer, answers.device());
        int pings = setting.size().pings();
        fill(node, 1, FEW);
        // Code that has never run is not what is measured.
        times(node, pings, peer.getIpAddress());
        Latencies few = times(node, pings, peer.getIpAddress());
        fill(node, FEW, setting.size().ports());
        Latencies many = times(node, pings, peer.getIpAddress());
        Latencies bare = plugs(node, pings);
        ResultTable table = setting.table();
        String what =
                "ping: first answer after a port is bound, node with %,d ports, "
                        .formatted(setting.size().ports());
        table.add(
                what + "p95",
                Unit.TIME,
                many.percentile(95),
                new Baseline(FEW + " ports", few.percentile(95)),
                Promise.atMost(250e6));
        table.add(
                what + "p50", Unit.TIME, many.median(), new Baseline(FEW + " ports", few.median()));
        table.add(
                what + "p50, beside the switch alone",
                Unit.TIME,
                many.median(),
                new Baseline("`ovs-vsctl add-port` there", bare.median()));
    }

    /** What the switch takes to plug a device that has nothing to do with us. */
    private Latencies plugs(Node node, int count) {
        Latencies times = new Latencies();
        List<Guest> guests =
                Stream.generate(() -> node.vswitch.guest("02:00:00:00:00:01"))
                        .limit(count)
                        .toList();
        for (Guest guest : guests) {
            settle(node);
            long begun = clock.nanos();
            var _ = node.vswitch.vsctl("add-port", "br-int", guest.device());
            times.record(clock.nanos() - begun);
        }
        return times;
    }

    /** Binds ports to devices that nobody uses, up to a number of them, and waits for all. */
    private static void fill(Node node, int from, int to) {
        StringBuilder devices = new StringBuilder();
        for (int i = from; i < to; i++) {
            devices.append(
                    "link add idle%d type veth peer name eth%d netns %s\nlink set idle%d up\n"
                            .formatted(i, i, node.idle.name(), i));
        }
        try {
            Path batch = node.vswitch.folder().resolve("devices");
            Files.writeString(batch, devices);
            node.vswitch.namespace().run("ip", "-batch", batch.toString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        List<Port> ports = new ArrayList<>();
        for (int i = from; i < to; i++) {
            Port port = create(node);
            bind(node, port, "idle" + i);
            ports.add(port);
        }
        ports.forEach(port -> awaitActive(node, port));
    }

    private static Port create(Node node) {
        return node.api
                .createPort(
                        CreatePortRequest.newBuilder()
                                .setNetworkId(node.subnet.getNetworkId())
                                .setSubnetId(node.subnet.getId())
                                .build())
                .getPort();
    }

    private static void bind(Node node, Port port, String device) {
        var _ =
                node.api.bindPort(
                        BindPortRequest.newBuilder()
                                .setPortId(port.getId())
                                .setNodeId(node.id)
                                .setDeviceName(device)
                                .build());
    }

    /** A guest that is ready to send, and not plugged. */
    private static Guest guest(Node node, Port port) {
        Guest guest = node.vswitch.guest(port.getMacAddress());
        // Its first words of IPv6, all of them to everybody, would be what is timed.
        guest.run("sysctl", "-q", "net.ipv6.conf.all.disable_ipv6=1");
        guest.address(port.getIpAddress() + PREFIX);
        // It asks for its neighbour as often as it pings, not once a second.
        for (String setting : List.of("retrans_time_ms=5", "mcast_solicit=1000000")) {
            guest.run("sysctl", "-q", "net.ipv4.neigh.eth0." + setting);
        }
        return guest;
    }

    private Latencies times(Node node, int pings, String peer) {
        Map<Port, Guest> guests = new LinkedHashMap<>();
        for (int i = 0; i < pings; i++) {
            Port port = create(node);
            guests.put(port, guest(node, port));
        }
        Latencies times = new Latencies();
        guests.forEach(
                (port, guest) -> {
                    settle(node);
                    times.record(time(node, port, guest, peer));
                });
        return times;
    }

    /** The switch looks at all of its ports for each device that comes or changes. */
    private static void settle(Node node) {
        // The tool waits until the switch has done what the database says.
        node.vswitch.vsctl("set", "Open_vSwitch", ".", "external_ids:seen=yes");
    }

    private long time(Node node, Port port, Guest guest, String peer) {
        // Ends with the first answer.
        Process ping =
                guest.start(
                        Path.of("/dev/null"),
                        "ping",
                        "-n",
                        "-i",
                        "0.005",
                        "-c",
                        "1",
                        "-w",
                        "60",
                        peer);
        bind(node, port, guest.device());
        long bound = clock.nanos();
        try {
            if (!ping.waitFor(MOST.toSeconds(), TimeUnit.SECONDS) || ping.exitValue() != 0) {
                throw new IllegalStateException("no answer from " + peer);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
        long took = clock.nanos() - bound;
        awaitActive(node, port);
        return took;
    }

    private static void awaitActive(Node node, Port port) {
        GetPortRequest get = GetPortRequest.newBuilder().setPortId(port.getId()).build();
        long end = System.nanoTime() + 2 * MOST.toNanos();
        while (!node.api.getPort(get).getPort().getStatus().equals("ACTIVE")) {
            if (System.nanoTime() > end) {
                throw new IllegalStateException(node.api.getPort(get).getPort().toString());
            }
            Processes.pause(Duration.ofMillis(5));
        }
    }
}
