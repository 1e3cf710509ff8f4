package io.hypervisor.agent.network;

import io.hypervisor.agent.driver.Nics;
import io.hypervisor.network.ovs.Attachment;
import io.hypervisor.network.ovs.SwitchState;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Which devices go into the switch and which come out. Pure.
 *
 * @param unplug names of devices
 * @param plug ports, after that
 */
record PortPlan(List<String> unplug, List<LocalPort> plug) {
    /**
     * Compares what is wanted and what is there.
     *
     * @param exists whether the node has a device of that name
     * @param fresh ports whose device was made anew under a name that the switch may know already
     * @param current whether the journal holds what the controller wants now
     */
    static PortPlan of(
            List<LocalPort> ports,
            SwitchState has,
            Predicate<String> exists,
            Set<String> fresh,
            boolean current) {
        Map<String, LocalPort> wanted =
                ports.stream()
                        .collect(
                                Collectors.toMap(
                                        LocalPort::device, Function.identity(), (a, b) -> a));
        List<String> unplug = new ArrayList<>();
        Set<String> stay = new HashSet<>();
        for (Attachment attachment : has.attachments()) {
            Optional<LocalPort> port =
                    Optional.ofNullable(wanted.get(attachment.device()))
                            .filter(p -> p.id().equals(attachment.portId()));
            boolean there = exists.test(attachment.device());
            boolean anew = attachment.plugged() && fresh.contains(attachment.portId());
            // Without its device it is nothing but a name; what libvirt plugged, it takes out too.
            boolean left = attachment.plugged() ? !there : port.isEmpty() && !there;
            boolean unwanted = attachment.plugged() && port.isEmpty() && current;
            if (anew || left || unwanted) {
                unplug.add(attachment.device());
            } else {
                stay.add(attachment.device());
            }
        }
        List<LocalPort> plug =
                wanted.values().stream()
                        .filter(LocalPort::plugged)
                        .filter(port -> Nics.isDevice(port.device()) && exists.test(port.device()))
                        .filter(port -> !stay.contains(port.device()))
                        .sorted(Comparator.comparing(LocalPort::id))
                        .toList();
        return new PortPlan(unplug, plug);
    }
}
