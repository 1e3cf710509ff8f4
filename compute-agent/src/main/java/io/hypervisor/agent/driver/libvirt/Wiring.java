package io.hypervisor.agent.driver.libvirt;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.guest.GuestSwitch;
import io.hypervisor.api.internal.v1.Nic;

import org.libvirt.Domain;
import org.libvirt.LibvirtException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** Changes the interfaces of a domain: of its definition, and of the guest if it runs. */
final class Wiring {
    private static final Logger log = LoggerFactory.getLogger(Wiring.class);
    // VIR_DOMAIN_AFFECT_LIVE and _CONFIG, and VIR_DOMAIN_XML_INACTIVE.
    private static final int LIVE = 1;
    private static final int STORED = 2;
    private static final int XML_INACTIVE = 2;

    private final Domain domain;
    private final GuestSwitch guestSwitch;
    private final String id;

    Wiring(String id, Domain domain, GuestSwitch guestSwitch) {
        this.id = id;
        this.domain = domain;
        this.guestSwitch = guestSwitch;
    }

    /** Does what is left to do. The definition first, so that no restart goes back. */
    void become(List<Nic> nics) throws LibvirtException {
        change(interfaces(XML_INACTIVE), nics, STORED);
        if (domain.isActive() == 0) {
            return;
        }
        change(interfaces(0), nics, LIVE);
        if (interfaces(0).size() > nics.size()) {
            throw DriverException.passing(
                    "nics: the guest has not let go of an interface yet", null);
        }
    }

    private List<Nic> interfaces(int flags) throws LibvirtException {
        return InterfaceXml.parse(domain.getXMLDesc(flags));
    }

    private void change(List<Nic> present, List<Nic> wanted, int where) throws LibvirtException {
        Set<Nic> stay = known(present, where);
        stay.retainAll(known(wanted, where));
        for (Nic nic : present) {
            if (!stay.contains(known(nic, where))) {
                domain.detachDeviceFlags(xml(nic), where);
                log("unplugged", nic, where);
            }
        }
        for (Nic nic : wanted) {
            if (!stay.contains(known(nic, where))) {
                domain.attachDeviceFlags(xml(nic), where);
                log("plugged", nic, where);
            }
        }
    }

    private String xml(Nic nic) {
        return InterfaceXml.of(nic, guestSwitch).toString();
    }

    private static Set<Nic> known(List<Nic> nics, int where) {
        return nics.stream().map(nic -> known(nic, where)).collect(Collectors.toSet());
    }

    /** A guest takes its MTU at its start: until then the interface stays as it is. */
    private static Nic known(Nic nic, int where) {
        Nic known = InterfaceXml.known(nic);
        return where == LIVE ? known.toBuilder().clearMtu().build() : known;
    }

    private void log(String what, Nic nic, int where) {
        log.info(
                "instance={} port={} live={}: interface {}",
                id,
                nic.getPortId(),
                where == LIVE,
                what);
    }
}
