package io.hypervisor.network.ovs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypervisor.core.VirtualTasks;
import io.hypervisor.network.compiler.Action;
import io.hypervisor.network.compiler.Field;
import io.hypervisor.network.compiler.Flow;
import io.hypervisor.network.model.Address;
import io.hypervisor.network.ovs.Switch.DeviceType;
import io.hypervisor.network.testing.Guest;
import io.hypervisor.network.testing.TestSwitch;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Two real switches with a cable between them. */
@Tag("real")
class TunnelTest {
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final int VNI = 0xABCDEF;

    private final VirtualTasks tasks = new VirtualTasks();
    private final Node left = new Node(1);
    private final Node right = new Node(2);

    /** A node with an end of the cable, a switch and a guest, all of the same number. */
    private final class Node {
        final int number;
        final TestSwitch real = TestSwitch.start();
        final Switch node;

        Node(int number) {
            this.number = number;
            this.node =
                    new Switch(
                            new SwitchConfig(
                                    real.socket(), "br-int", "netdev", vtep(), 4789, Map.of()),
                            tasks,
                            packet -> {},
                            () -> {});
        }

        String vtep() {
            return "192.0.2." + number;
        }

        /** In user space a tunnel leaves by a bridge that has the address. */
        void connect() {
            real.vsctl("add-br", "br-phy", "--", "set", "bridge", "br-phy", "datapath_type=netdev");
            real.vsctl("add-port", "br-phy", "under");
            real.namespace().run("ethtool", "-K", "under", "tx", "off");
            real.namespace().run("ip", "link", "set", "under", "up");
            real.namespace().run("ip", "address", "add", vtep() + "/24", "dev", "br-phy");
            real.namespace().run("ip", "link", "set", "br-phy", "up");
            node.start();
            await().atMost(LONG)
                    .ignoreExceptionsInstanceOf(SwitchException.class)
                    .untilAsserted(() -> node.ensure(Set.of()));
        }

        Guest guest(Node other) {
            Guest guest = real.guest("02:00:00:00:00:0" + number);
            await().atMost(LONG).until(() -> node.state().reachable());
            node.plug(guest.device(), "port-" + number, DeviceType.SYSTEM);
            await().atMost(LONG)
                    .until(
                            () ->
                                    node.state().tunnel() > 0
                                            && node.state().attachments().stream()
                                                    .anyMatch(Attachment::numbered));
            int port = node.state().attachments().getFirst().ofport();
            int tunnel = node.state().tunnel();
            List<Flow> both =
                    List.of(
                            Flows.flow(
                                    10,
                                    List.of(Flows.is(Field.IN_PORT, port)),
                                    Action.set(Field.TUNNEL_ID, VNI),
                                    Action.set(Field.TUNNEL_TARGET, Address.parse(other.vtep())),
                                    new Action.Output(tunnel)),
                            Flows.flow(
                                    10,
                                    List.of(
                                            Flows.is(Field.TUNNEL_ID, VNI),
                                            Flows.is(Field.IN_PORT, tunnel)),
                                    new Action.Output(port)));
            node.apply(new Flows().to(both, List.of()));
            return guest.address("10.0.0." + number + "/24");
        }

        void close() {
            node.close();
            real.close();
        }
    }

    @AfterEach
    void close() {
        left.close();
        right.close();
        tasks.close();
    }

    @Test
    void framesTravelWithTheWholeNumberOfTheirNetwork() {
        String elsewhere = right.real.namespace().name();
        left.real
                .namespace()
                .run(
                        "ip", "link", "add", "under", "type", "veth", "peer", "name", "under",
                        "netns", elsewhere);
        left.connect();
        right.connect();
        Guest one = left.guest(right);
        Guest two = right.guest(left);

        await().atMost(LONG).until(() -> one.pings("10.0.0.2"));
        assertThat(two.pings("10.0.0.1")).isTrue();
        assertThat(left.node.state().tunnelError()).isEmpty();

        // Of another network nothing passes, once the datapath has heard of it.
        right.real.ofctl("del-flows", "br-int", "tun_id=" + VNI);
        right.real.ofctl("add-flow", "br-int", "priority=10,tun_id=" + (VNI ^ 1) + " actions=ALL");
        await().atMost(LONG).until(() -> !one.pings("10.0.0.2"));
    }
}
