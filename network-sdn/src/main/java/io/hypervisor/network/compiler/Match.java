package io.hypervisor.network.compiler;

import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.Mac;
import io.hypervisor.network.model.Prefix;

import java.math.BigInteger;
import java.util.Comparator;

/** One condition of a flow: the field's bits under the mask are those of the value. */
public record Match(Field field, BigInteger value, BigInteger mask) implements Comparable<Match> {
    private static final Comparator<Match> ORDER =
            Comparator.comparing(Match::field)
                    .thenComparing(Match::value)
                    .thenComparing(Match::mask);

    static final int ARP = 0x0806;
    static final int RARP = 0x8035;
    static final int IPV4 = 0x0800;
    static final int IPV6 = 0x86DD;
    static final int ICMP = 1;
    static final int TCP = 6;
    static final int UDP = 17;
    static final int ICMP6 = 58;

    static Match of(Field field, long value) {
        return new Match(field, BigInteger.valueOf(value), field.ones());
    }

    static Match of(Field field, Address address) {
        return new Match(field, address.bits(), field.ones());
    }

    static Match of(Field field, Mac mac) {
        return of(field, mac.bits());
    }

    static Match of(Field field, Prefix prefix) {
        return new Match(field, prefix.first().bits(), prefix.mask());
    }

    static Match masked(Field field, long value, long mask) {
        return new Match(field, BigInteger.valueOf(value), BigInteger.valueOf(mask));
    }

    /** All bits of the field count. */
    public boolean exact() {
        return mask.equals(field.ones());
    }

    boolean is(Field other, long number) {
        return field == other && exact() && value.equals(BigInteger.valueOf(number));
    }

    /** Whether a value of the field has the bits. */
    boolean holds(BigInteger other) {
        return other.and(mask).equals(value);
    }

    @Override
    public int compareTo(Match other) {
        return ORDER.compare(this, other);
    }

    String text() {
        return field.show(value, mask);
    }
}
