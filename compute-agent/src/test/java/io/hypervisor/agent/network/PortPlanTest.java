package io.hypervisor.agent.network;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypervisor.agent.driver.Nics;
import io.hypervisor.agent.journal.Intent;
import io.hypervisor.api.internal.v1.NetworkObject;
import io.hypervisor.api.internal.v1.PortState;
import io.hypervisor.network.model.NodeView;
import io.hypervisor.network.ovs.Attachment;
import io.hypervisor.network.ovs.SwitchState;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

class PortPlanTest {
    private static final String A = "0190b6d4-8c1e-7a51-9f3e-0242ac13000a";
    private static final String B = "0190b6d4-8c1e-7a51-9f3e-0242ac13000b";
    private static final String DEVICE_A = Nics.device(A);

    private final Map<String, String> failures = new HashMap<>();

    private static NodeView view(NetworkObject... ports) {
        List<NetworkObject> all = new ArrayList<>(Arrays.asList(ports));
        all.add(Scenes.network());
        return NodeView.of(all);
    }

    private static List<LocalPort> ports(NodeView view) {
        return LocalPort.of(view, Scenes.NODE, Intent.NOTHING);
    }

    private static SwitchState has(Attachment... attachments) {
        return new SwitchState(true, 0, "", Map.of(), Map.of(), Map.of(), List.of(attachments));
    }

    private static Attachment attached(String device, String port, boolean plugged) {
        return new Attachment(device, port, 7, 7, plugged, true, "");
    }

    private static PortPlan plan(
            NodeView view,
            SwitchState has,
            Set<String> devices,
            Set<String> fresh,
            boolean current) {
        return PortPlan.of(ports(view), has, devices::contains, fresh, current);
    }

    private PortState state(NodeView view, SwitchState has, Set<String> devices, String... live) {
        return PortStates.of(ports(view), view, has, devices::contains, Set.of(live), failures)
                .get(A);
    }

    @Test
    void aDeviceIsPluggedWhenItExists() {
        NodeView view = view(Scenes.port(A, ""));
        assertThat(plan(view, has(), Set.of(), Set.of(), true).plug()).isEmpty();
        assertThat(plan(view, has(), Set.of(DEVICE_A), Set.of(), true).plug())
                .extracting(LocalPort::device)
                .containsExactly(DEVICE_A);
    }

    @Test
    void whatIsPluggedStays() {
        NodeView view = view(Scenes.port(A, ""));
        SwitchState has = has(attached(DEVICE_A, A, true));
        assertThat(plan(view, has, Set.of(DEVICE_A), Set.of(), true))
                .isEqualTo(new PortPlan(List.of(), List.of()));
    }

    @Test
    void aDeviceThatWasMadeAnewIsPluggedAnew() {
        NodeView view = view(Scenes.port(A, ""));
        SwitchState has = has(attached(DEVICE_A, A, true));
        PortPlan plan = plan(view, has, Set.of(DEVICE_A), Set.of(A), true);
        assertThat(plan.unplug()).containsExactly(DEVICE_A);
        assertThat(plan.plug()).hasSize(1);
    }

    @Test
    void anotherPortOfTheSameDeviceReplacesTheFirst() {
        NodeView view = view(Scenes.port(B, "veth-x"));
        SwitchState has = has(attached("veth-x", A, true));
        PortPlan plan = plan(view, has, Set.of("veth-x"), Set.of(), true);
        assertThat(plan.unplug()).containsExactly("veth-x");
        assertThat(plan.plug()).extracting(LocalPort::id).containsExactly(B);
    }

    @Test
    void whatNobodyWantsIsKeptUntilTheDocumentIsCurrent() {
        SwitchState has = has(attached(DEVICE_A, A, true));
        assertThat(plan(view(), has, Set.of(DEVICE_A), Set.of(), false).unplug()).isEmpty();
        assertThat(plan(view(), has, Set.of(DEVICE_A), Set.of(), true).unplug())
                .containsExactly(DEVICE_A);
    }

    @Test
    void whatLibvirtPluggedIsItsOwnToUnplug() {
        SwitchState has = has(attached(DEVICE_A, A, false));
        assertThat(plan(view(), has, Set.of(DEVICE_A), Set.of(), true).unplug()).isEmpty();
        // Unless nothing is left of it.
        assertThat(plan(view(), has, Set.of(), Set.of(), true).unplug()).containsExactly(DEVICE_A);
        assertThat(plan(view(Scenes.port(A, "")), has, Set.of(), Set.of(), true).unplug())
                .isEmpty();
    }

    @Test
    void aPortOfAVirtualMachineIsPluggedByLibvirt() {
        NodeView view = view(Scenes.portOf(A, "0190b6d4-8c1e-7a51-9f3e-0242ac140001"));
        assertThat(plan(view, has(), Set.of(DEVICE_A), Set.of(), true).plug()).isEmpty();
    }

    @Test
    void portsOfOtherNodesAreNotOurs() {
        assertThat(ports(view(Scenes.port(A, "", "other")))).isEmpty();
    }

    @Test
    void statesTellWhatIsMissing() {
        NodeView view = view(Scenes.port(A, "veth-x"));
        PortState down = state(view, has(), Set.of());
        assertThat(down.getStatus()).isEqualTo("DOWN");
        assertThat(down.getReason()).isEqualTo("the node has no interface veth-x");
        assertThat(down.getDeviceName()).isEqualTo("veth-x");
        assertThat(state(view, has(), Set.of("veth-x")).getStatus()).isEqualTo("BUILD");
        SwitchState has = has(attached("veth-x", A, true));
        assertThat(state(view, has, Set.of("veth-x")).getStatus()).isEqualTo("BUILD");
        assertThat(state(view, has, Set.of("veth-x"), A).getStatus()).isEqualTo("ACTIVE");
    }

    @Test
    void statesTellWhatFailed() {
        NodeView view = view(Scenes.port(A, "veth-x"));
        SwitchState broken = has(new Attachment("veth-x", A, 0, 3, true, false, "no such thing"));
        assertThat(state(view, broken, Set.of("veth-x")).getReason()).isEqualTo("no such thing");
        assertThat(state(view, broken, Set.of()).getStatus()).isEqualTo("DOWN");
        failures.put(A, "is not ours");
        assertThat(state(view, has(), Set.of("veth-x")).getStatus()).isEqualTo("ERROR");
        NodeView odd = view(Scenes.port(A, "../x"));
        assertThat(state(odd, has(), Set.of()).getStatus()).isEqualTo("ERROR");
    }

    @Test
    void aPhysicalNetworkThatTheNodeDoesNotHaveIsAnError() {
        NodeView view = NodeView.of(List.of(Scenes.vlan("dc"), Scenes.port(A, "veth-x")));
        PortState state = state(view, has(), Set.of("veth-x"), A);
        assertThat(state.getStatus()).isEqualTo("ERROR");
        assertThat(state.getReason())
                .isEqualTo("physical network dc is not in the node's bridge_mappings");
    }
}
