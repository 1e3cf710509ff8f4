package io.hypervisor.network.compiler;

import static io.hypervisor.network.compiler.CtState.ESTABLISHED;
import static io.hypervisor.network.compiler.CtState.INVALID;
import static io.hypervisor.network.compiler.CtState.NEW;
import static io.hypervisor.network.compiler.CtState.RELATED;
import static io.hypervisor.network.compiler.CtState.REPLY;
import static io.hypervisor.network.compiler.CtState.TRACKED;

import io.hypervisor.network.compiler.Action.Commit;
import io.hypervisor.network.compiler.Action.Resubmit;
import io.hypervisor.network.compiler.Action.Track;

/**
 * Connections around the rules, in each port's own zone. Replies pass without a rule as long as
 * packets of the other direction find one; when they do not, the connection is marked, and its
 * replies end too: so it dies with its rule, and others are not touched.
 *
 * <pre>
 * table=30, priority=50,ip actions=ct(table=31,zone=reg2[0..15])
 * table=31, priority=90,ct_state=+est+rpl+trk,ct_mark=0x0 actions=resubmit(,40)
 * table=31, priority=10,ip,ct_state=+est+trk actions=ct(commit,zone=reg2[0..15],exec(set_field:1-&gt;ct_mark))
 * table=32, priority=100,ip,ct_state=+new+trk
 *     actions=ct(commit,zone=reg2[0..15],exec(set_field:0-&gt;ct_mark)),resubmit(,40)
 * </pre>
 */
final class Tracking {
    private static final String OLD = "connections that exist";
    private static final String BLOCKED = "connections that no rule allows any more";
    private static final int[] UNTRACKED = {
        Icmp6.MLD_QUERY,
        Icmp6.MLD_REPORT,
        Icmp6.MLD_DONE,
        Icmp6.ROUTER_SOLICITATION,
        Icmp6.ROUTER_ADVERTISEMENT,
        Icmp6.NEIGHBOUR_SOLICITATION,
        Icmp6.NEIGHBOUR_ADVERTISEMENT,
        Icmp6.MLD2_REPORT
    };

    private final Direction direction;
    private final Flows flows;
    private final Resubmit next;

    private Tracking(Direction direction, Flows flows) {
        this.direction = direction;
        this.flows = flows;
        this.next = new Resubmit(direction.next);
    }

    static void write(Flows flows) {
        for (Direction direction : Direction.values()) {
            Tracking tracking = new Tracking(direction, flows);
            tracking.track();
            tracking.old();
            tracking.allowed();
        }
        // The answer of a physical DHCP server is no reply to a question to everybody.
        Resubmit deliver = new Resubmit(Stage.DELIVER);
        flows.in(Stage.INGRESS_TRACK, 100, "physical DHCP servers")
                .is(Field.ORIGIN, Origin.PHYSICAL)
                .udp(false, 67, 68)
                .then(deliver);
        flows.in(Stage.INGRESS_TRACK, 100, "physical DHCP servers")
                .is(Field.ORIGIN, Origin.PHYSICAL)
                .udp(true, 547, 546)
                .then(deliver);
    }

    static void ofPort(Local local, Flows flows) {
        // A copy of what it sent to everybody.
        flows.in(Stage.INGRESS_TRACK, 200, local.name())
                .is(Field.SOURCE, local.ofport())
                .is(Field.TARGET, local.ofport())
                .drop();
    }

    private void track() {
        flows.in(direction.track, 0, "").then(next);
        for (int type : UNTRACKED) {
            flows.in(direction.track, 100, "").icmp6(type).then(next);
        }
        for (boolean v6 : new boolean[] {false, true}) {
            flows.in(direction.track, 50, "")
                    .ip(v6)
                    .then(new Track(direction.zone, direction.rules));
        }
    }

    private void old() {
        rule(100, "packets of no connection", INVALID | TRACKED, INVALID | TRACKED).drop();
        int reply = ESTABLISHED | REPLY | TRACKED;
        rule(90, OLD, reply, reply).is(Field.CT_MARK, Commit.OPEN).then(next);
        rule(80, BLOCKED, reply, reply).drop();
        int related = RELATED | TRACKED;
        rule(90, OLD, related, related | NEW).is(Field.CT_MARK, Commit.OPEN).then(next);
        rule(80, BLOCKED, related, related | NEW).drop();
        for (boolean v6 : new boolean[] {false, true}) {
            int forward = ESTABLISHED | TRACKED;
            rule(10, BLOCKED, forward, forward)
                    .ip(v6)
                    .then(new Commit(direction.zone, Commit.BLOCKED));
        }
    }

    private void allowed() {
        flows.in(direction.allowed, 0, "").then(next);
        Commit open = new Commit(direction.zone, Commit.OPEN);
        for (boolean v6 : new boolean[] {false, true}) {
            flows.in(direction.allowed, 100, "")
                    .ip(v6)
                    .is(Match.masked(Field.CT_STATE, NEW | TRACKED, NEW | TRACKED))
                    .then(open, next);
            flows.in(direction.allowed, 100, "")
                    .ip(v6)
                    .is(Match.masked(Field.CT_STATE, ESTABLISHED | TRACKED, ESTABLISHED | TRACKED))
                    .is(Field.CT_MARK, Commit.BLOCKED)
                    .then(open, next);
        }
    }

    private Flows.Draft rule(int priority, String serves, int value, int mask) {
        return flows.in(direction.rules, priority, serves)
                .is(Match.masked(Field.CT_STATE, value, mask));
    }
}
