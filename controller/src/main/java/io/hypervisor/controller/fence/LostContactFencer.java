package io.hypervisor.controller.fence;

import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.v1.LostContactPolicy;
import io.hypervisor.api.v1.PlacementPolicy;
import io.hypervisor.controller.feed.Contacts;
import io.hypervisor.controller.state.Snapshot;

import java.time.Duration;

/**
 * Trusts a node to have stopped the instances that asked for it (on_lost_contact STOP) once it has
 * been without contact for long enough.
 *
 * <p>The node counts lost_contact_seconds from the last byte it got from this controller, which
 * cannot be later than the end of its stream as seen from here; then it needs up to the instance's
 * stop timeout. Assumed is that the monotonic clock of the node and ours drift apart by less than
 * one percent, that a suspended node does not resume its guests before its agent has looked at the
 * clock, that an agent which dies is back within the margin and counts on, and that a former leader
 * stopped talking to nodes within the margin after its term ended.
 *
 * <p>Only nodes that had a stream since this process leads are trusted: a foreign agent knows
 * nothing of this rule, and of the others this leader does not know. For these an operator's word
 * is needed.
 */
public final class LostContactFencer implements Fencer {
    // Scheduling, the last steps of a stop, and a former leader's last words.
    private static final Duration MARGIN = Duration.ofSeconds(30);
    private static final int DRIFT_DIVISOR = 100;
    private static final int DEFAULT_LOST_CONTACT_SECONDS = 300;
    private static final int DEFAULT_STOP_SECONDS = 30;

    private final Contacts contacts;

    /** A fencer that counts from the contacts of this leader. */
    public LostContactFencer(Contacts contacts) {
        this.contacts = contacts;
    }

    @Override
    public Verdict judge(Snapshot now, String instanceId) {
        String nodeId = now.placement(instanceId).map(p -> p.value().getNodeId()).orElse("");
        boolean stops =
                now.instance(instanceId)
                        .map(i -> i.value().getPlacement().getOnLostContact())
                        .filter(LostContactPolicy.LOST_CONTACT_POLICY_STOP::equals)
                        .isPresent();
        if (!stops || !contacts.streamed(nodeId)) {
            return new Verdict.MayRun();
        }
        Duration needed = needed(now.instance(instanceId).orElseThrow().value());
        Duration rest = needed.minus(contacts.apart(nodeId));
        return rest.isPositive()
                ? new Verdict.MayRunFor(rest)
                : new Verdict.NotRunning(
                        "its node was out of touch for "
                                + needed.toSeconds()
                                + " s and has stopped it");
    }

    private static Duration needed(InstanceRecord record) {
        PlacementPolicy policy = record.getPlacement();
        int lost = orDefault(policy.getLostContactSeconds(), DEFAULT_LOST_CONTACT_SECONDS);
        int stop = orDefault(record.getStop().getTimeoutSeconds(), DEFAULT_STOP_SECONDS);
        Duration told = Duration.ofSeconds((long) lost + stop);
        return told.plus(told.dividedBy(DRIFT_DIVISOR)).plus(MARGIN);
    }

    private static int orDefault(int value, int ifZero) {
        return value == 0 ? ifZero : value;
    }
}
