package io.hypervisor.controller.state;

import static io.hypervisor.controller.state.Snapshots.GIB;
import static io.hypervisor.controller.state.Snapshots.MIB;
import static io.hypervisor.controller.state.Snapshots.id;
import static io.hypervisor.controller.state.Snapshots.resources;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypervisor.api.v1.Resources;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.concurrent.atomic.AtomicInteger;

/** How many rooms a search looks at does not depend on how many there are. */
final class RoomsTest {
    private static final Resources NEED = resources(1, 512 * MIB, 0);

    @ParameterizedTest
    @ValueSource(ints = {100, 10_000})
    void theFirstRoomLookedAtIsTheBest(int count) {
        Snapshots all = Snapshots.empty();
        for (int i = 0; i < count; i++) {
            // Nine of ten are full.
            int cores = i % 10 == 0 ? 0 : 32;
            all.node(id(i)).health(id(i), h -> h.setReportedAllocated(resources(cores, GIB, 0)));
        }
        for (boolean emptiest : new boolean[] {true, false}) {
            AtomicInteger looked = new AtomicInteger();
            assertThat(
                            all.done()
                                    .rooms()
                                    .best(
                                            NEED,
                                            emptiest,
                                            group -> true,
                                            room -> looked.incrementAndGet() > 0))
                    .isPresent();
            assertThat(looked).hasValue(1);
        }
    }
}
