package io.hypervisor.network.compiler;

import io.hypervisor.network.compiler.Action.Resubmit;
import io.hypervisor.network.model.Address;

import java.util.ArrayList;
import java.util.List;

/**
 * What a port says of neighbours in IPv6 is about itself: its own addresses at its own MAC address.
 * Other packets go on.
 *
 * <pre>
 * table=12, priority=100,icmp6,reg1=0x4,icmpv6_type=136,nd_target=fd00::5,nd_tll=02:68:76:00:00:05
 *     actions=resubmit(,20)
 * </pre>
 */
final class NdSecurity {
    private static final Resubmit ANSWER = new Resubmit(Stage.ANSWER);

    private NdSecurity() {}

    static void write(Flows flows) {
        String serves = "guard against false neighbours";
        flows.in(Stage.ND_SECURITY, 50, serves).icmp6(Icmp6.NEIGHBOUR_SOLICITATION).drop();
        flows.in(Stage.ND_SECURITY, 50, serves).icmp6(Icmp6.NEIGHBOUR_ADVERTISEMENT).drop();
        flows.in(Stage.ND_SECURITY, 0, "").then(ANSWER);
    }

    static void ofPort(Local local, Flows flows) {
        List<Address> own = new ArrayList<>(local.port().addresses());
        own.removeIf(address -> !address.v6());
        own.add(local.port().linkLocal());
        // 0: the option is absent.
        for (long mac : new long[] {local.port().mac().bits(), 0}) {
            flows.in(Stage.ND_SECURITY, 100, local.name())
                    .is(Field.SOURCE, local.ofport())
                    .icmp6(Icmp6.NEIGHBOUR_SOLICITATION)
                    .is(Field.ND_SLL, mac)
                    .then(ANSWER);
            for (Address address : own) {
                flows.in(Stage.ND_SECURITY, 100, local.name())
                        .is(Field.SOURCE, local.ofport())
                        .icmp6(Icmp6.NEIGHBOUR_ADVERTISEMENT)
                        .is(Field.ND_TARGET, address)
                        .is(Field.ND_TLL, mac)
                        .then(ANSWER);
            }
        }
    }
}
