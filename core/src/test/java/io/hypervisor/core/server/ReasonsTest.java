package io.hypervisor.core.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.net.ConnectException;

class ReasonsTest {
    @Test
    void aConnectionThatFailsSaysWhy() {
        Throwable refused =
                new IOException("finishConnect(..) failed", new ConnectException("refused"));
        Status status = Status.UNAVAILABLE.withDescription("io exception");
        assertThat(Reasons.of(status.withCause(refused))).isEqualTo("refused");
        assertThat(Reasons.of(status)).isEqualTo("io exception");
        assertThat(Reasons.of(Status.UNAVAILABLE.withDescription("no leader").withCause(refused)))
                .isEqualTo("no leader");
    }

    @Test
    void aCauseWithoutWordsIsNamed() {
        assertThat(Reasons.root(new IOException())).isEqualTo("java.io.IOException");
    }
}
