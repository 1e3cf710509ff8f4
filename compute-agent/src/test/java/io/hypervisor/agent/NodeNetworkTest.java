package io.hypervisor.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypervisor.agent.driver.Nics;
import io.hypervisor.agent.driver.PrivateSwitch;
import io.hypervisor.agent.driver.containerd.ContainerdDaemon;
import io.hypervisor.agent.journal.DataDir;
import io.hypervisor.agent.network.Scenes;
import io.hypervisor.agent.testing.ScriptedController;
import io.hypervisor.api.internal.v1.Assignment;
import io.hypervisor.api.internal.v1.Assignment.Want;
import io.hypervisor.api.internal.v1.NetworkObject;
import io.hypervisor.api.internal.v1.Nic;
import io.hypervisor.api.internal.v1.NodeDelta;
import io.hypervisor.api.internal.v1.NodeDocument;
import io.hypervisor.api.internal.v1.PortState;
import io.hypervisor.api.internal.v1.StopOptions;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.NodeCondition;
import io.hypervisor.api.v1.Port;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.VirtualTasks;
import io.hypervisor.core.config.ConfigLoader;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A whole agent with real containers on a real switch; a controller that does what the test says.
 */
@Tag("real")
class NodeNetworkTest {
    private static final String NODE = "node-n1";
    private static final Pattern SEQUENCE = Pattern.compile("seq=(\\d+) ");

    private static PrivateSwitch openvswitch;
    private static ContainerdDaemon containerd;

    private final Tasks tasks = new VirtualTasks();
    private final ScriptedController controller = new ScriptedController(tasks);
    private final Map<String, Assignment> assignments = new TreeMap<>();
    private final Map<String, NetworkObject> objects = new TreeMap<>();
    private Path folder;
    private Agent agent;
    private long revision = 1;

    @BeforeAll
    static void startDaemons() {
        openvswitch = new PrivateSwitch();
        containerd = new ContainerdDaemon();
    }

    @AfterAll
    static void stopDaemons() {
        containerd.close();
        openvswitch.close();
    }

    @BeforeEach
    void open() {
        folder = containerd.data().resolve(UUID.randomUUID().toString().substring(0, 8));
        for (NetworkObject object : List.of(Scenes.network(), Scenes.subnet(), Scenes.group())) {
            objects.put(object.getKey(), object);
        }
        controller.document(document());
        startAgent();
    }

    @AfterEach
    void close() {
        try {
            nothingIsLeft();
        } finally {
            agent.close();
            controller.close();
            tasks.close();
        }
    }

    private void nothingIsLeft() {
        assignments.replaceAll((id, a) -> a.toBuilder().setWant(Want.WANT_ABSENT).build());
        send(NodeDelta.newBuilder().addAllUpserts(assignments.values()));
        patiently()
                .until(
                        () ->
                                assignments.keySet().stream()
                                        .allMatch(id -> controller.observed().get(id).getGone()));
        patiently().until(() -> devices().isEmpty());
        for (String id : assignments.keySet()) {
            assertThat(Path.of("/run/netns", "hv-" + id)).doesNotExist();
        }
    }

    private static List<String> devices() {
        return openvswitch
                .vsctl("list-ports", openvswitch.bridge())
                .lines()
                .filter(name -> name.startsWith(Nics.DEVICE_PREFIX))
                .toList();
    }

    private void startAgent() {
        AgentConfig config =
                ConfigLoader.load(
                        AgentConfig.class,
                        Optional.empty(),
                        Map.of(),
                        List.of(
                                "--grpc-addr=127.0.0.1:0",
                                "--data-dir=" + folder,
                                "--hostname=n1",
                                "--controllers=[" + controller.address() + "]",
                                "--drivers.container.enabled=true",
                                "--drivers.container.address=" + containerd.socket(),
                                "--network.enabled=true",
                                "--network.ovsdb=" + openvswitch.folder().resolve("db.sock"),
                                "--network.integration-bridge=" + openvswitch.bridge(),
                                "--network.vtep-ip=192.0.2.1"));
        MeterRegistry metrics = new SimpleMeterRegistry();
        agent =
                new Agent(
                        config,
                        DataDir.open(folder),
                        InstanceDrivers.of(config, Clock.system(), tasks, metrics),
                        new AgentCore.Surroundings(Clock.system(), tasks, new Random(1), metrics));
    }

    private static ConditionFactory patiently() {
        return await().atMost(Duration.ofMinutes(1)).pollInterval(Duration.ofMillis(20));
    }

    private NodeDocument document() {
        return NodeDocument.newBuilder()
                .setClusterId(ScriptedController.CLUSTER)
                .setTerm(1)
                .setRevision(revision)
                .addAllAssignments(assignments.values())
                .addAllNetwork(objects.values())
                .build();
    }

    /** Sends a change to the agent, and to whoever connects later. */
    private void send(NodeDelta.Builder delta) {
        long base = revision++;
        controller.document(document());
        controller.send(delta.setTerm(1).setBaseRevision(base).setRevision(revision).build());
    }

    private static String portId(int number) {
        return "0190b6d4-8c1e-7a51-9f3e-0242ac1300%02x".formatted(number);
    }

    private static Nic nic(int number) {
        return Nic.newBuilder()
                .setPortId(portId(number))
                .setMacAddress(Scenes.mac(number))
                .setMtu(1450)
                .addAddresses("10.7.0." + number + "/16")
                .addGateways("10.7.0.1")
                .addDnsServers("10.7.0.1")
                .build();
    }

    private static NetworkObject port(int number, String instanceId) {
        NetworkObject.Builder port =
                Scenes.port(
                        Port.newBuilder()
                                .setId(portId(number))
                                .setInstanceId(instanceId)
                                .setNodeId(NODE))
                        .toBuilder();
        port.getPortBuilder().addHostnames("box-" + number);
        return port.build();
    }

    /** Wants a container with an interface for each number; returns its id. */
    private String run(String script, int... numbers) {
        String id = UUID.randomUUID().toString();
        wire(
                Assignment.newBuilder()
                        .setInstanceId(id)
                        .setEpoch(1)
                        .setRunGeneration(1)
                        .setName("box-" + numbers[0])
                        .setWant(Want.WANT_RUNNING)
                        .setStop(StopOptions.newBuilder().setForce(true))
                        .setType(InstanceType.INSTANCE_TYPE_CONTAINER)
                        .setSpec(
                                InstanceSpec.newBuilder()
                                        .setImage(ContainerdDaemon.IMAGE)
                                        .setMemoryBytes(64 << 20)
                                        .addCommand("sh")
                                        .addArgs("-c")
                                        .addArgs(script))
                        .build(),
                numbers);
        return id;
    }

    private void wire(Assignment assignment, int... numbers) {
        String id = assignment.getInstanceId();
        List<Nic> nics = Arrays.stream(numbers).mapToObj(NodeNetworkTest::nic).toList();
        Assignment wired = assignment.toBuilder().clearNics().addAllNics(nics).build();
        assignments.put(id, wired);
        NodeDelta.Builder delta = NodeDelta.newBuilder().addUpserts(wired);
        for (int number : numbers) {
            NetworkObject port = port(number, id);
            objects.put(port.getKey(), port);
            delta.addNetworkUpserts(port);
        }
        send(delta);
    }

    private void awaitState(String id, InstanceState state) {
        patiently()
                .until(
                        () ->
                                Optional.ofNullable(controller.observed().get(id))
                                        .filter(o -> o.getState() == state)
                                        .isPresent());
    }

    private String output(String id) {
        Path log = folder.resolve("container").resolve(id).resolve("console.log");
        try {
            return Files.exists(log) ? Files.readString(log, StandardCharsets.ISO_8859_1) : "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Optional<PortState> port(int number) {
        return controller.reports().stream()
                .flatMap(report -> report.getPortsList().stream())
                .filter(state -> state.getPortId().equals(portId(number)))
                .reduce((a, b) -> b);
    }

    private void awaitPort(int number, String status) {
        patiently().until(() -> port(number).filter(p -> p.getStatus().equals(status)).isPresent());
    }

    @Test
    void theNodeTellsWhatItsSwitchOffers() {
        patiently()
                .until(() -> controller.reports().stream().anyMatch(r -> r.getNode().hasNetwork()));
        var node =
                controller.reports().stream()
                        .filter(r -> r.getNode().hasNetwork())
                        .findFirst()
                        .orElseThrow()
                        .getNode();
        assertThat(node.getNetwork().getVtepIp()).isEqualTo("192.0.2.1");
        assertThat(node.getNetwork().getVtepPort()).isEqualTo(4789);
        assertThat(node.getConditionsList())
                .filteredOn(c -> c.getType().equals("Switch"))
                .extracting(NodeCondition::getStatus)
                .containsExactly("True");
    }

    @Test
    void aContainersFirstWordPasses() {
        String server = run("cat", 10);
        awaitState(server, InstanceState.INSTANCE_STATE_RUNNING);
        // No second try: the switch must be ready before the container is.
        String client = run("ping -c 1 -W 1 10.7.0.10; echo ended $?; cat", 11);
        patiently().until(() -> output(client).contains("ended"));
        assertThat(output(client)).contains("ended 0");
        awaitPort(11, "ACTIVE");
        assertThat(port(11).orElseThrow().getDeviceName()).isEqualTo(Nics.device(portId(11)));
        patiently()
                .until(
                        () ->
                                controller.reports().stream()
                                        .anyMatch(
                                                r ->
                                                        r.getNetwork().getAppliedRevision()
                                                                == revision));
    }

    @Test
    void aContainerKnowsItsNetwork() {
        String id =
                run(
                        "cat /etc/resolv.conf /etc/hosts; hostname; ip addr show dev eth0; ip"
                                + " route; echo ended; cat",
                        10);
        patiently().until(() -> output(id).contains("ended"));
        assertThat(output(id))
                .contains("nameserver 10.7.0.1", "10.7.0.10 box-10", "\nbox-10\n")
                .contains("mtu 1450", Scenes.mac(10), "inet 10.7.0.10/16")
                .contains("default via 10.7.0.1 dev eth0");
    }

    @Test
    void namesOfInstancesResolve() {
        String server = run("cat", 10);
        awaitState(server, InstanceState.INSTANCE_STATE_RUNNING);
        String client =
                run(
                        "ping -c 1 -W 1 box-10 && ping -c 1 -W 1 box-10.hv.internal; echo ended $?;"
                                + " cat",
                        11);
        patiently().until(() -> output(client).contains("ended"));
        assertThat(output(client)).contains("ended 0");
    }

    @Test
    void largeStreamsPass() {
        String server = run("nc -l -p 5000 | wc -c; echo ended; cat", 10);
        awaitState(server, InstanceState.INSTANCE_STATE_RUNNING);
        run("sleep 1; head -c 3000000 /dev/zero | nc 10.7.0.10 5000; cat", 11);
        patiently().until(() -> output(server).contains("ended"));
        assertThat(output(server)).contains("3000000");
    }

    @Test
    void anAgentThatStartsAgainLosesNoPacket() {
        String server = run("cat", 10);
        awaitState(server, InstanceState.INSTANCE_STATE_RUNNING);
        String client = run("exec ping -i 0.1 10.7.0.10", 11);
        patiently().until(() -> sequence(client).size() > 5);
        agent.close();
        startAgent();
        awaitPort(11, "ACTIVE");
        int now = sequence(client).size();
        patiently().until(() -> sequence(client).size() > now + 10);
        List<Integer> seen = sequence(client);
        assertThat(seen.getLast() - seen.getFirst()).isEqualTo(seen.size() - 1);
    }

    private List<Integer> sequence(String id) {
        List<Integer> numbers = new ArrayList<>();
        Matcher matcher = SEQUENCE.matcher(output(id));
        while (matcher.find()) {
            numbers.add(Integer.parseInt(matcher.group(1)));
        }
        return numbers;
    }

    @Test
    void interfacesComeAndGoWhileAContainerRuns() {
        String server = run("cat", 10);
        String id = run("cat", 11);
        awaitState(server, InstanceState.INSTANCE_STATE_RUNNING);
        awaitPort(11, "ACTIVE");
        wire(assignments.get(id), 11, 12);
        awaitPort(12, "ACTIVE");
        wire(assignments.get(id), 12);
        awaitPort(11, "DOWN");
        assertThat(controller.observed().get(id).getState())
                .isEqualTo(InstanceState.INSTANCE_STATE_RUNNING);
        patiently()
                .untilAsserted(
                        () ->
                                assertThat(devices())
                                        .containsExactlyInAnyOrder(
                                                Nics.device(portId(10)), Nics.device(portId(12))));
    }

    @Test
    void aContainerThatStopsIsSilentAndComesBackTheSame() {
        String id = run("cat", 10);
        awaitPort(10, "ACTIVE");
        Assignment running = assignments.get(id);
        wire(running.toBuilder().setWant(Want.WANT_STOPPED).build(), 10);
        awaitPort(10, "DOWN");
        wire(running.toBuilder().setRunGeneration(2).build(), 10);
        awaitPort(10, "ACTIVE");
        assertThat(output(id)).isNotNull();
    }
}
