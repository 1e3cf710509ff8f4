package io.hypervisor.agent.network;

import io.hypervisor.agent.driver.Nics;
import io.hypervisor.api.internal.v1.PortState;
import io.hypervisor.network.model.LogicalNetwork;
import io.hypervisor.network.model.NodeView;
import io.hypervisor.network.ovs.Attachment;
import io.hypervisor.network.ovs.SwitchState;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** What to say of ports. Pure. */
final class PortStates {
    private final NodeView view;
    private final SwitchState has;
    private final Map<String, Attachment> attachments;
    private final Predicate<String> exists;
    private final Set<String> live;
    private final Map<String, String> failures;

    private PortStates(
            NodeView view,
            SwitchState has,
            Predicate<String> exists,
            Set<String> live,
            Map<String, String> failures) {
        this.view = view;
        this.has = has;
        this.attachments =
                has.attachments().stream()
                        .collect(Collectors.toMap(Attachment::device, Function.identity()));
        this.exists = exists;
        this.live = live;
        this.failures = failures;
    }

    /**
     * By port id.
     *
     * @param exists whether the node has a device of that name
     * @param live ports whose flows are applied
     * @param failures why ports could not be plugged
     */
    static Map<String, PortState> of(
            List<LocalPort> ports,
            NodeView view,
            SwitchState has,
            Predicate<String> exists,
            Set<String> live,
            Map<String, String> failures) {
        PortStates states = new PortStates(view, has, exists, live, failures);
        return ports.stream()
                .collect(Collectors.toMap(LocalPort::id, states::of, (a, b) -> a, TreeMap::new));
    }

    private PortState of(LocalPort port) {
        Optional<String> problem = problem(port);
        if (problem.isPresent()) {
            return state(port, "ERROR", problem.get());
        }
        Optional<Attachment> attachment =
                Optional.ofNullable(attachments.get(port.device()))
                        .filter(a -> a.portId().equals(port.id()));
        if (!exists.test(port.device())) {
            return state(port, "DOWN", absent(port));
        }
        if (live.contains(port.id())) {
            return state(port, "ACTIVE", "");
        }
        String error = attachment.map(Attachment::error).orElse("");
        return error.isEmpty()
                ? state(port, "BUILD", "its flows are not live yet")
                : state(port, "ERROR", error);
    }

    private static String absent(LocalPort port) {
        return port.instanceId().isEmpty()
                ? "the node has no interface " + port.device()
                : "its instance does not run";
    }

    private Optional<String> problem(LocalPort port) {
        if (!Nics.isDevice(port.device())) {
            return Optional.of("device_name: not the name of an interface");
        }
        LogicalNetwork network = view.networks().get(port.port().networkId());
        if (!network.overlay() && !has.patches().containsKey(network.physicalNetwork())) {
            return Optional.of(
                    has.patchErrors()
                            .getOrDefault(
                                    network.physicalNetwork(),
                                    "physical network "
                                            + network.physicalNetwork()
                                            + " is not in the node's bridge_mappings"));
        }
        return Optional.ofNullable(failures.get(port.id()));
    }

    private static PortState state(LocalPort port, String status, String reason) {
        return PortState.newBuilder()
                .setPortId(port.id())
                .setStatus(status)
                .setReason(reason)
                .setDeviceName(port.device())
                .build();
    }
}
