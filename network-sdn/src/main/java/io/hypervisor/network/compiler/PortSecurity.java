package io.hypervisor.network.compiler;

import io.hypervisor.network.compiler.Action.Resubmit;
import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.Mac;
import io.hypervisor.network.model.Prefix;

/**
 * A port sends from its own MAC and IP addresses only, and neither serves DHCP nor routes for
 * others.
 *
 * <pre>
 * table=10, priority=100,ip,reg1=0x4,dl_src=02:68:76:00:00:05,nw_src=10.0.0.5 actions=resubmit(,20)
 * </pre>
 */
final class PortSecurity {
    private static final String NO_SERVERS = "guard against false DHCP servers and routers";
    private static final Address ANY4 = Prefix.all(false).first();
    private static final Address ANY6 = Prefix.all(true).first();
    private static final Resubmit ANSWER = new Resubmit(Stage.ANSWER);

    private PortSecurity() {}

    static void write(Flows flows) {
        flows.in(Stage.PORT_SECURITY, 200, NO_SERVERS).udp(false, 67, 68).drop();
        flows.in(Stage.PORT_SECURITY, 200, NO_SERVERS).udp(true, 547, 546).drop();
        flows.in(Stage.PORT_SECURITY, 200, NO_SERVERS).icmp6(Icmp6.ROUTER_ADVERTISEMENT).drop();
        flows.in(Stage.PORT_SECURITY, 200, NO_SERVERS).icmp6(Icmp6.REDIRECT).drop();
    }

    /** The port is up. */
    static void ofPort(Local local, Flows flows) {
        new OfPort(local, flows).write();
    }

    private record OfPort(Local local, Flows flows) {
        private static final Resubmit ND_SECURITY = new Resubmit(Stage.ND_SECURITY);

        void write() {
            for (Address address : local.port().addresses()) {
                if (address.v6()) {
                    from(address).then(ND_SECURITY);
                    detectsDuplicate(address);
                } else {
                    from(address).then(ANSWER);
                    arpFor(address);
                }
            }
            // Before it has an address it asks for one, and whether somebody else has it.
            sends().udp(false, 68, 67).is(Field.IP_SRC, ANY4).then(ANSWER);
            arpFor(ANY4);
            from(local.port().linkLocal()).then(ND_SECURITY);
            detectsDuplicate(local.port().linkLocal());
            for (int type : new int[] {Icmp6.ROUTER_SOLICITATION, Icmp6.MLD2_REPORT}) {
                sends().icmp6(type).is(Field.IP6_SRC, ANY6).then(ANSWER);
            }
            if (!local.network().overlay()) {
                // With it a machine that has moved tells physical switches where it is now.
                sends().is(Field.ETH_TYPE, Match.RARP).then(new Resubmit(Stage.SWITCH));
            }
        }

        private Flows.Draft sends() {
            return flows.in(Stage.PORT_SECURITY, 100, local.name())
                    .is(Field.SOURCE, local.ofport())
                    .is(Field.ETH_SRC, mac());
        }

        private Flows.Draft from(Address address) {
            return sends().from(Prefix.of(address));
        }

        private void arpFor(Address address) {
            sends().arp().is(Field.ARP_SHA, mac()).is(Field.ARP_SPA, address).then(ANSWER);
        }

        private void detectsDuplicate(Address address) {
            sends().icmp6(Icmp6.NEIGHBOUR_SOLICITATION)
                    .is(Field.IP6_SRC, ANY6)
                    .is(Field.ND_TARGET, address)
                    .is(Field.ND_SLL, 0)
                    .then(ANSWER);
        }

        private Mac mac() {
            return local.port().mac();
        }
    }
}
