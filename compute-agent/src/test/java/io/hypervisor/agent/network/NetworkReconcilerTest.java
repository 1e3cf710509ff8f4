package io.hypervisor.agent.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypervisor.agent.AgentConfig;
import io.hypervisor.agent.driver.Nics;
import io.hypervisor.agent.driver.PrivateSwitch;
import io.hypervisor.agent.journal.Absence;
import io.hypervisor.agent.journal.Disk;
import io.hypervisor.agent.journal.Journal;
import io.hypervisor.agent.reconcile.Contact;
import io.hypervisor.api.internal.v1.NetworkObject;
import io.hypervisor.api.internal.v1.NodeDocument;
import io.hypervisor.api.internal.v1.NodeNetworkState;
import io.hypervisor.api.internal.v1.PortState;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.VirtualTasks;
import io.hypervisor.core.config.ConfigLoader;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Passes over a real Open vSwitch, with namespaces for guests. */
@Tag("real")
class NetworkReconcilerTest {
    private static final String A = "0190b6d4-8c1e-7a51-9f3e-0242ac13000a";
    private static final String B = "0190b6d4-8c1e-7a51-9f3e-0242ac13000b";

    @AutoClose private static PrivateSwitch openvswitch;

    private final Tasks tasks = new VirtualTasks();
    private final List<Cable> cables = new ArrayList<>();
    @TempDir Path folder;
    private Disk disk;
    private Journal journal;
    private Contact contact;
    private PortBoard board;
    private NetworkReconciler reconciler;
    private long revision;

    @BeforeAll
    static void startSwitch() {
        openvswitch = new PrivateSwitch();
    }

    @BeforeEach
    void open() throws IOException {
        disk = Disk.at(folder);
        journal = Journal.open(disk);
        start();
    }

    @AfterEach
    void nothingIsLeft() {
        document();
        patiently().until(() -> board.states().isEmpty());
        assertThat(openvswitch.vsctl("list-ports", openvswitch.bridge())).isEmpty();
        reconciler.close();
        journal.close();
        cables.forEach(Cable::close);
        tasks.close();
    }

    /** An agent begins, over the same journal. */
    private void start() {
        reconciler = start(openvswitch.folder().resolve("db.sock"));
    }

    private NetworkReconciler start(Path ovsdb) {
        contact = new Contact(Clock.system(), new Absence(disk));
        board = new PortBoard(tasks);
        AgentConfig.Network config =
                ConfigLoader.load(
                                AgentConfig.class,
                                Optional.empty(),
                                Map.of(),
                                List.of(
                                        "--network.ovsdb=" + ovsdb,
                                        "--network.integration-bridge=" + openvswitch.bridge()))
                        .network();
        return new NetworkReconciler(
                config,
                Nics.mark(folder),
                new NetworkReconciler.Parts(
                        journal, () -> Scenes.NODE, contact, board, () -> Optional.of(Set.of())),
                tasks,
                new SimpleMeterRegistry());
    }

    private static ConditionFactory patiently() {
        return await().atMost(Duration.ofSeconds(30)).pollInterval(Duration.ofMillis(10));
    }

    /** The controller is in touch and sends these ports. */
    private void document(NetworkObject... ports) {
        NodeDocument.Builder document =
                NodeDocument.newBuilder()
                        .setClusterId("c")
                        .setTerm(1)
                        .setRevision(++revision)
                        .addAllNetwork(Arrays.asList(ports));
        if (ports.length > 0) {
            document.addNetwork(Scenes.network())
                    .addNetwork(Scenes.subnet())
                    .addNetwork(Scenes.group());
        }
        contact.made();
        journal.accept(document.build());
        contact.documentIsCurrent();
    }

    private Cable cable(int number) {
        Cable cable = new Cable(number);
        cables.add(cable);
        return cable;
    }

    private String status(String port) {
        return Optional.ofNullable(board.states().get(port)).map(PortState::getStatus).orElse("");
    }

    private void awaitStatus(String port, String status) {
        patiently().until(() -> status(port).equals(status));
    }

    private static double youngest() {
        return openvswitch.flows().stream()
                .map(flow -> flow.replaceAll(".*duration=([0-9.]+)s.*", "$1"))
                .mapToDouble(Double::parseDouble)
                .min()
                .orElseThrow();
    }

    @Test
    void twoDevicesOfTheNodeReachEachOther() {
        Cable a = cable(10);
        Cable b = cable(11);
        document(Scenes.port(A, a.device()), Scenes.port(B, b.device()));
        awaitStatus(A, "ACTIVE");
        awaitStatus(B, "ACTIVE");
        assertThat(board.node().map(NodeNetworkState::getAppliedRevision)).hasValue(revision);
        assertThat(a.pings("10.7.0.11")).isTrue();
    }

    @Test
    void aDeviceComesAndGoes() {
        document(Scenes.port(A, "hvt-10"));
        awaitStatus(A, "DOWN");
        Cable a = cable(10);
        awaitStatus(A, "ACTIVE");
        a.close();
        awaitStatus(A, "DOWN");
        cable(10);
        awaitStatus(A, "ACTIVE");
    }

    @Test
    void devicesOfContainersThatAreGoneGoToo() {
        String gone = "0190b6d4-8c1e-7a51-9f3e-0242ac140001";
        String here = "0190b6d4-8c1e-7a51-9f3e-0242ac140002";
        mark(cable(10), Nics.mark(folder) + " " + gone + " " + A);
        mark(cable(11), Nics.mark(folder) + " " + here + " " + B);
        mark(cable(12), "hypervisor 0 " + gone + " " + A);
        Devices devices = new Devices(Nics.mark(folder));
        Leftovers leftovers = new Leftovers(devices);
        leftovers.sweep(Set.of(here));
        assertThat(Devices.all()).contains("hvt-10");
        leftovers.forget();
        leftovers.sweep(Set.of(here));
        leftovers.sweep(Set.of(here));
        assertThat(Devices.all()).doesNotContain("hvt-10");
        assertThat(Devices.all()).contains("hvt-11");
        assertThat(Devices.all()).contains("hvt-12");
    }

    private static void mark(Cable cable, String mark) {
        cable.onNode("ip", "link", "set", "dev", cable.device(), "alias", mark);
    }

    @Test
    void theNodesOwnStackStaysSilent() {
        Cable a = cable(10);
        a.onNode("ip", "address", "add", "10.7.0.1/24", "dev", a.device());
        document(Scenes.port(A, a.device()));
        awaitStatus(A, "ACTIVE");
        assertThat(a.pings("10.7.0.1")).isFalse();
    }

    @Test
    void aRestartOfTheAgentChangesNoFlow() {
        Cable a = cable(10);
        document(Scenes.port(A, a.device()));
        awaitStatus(A, "ACTIVE");
        List<String> before = withoutTimes();
        double age = youngest();
        reconciler.close();
        start();
        awaitStatus(A, "ACTIVE");
        assertThat(withoutTimes()).isEqualTo(before);
        assertThat(youngest()).isGreaterThan(age);
    }

    @Test
    void aSwitchThatHasNotAnsweredIsExpectedWhereItsSocketIs() throws IOException {
        patiently().until(() -> reconciler.facts().isPresent());
        reconciler.close();
        Path silent = folder.resolve("silent.sock");
        try (var socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            socket.bind(UnixDomainSocketAddress.of(silent));
            reconciler = start(silent);
            assertThat(reconciler.health()).isPresent();
            assertThat(reconciler.facts()).isEmpty();
            reconciler.close();
        }
        reconciler = start(folder.resolve("none.sock"));
        assertThat(reconciler.health()).isEmpty();
    }

    private static List<String> withoutTimes() {
        return openvswitch.flows().stream()
                .map(
                        flow ->
                                flow.replaceAll(
                                        "(duration|n_packets|n_bytes|idle_age|hard_age)=[^,]*, ",
                                        ""))
                .sorted()
                .toList();
    }

    @Test
    void whatAnAgentFindsItKeepsUntilTheControllerSpeaks() {
        Cable a = cable(10);
        document(Scenes.port(A, a.device()));
        awaitStatus(A, "ACTIVE");
        reconciler.close();
        journal.accept(
                NodeDocument.newBuilder()
                        .setClusterId("c")
                        .setTerm(1)
                        .setRevision(++revision)
                        .build());
        start();
        patiently().until(() -> board.node().isPresent());
        assertThat(openvswitch.vsctl("list-ports", openvswitch.bridge())).isEqualTo(a.device());
        contact.made();
        contact.documentIsCurrent();
        patiently().until(() -> openvswitch.vsctl("list-ports", openvswitch.bridge()).isEmpty());
    }

    @Test
    void aSwitchThatDiesComesBackByItself() {
        Cable a = cable(10);
        Cable b = cable(11);
        document(Scenes.port(A, a.device()), Scenes.port(B, b.device()));
        awaitStatus(A, "ACTIVE");
        awaitStatus(B, "ACTIVE");
        openvswitch.kill("ovs-vswitchd");
        openvswitch.start();
        patiently().until(() -> a.pings("10.7.0.11"));
        openvswitch.kill("ovsdb-server");
        openvswitch.kill("ovs-vswitchd");
        openvswitch.start();
        patiently().until(() -> a.pings("10.7.0.11"));
        awaitStatus(A, "ACTIVE");
    }
}
