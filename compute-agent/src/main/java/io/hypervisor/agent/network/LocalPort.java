package io.hypervisor.agent.network;

import io.hypervisor.agent.driver.Nics;
import io.hypervisor.agent.journal.Intent;
import io.hypervisor.api.internal.v1.Assignment;
import io.hypervisor.api.internal.v1.Nic;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.network.model.LogicalPort;
import io.hypervisor.network.model.NodeView;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A port that this node carries.
 *
 * @param device the interface on the node, whether it exists or not
 * @param instanceId empty: the device belongs to no instance
 * @param plugged we put the device into the switch; else what runs the instance does
 */
record LocalPort(LogicalPort port, String device, String instanceId, boolean plugged) {
    String id() {
        return port.id();
    }

    /** Those of the view, by id. */
    static List<LocalPort> of(NodeView view, String nodeId, Intent intent) {
        List<LocalPort> ports = new ArrayList<>();
        for (LogicalPort port : view.ports().values()) {
            if (port.nodeId().equals(nodeId) && !port.ofRouter()) {
                ports.add(of(port, intent));
            }
        }
        return ports;
    }

    private static LocalPort of(LogicalPort port, Intent intent) {
        String instanceId = port.source().getPort().getInstanceId();
        Optional<Assignment> want = intent.assignment(instanceId);
        Optional<Nic> nic =
                want.stream()
                        .flatMap(w -> w.getNicsList().stream())
                        .filter(n -> n.getPortId().equals(port.id()))
                        .findFirst();
        String named = port.source().getPort().getDeviceName();
        String device =
                nic.map(Nics::device)
                        .orElseGet(() -> named.isEmpty() ? Nics.device(port.id()) : named);
        // Those of VMs are libvirt's.
        boolean ours =
                want.map(Assignment::getType)
                        .filter(
                                type ->
                                        type == InstanceType.INSTANCE_TYPE_CONTAINER
                                                || type == InstanceType.INSTANCE_TYPE_MICROVM)
                        .isPresent();
        return new LocalPort(port, device, instanceId, instanceId.isEmpty() || ours);
    }
}
