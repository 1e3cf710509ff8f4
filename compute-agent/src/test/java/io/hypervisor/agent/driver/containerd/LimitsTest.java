package io.hypervisor.agent.driver.containerd;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonParser;

import org.junit.jupiter.api.Test;

class LimitsTest {
    private static final Limits HAS =
            limits("{cpu: {quota: 100000}, memory: {limit: 1000}, pids: {limit: 10}}");

    private static Limits limits(String json) {
        return new Limits(JsonParser.parseString(json).getAsJsonObject());
    }

    @Test
    void whatTheRuntimeCanChangeIsChanged() {
        Limits wanted = limits("{cpu: {quota: 1}, memory: {limit: 2000}, pids: {limit: 3}}");
        assertThat(HAS.next(wanted, 900)).isEqualTo(wanted);
        assertThat(HAS.differences(wanted))
                .containsExactly("spec.cpu_cores", "spec.limits.pids_limit", "spec.memory_bytes");
        assertThat(wanted.differences(wanted)).isEmpty();
    }

    @Test
    void memoryInUseIsNotTaken() {
        Limits wanted = limits("{cpu: {quota: 1}, memory: {limit: 500}, pids: {limit: 10}}");
        assertThat(HAS.next(wanted, 500)).isEqualTo(wanted);
        Limits next = HAS.next(wanted, 501);
        assertThat(next)
                .isEqualTo(limits("{cpu: {quota: 1}, memory: {limit: 1000}, pids: {limit: 10}}"));
        assertThat(next.differences(wanted)).containsExactly("spec.memory_bytes");
    }

    @Test
    void aLimitOfMemoryIsNotTakenAway() {
        Limits wanted = limits("{cpu: {quota: 100000}, memory: {}, pids: {limit: 10}}");
        assertThat(HAS.next(wanted, 0)).isEqualTo(HAS);
        assertThat(HAS.differences(wanted)).containsExactly("spec.memory_bytes");
    }

    @Test
    void theSpeedOfDisksStays() {
        Limits slow = limits("{cpu: {quota: 100000}, blockIO: {throttleReadBpsDevice: []}}");
        Limits fast = limits("{cpu: {quota: 100000}}");
        assertThat(fast.next(slow, 0)).isEqualTo(fast);
        assertThat(slow.next(fast, 0)).isEqualTo(slow);
        assertThat(slow.differences(fast)).containsExactly("spec.limits.io_read_bps");
        assertThat(limits("{blockIO: {throttleWriteBpsDevice: []}}").differences(limits("{}")))
                .containsExactly("spec.limits.io_write_bps");
    }
}
