package io.hypervisor.controller.state;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypervisor.network.model.Address;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;

import org.junit.jupiter.api.Test;

import java.math.BigInteger;
import java.util.List;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.TreeSet;

final class HeldAddressesTest {
    private static Address ip(int last) {
        return new Address(false, BigInteger.valueOf((10 << 24) + last));
    }

    @Property(tries = 500)
    void equalsASet(@ForAll @Size(max = 200) List<Byte> changes) {
        HeldAddresses held = HeldAddresses.NONE;
        NavigableSet<Integer> model = new TreeSet<>();
        for (byte change : changes) {
            int last = Math.abs(change % 32);
            if (change < 0) {
                held = held.minus(ip(last));
                model.remove(last);
            } else {
                held = held.plus(ip(last));
                model.add(last);
            }
            assertThat(held.count()).isEqualTo(model.size());
            for (int from = 0; from < 32; from++) {
                assertThat(held.contains(ip(from))).isEqualTo(model.contains(from));
                assertThat(held.nextFree(ip(from), ip(31))).isEqualTo(free(model, from));
            }
            assertThat(held.runs()).isEqualTo(runs(model));
        }
    }

    private static Optional<Address> free(NavigableSet<Integer> model, int from) {
        for (int last = from; last < 32; last++) {
            if (!model.contains(last)) {
                return Optional.of(ip(last));
            }
        }
        return Optional.empty();
    }

    private static int runs(NavigableSet<Integer> model) {
        return (int) model.stream().filter(last -> !model.contains(last - 1)).count();
    }

    @Test
    void aLargeSubnetCostsNoMoreThanASmallOne() {
        HeldAddresses held = HeldAddresses.NONE;
        for (int last = 0; last < 10_000; last++) {
            held = held.plus(ip(last));
        }
        assertThat(held.runs()).isEqualTo(1);
        assertThat(held.nextFree(ip(0), ip((1 << 24) - 1))).contains(ip(10_000));
    }
}
