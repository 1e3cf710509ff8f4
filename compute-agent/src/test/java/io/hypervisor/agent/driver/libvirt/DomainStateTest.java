package io.hypervisor.agent.driver.libvirt;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypervisor.agent.driver.Found;
import io.hypervisor.agent.driver.libvirt.Connection.State;
import io.hypervisor.agent.driver.libvirt.DomainRecord.Phase;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.time.Instant;
import java.util.Map;
import java.util.Optional;

class DomainStateTest {
    private static final int RUNNING = 1;
    private static final Instant NOW = Instant.ofEpochSecond(1_700_000_000);

    private static DomainState state(Phase phase, int state, int reason) {
        return new DomainState(
                new DomainRecord("/vm", 2, 3, true, phase, Optional.empty(), ""),
                new State(state, reason));
    }

    /** Reasons are libvirt's virDomainShutoffReason. */
    @ParameterizedTest
    @CsvSource({
        "NEW,0,NONE",
        "NEW,1,NONE",
        "RUNNING,0,UNKNOWN",
        "RUNNING,1,CLEAN",
        "RUNNING,2,UNKNOWN",
        "RUNNING,3,FAILED",
        "RUNNING,6,FAILED",
        "RUNNING,7,UNKNOWN",
        "RUNNING,8,UNKNOWN",
        "STOPPING,1,STOPPED",
        "STOPPING,2,STOPPED",
        "STOPPING,0,STOPPED",
        // The reason is that of the run before.
        "STARTING,1,UNKNOWN",
        // What is written down stays, whatever libvirt remembers.
        "ENDED_CLEAN,0,CLEAN",
        "ENDED_FAILED,1,FAILED",
        "ENDED_STOPPED,3,STOPPED",
        "ENDED_UNKNOWN,1,UNKNOWN"
    })
    void howARunEnded(Phase phase, int reason, Found.Exit expected) {
        DomainState seen = state(phase, State.SHUTOFF, reason);
        Found found = seen.with(seen.settled(NOW)).found("id");
        assertThat(found.state()).isEqualTo(Found.State.STOPPED);
        assertThat(found.exit()).isEqualTo(expected);
        assertThat(found.exitCode().isPresent()).isEqualTo(expected == Found.Exit.CLEAN);
        assertThat(seen.with(seen.settled(NOW)).isNews()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"RUNNING,ENDED_FAILED", "STARTING,ENDED_FAILED", "STOPPING,STOPPING"})
    void whatItsWatchdogHaltedHasFailed(Phase phase, Phase expected) {
        DomainState hung = state(phase, State.PAUSED, State.REASON_PAUSED_WATCHDOG);
        assertThat(hung.isHung()).isTrue();
        assertThat(hung.settled(NOW).phase()).isEqualTo(expected);
        // Until it is gone.
        assertThat(hung.with(hung.settled(NOW)).isNews()).isTrue();
        assertThat(state(phase, State.PAUSED, 1).isHung()).isFalse();
    }

    @Test
    void whatRunsHasNoEnd() {
        for (Phase phase : Phase.values()) {
            DomainState seen = state(phase, RUNNING, 1);
            boolean known = phase == Phase.RUNNING || phase == Phase.STOPPING;
            assertThat(seen.isNews()).isEqualTo(!known);
            assertThat(seen.settled(NOW).phase()).isEqualTo(known ? phase : Phase.RUNNING);
            assertThat(seen.found("id").state()).isEqualTo(Found.State.RUNNING);
            assertThat(seen.found("id").exit()).isEqualTo(Found.Exit.NONE);
        }
        assertThat(state(Phase.RUNNING, State.PAUSED, 1).found("id").state())
                .isEqualTo(Found.State.PAUSED);
    }

    @Test
    void aStartUnderWayHasNotEnded() {
        DomainState seen = state(Phase.STARTING, State.SHUTOFF, 1).beingChanged();
        assertThat(seen.found("id").exit()).isEqualTo(Found.Exit.NONE);
        assertThat(seen.found("id").runGeneration()).isEqualTo(3);
    }

    @Test
    void memoryIsWhatTheGuestCountsOrWhatItHolds() {
        assertThat(DomainStats.used(Map.of(4, 60L, 5, 100L, 7, 500L, 10, 15L))).isEqualTo(25);
        assertThat(DomainStats.used(Map.of(7, 500L))).isEqualTo(500);
        assertThat(DomainStats.used(Map.of())).isZero();
    }
}
