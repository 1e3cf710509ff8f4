package io.hypervisor.controller.fence;

import static io.hypervisor.controller.testkit.Records.instance;
import static io.hypervisor.controller.testkit.Records.node;
import static io.hypervisor.controller.testkit.Records.placement;
import static io.hypervisor.controller.testkit.Records.put;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypervisor.api.internal.v1.NodeHealth;
import io.hypervisor.api.v1.LostContactPolicy;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.PlacementPolicy;
import io.hypervisor.controller.feed.Contacts;
import io.hypervisor.controller.feed.Touch;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.controller.testkit.ManualClock;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.List;

class FencersTest {
    private final ManualClock clock = new ManualClock();
    private final Contacts contacts = new Contacts(clock);
    private final Touch touch = new Touch(contacts);
    private final Fencer lostContact = new LostContactFencer(contacts);

    private static Snapshot state(LostContactPolicy policy, NodeStatus status, boolean fenced) {
        return Snapshot.empty()
                .with(
                        1,
                        List.of(
                                put(node("n")),
                                Edit.put(
                                        Table.HEALTH,
                                        "n",
                                        NodeHealth.newBuilder()
                                                .setNodeId("n")
                                                .setStatus(status)
                                                .setFenced(fenced)
                                                .build()),
                                put(
                                        instance("a").toBuilder()
                                                .setPlacement(
                                                        PlacementPolicy.newBuilder()
                                                                .setOnLostContact(policy)
                                                                .setLostContactSeconds(100))
                                                .build()),
                                put(placement("a", "n"))));
    }

    private static final Snapshot STOPS =
            state(
                    LostContactPolicy.LOST_CONTACT_POLICY_STOP,
                    NodeStatus.NODE_STATUS_UNREACHABLE,
                    false);

    @Test
    void anOperatorsWordCountsWhileTheNodeIsUnreachable() {
        Fencer operator = new OperatorFencer();
        LostContactPolicy keep = LostContactPolicy.LOST_CONTACT_POLICY_KEEP;

        assertThat(operator.judge(state(keep, NodeStatus.NODE_STATUS_UNREACHABLE, true), "a"))
                .isInstanceOf(Fencer.Verdict.NotRunning.class);
        assertThat(operator.judge(state(keep, NodeStatus.NODE_STATUS_UNREACHABLE, false), "a"))
                .isEqualTo(new Fencer.Verdict.MayRun());
        assertThat(operator.judge(state(keep, NodeStatus.NODE_STATUS_NOT_READY, true), "a"))
                .isEqualTo(new Fencer.Verdict.MayRun());
    }

    @Test
    void trustsANodeToStopAfterItsTimeAndAMarginFromTheEndOfItsStream() {
        touch.open("n");
        clock.advance(Duration.ofMinutes(10));
        touch.end("n");
        // 100 s, 30 s for the guest to stop, one percent of both, 30 s of margin.
        Duration needed = Duration.ofMillis(161_300);

        assertThat(lostContact.judge(STOPS, "a")).isEqualTo(new Fencer.Verdict.MayRunFor(needed));
        clock.advance(needed.minusMillis(1));
        assertThat(lostContact.judge(STOPS, "a"))
                .isEqualTo(new Fencer.Verdict.MayRunFor(Duration.ofMillis(1)));
        clock.advance(Duration.ofMillis(1));
        assertThat(lostContact.judge(STOPS, "a")).isInstanceOf(Fencer.Verdict.NotRunning.class);
    }

    @Test
    void trustsNoNodeThatItDoesNotKnowAndNoStreamThatIsOpen() {
        clock.advance(Duration.ofDays(1));
        assertThat(lostContact.judge(STOPS, "a")).isEqualTo(new Fencer.Verdict.MayRun());

        contacts.heartbeat("n", true);
        clock.advance(Duration.ofDays(1));
        assertThat(lostContact.judge(STOPS, "a")).isEqualTo(new Fencer.Verdict.MayRun());

        touch.open("n");
        clock.advance(Duration.ofDays(1));
        assertThat(lostContact.judge(STOPS, "a")).isInstanceOf(Fencer.Verdict.MayRunFor.class);
    }

    @Test
    void anInstanceThatKeepsRunningIsNeverTrustedToStop() {
        touch.open("n");
        touch.end("n");
        clock.advance(Duration.ofDays(1));
        Snapshot keeps =
                state(
                        LostContactPolicy.LOST_CONTACT_POLICY_KEEP,
                        NodeStatus.NODE_STATUS_UNREACHABLE,
                        false);

        assertThat(lostContact.judge(keeps, "a")).isEqualTo(new Fencer.Verdict.MayRun());
    }
}
