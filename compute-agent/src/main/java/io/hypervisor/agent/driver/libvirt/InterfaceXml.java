package io.hypervisor.agent.driver.libvirt;

import io.hypervisor.agent.driver.Nics;
import io.hypervisor.agent.driver.guest.GuestSwitch;
import io.hypervisor.api.internal.v1.Nic;

import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Network interfaces as libvirt's XML, and back. Pure. */
final class InterfaceXml {
    private InterfaceXml() {}

    /**
     * An interface of a domain. libvirt hands it to Open vSwitch with the port's id, by which the
     * switch's flows know it; there is no network of libvirt's and so none of its DHCP.
     */
    static Xml of(Nic nic, GuestSwitch to) {
        return Xml.of(
                        "interface",
                        Map.of("type", "bridge"),
                        Xml.of("mac", Map.of("address", nic.getMacAddress())),
                        Xml.of("source", Map.of("bridge", to.bridge())),
                        Xml.of(
                                "virtualport",
                                Map.of("type", "openvswitch"),
                                Xml.of("parameters", Map.of("interfaceid", nic.getPortId()))),
                        Xml.of("target", Map.of("dev", Nics.device(nic))),
                        Xml.of("model", Map.of("type", "virtio")))
                .with(driver(to))
                .with(
                        nic.getMtu() == 0
                                ? Optional.empty()
                                : Optional.of(
                                        Xml.of(
                                                "mtu",
                                                Map.of("size", Integer.toString(nic.getMtu())))));
    }

    private static Optional<Xml> driver(GuestSwitch to) {
        if (to.offload()) {
            return Optional.empty();
        }
        Map<String, String> segments = Map.of("csum", "off", "tso4", "off", "tso6", "off");
        return Optional.of(
                Xml.of(
                        "driver",
                        Map.of("name", "qemu"),
                        Xml.of("host", segments),
                        Xml.of("guest", segments)));
    }

    /** The interfaces of a domain that Open vSwitch knows by a port; others are not ours. */
    static List<Nic> parse(String domain) {
        List<Nic> found = new ArrayList<>();
        NodeList interfaces = Xml.parse(domain).getElementsByTagName("interface");
        for (int i = 0; i < interfaces.getLength(); i++) {
            Element element = (Element) interfaces.item(i);
            String port = attribute(element, "parameters", "interfaceid");
            if (!port.isEmpty()) {
                String mtu = attribute(element, "mtu", "size");
                found.add(
                        Nic.newBuilder()
                                .setPortId(port)
                                .setMacAddress(attribute(element, "mac", "address"))
                                .setDeviceName(attribute(element, "target", "dev"))
                                .setMtu(mtu.isEmpty() ? 0 : Integer.parseInt(mtu))
                                .build());
            }
        }
        return found;
    }

    private static String attribute(Element parent, String child, String name) {
        NodeList children = parent.getElementsByTagName(child);
        return children.getLength() == 0 ? "" : ((Element) children.item(0)).getAttribute(name);
    }

    /** What of an interface a domain knows; the rest is between the guest and the network. */
    static Nic known(Nic nic) {
        return Nic.newBuilder()
                .setPortId(nic.getPortId())
                .setMacAddress(nic.getMacAddress())
                .setDeviceName(Nics.device(nic))
                .setMtu(nic.getMtu())
                .build();
    }
}
