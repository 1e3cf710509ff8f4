package io.hypervisor.agent.driver.containerd;

import io.hypervisor.agent.driver.Nics;
import io.hypervisor.api.internal.v1.Nic;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What {@code ip -batch} is told so that a network namespace gets the interfaces that it should
 * have: first outside of it, then, in a file, inside. Pure.
 *
 * @param outside lines for the node's own namespace
 * @param inside lines for the container's
 */
record NicPlan(List<String> outside, List<String> inside) {
    private static final String GUEST = "eth";
    // Of two default routes the first interface's counts.
    private static final int FIRST_METRIC = 100;

    /** An interface in the namespace, of this name there. */
    record Link(String name, String mac, List<String> addresses) {}

    /**
     * Where it happens.
     *
     * @param netns name of the namespace
     * @param fresh whether it has to be made
     * @param alias what the ends on the node are marked with, before the port's id
     * @param inside name of the file with the inner lines
     * @param offload whether the switch completes checksums
     */
    record Place(String netns, boolean fresh, String alias, String inside, boolean offload) {}

    /** Leads from these links, which stay where they can, to these interfaces. */
    static NicPlan of(Place place, List<Link> present, List<Nic> nics) {
        NicPlan plan = new NicPlan(new ArrayList<>(), new ArrayList<>());
        plan.begin(place, nics);
        Set<String> names = new HashSet<>();
        for (Link link : present) {
            if (nics.stream().anyMatch(nic -> nic.getMacAddress().equals(link.mac()))) {
                names.add(link.name());
            } else {
                plan.inside.add("link delete dev " + link.name());
            }
        }
        for (int i = 0; i < nics.size(); i++) {
            Nic nic = nics.get(i);
            Optional<Link> known =
                    present.stream().filter(l -> l.mac().equals(nic.getMacAddress())).findFirst();
            Link link =
                    known.orElseGet(() -> new Link(free(names), nic.getMacAddress(), List.of()));
            if (known.isEmpty()) {
                plan.add(place, nic, link.name());
            }
            plan.configure(nic, link, FIRST_METRIC + i);
        }
        plan.outside.add("netns exec " + place.netns() + " ip -batch " + place.inside());
        return plan;
    }

    private static String free(Set<String> names) {
        int number = 0;
        while (!names.add(GUEST + number)) {
            number++;
        }
        return GUEST + number;
    }

    private void begin(Place place, List<Nic> nics) {
        if (place.fresh()) {
            outside.add("netns add " + place.netns());
        }
        // The node tells it its addresses; what routers announce would add others, which may not
        // speak.
        if (nics.stream().anyMatch(n -> n.getAddressesList().stream().anyMatch(Nics::isIpv6))) {
            outside.add(
                    "netns exec "
                            + place.netns()
                            + " sysctl -q -w net.ipv6.conf.default.accept_ra=0");
        }
        // The mark says whose the namespace is when nothing else of the instance is left.
        inside.add("link set dev lo alias \"" + place.alias() + "\" up");
    }

    private void add(Place place, Nic nic, String name) {
        String device = Nics.device(nic);
        String mtu = nic.getMtu() == 0 ? "" : " mtu " + nic.getMtu();
        outside.add(
                "link add dev %s%s type veth peer name %s address %s%s netns %s"
                        .formatted(device, mtu, name, nic.getMacAddress(), mtu, place.netns()));
        outside.add(
                "link set dev %s alias \"%s %s\" up"
                        .formatted(device, place.alias(), nic.getPortId()));
        if (!place.offload()) {
            outside.add("netns exec %s ethtool -K %s tx off".formatted(place.netns(), name));
        }
    }

    private void configure(Nic nic, Link link, int metric) {
        String dev = " dev " + link.name();
        inside.add("link set" + dev + (nic.getMtu() == 0 ? "" : " mtu " + nic.getMtu()) + " up");
        for (String address : link.addresses()) {
            if (!nic.getAddressesList().contains(address)) {
                inside.add("address delete " + address + dev);
            }
        }
        for (String address : nic.getAddressesList()) {
            if (!link.addresses().contains(address)) {
                // The controller has made sure that nobody else has it.
                inside.add("address add " + address + dev + (Nics.isIpv6(address) ? " nodad" : ""));
            }
        }
        for (String gateway : nic.getGatewaysList()) {
            inside.add("route replace default via " + gateway + dev + " onlink metric " + metric);
        }
    }
}
