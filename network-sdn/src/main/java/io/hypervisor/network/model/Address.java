package io.hypervisor.network.model;

import java.math.BigInteger;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** An IPv4 or IPv6 address. Sorted by family, then by number. */
public record Address(boolean v6, BigInteger bits) implements Comparable<Address> {
    private static final Comparator<Address> ORDER =
            Comparator.comparing(Address::v6).thenComparing(Address::bits);
    private static final int GROUPS = 8;

    /**
     * Of a literal such as "10.0.0.5" or "fd00::5"; anything else is an IllegalArgumentException.
     */
    public static Address parse(String text) {
        byte[] bytes = InetAddress.ofLiteral(text).getAddress();
        return new Address(bytes.length > 4, new BigInteger(1, bytes));
    }

    /** The link-local IPv6 address that an interface makes of its MAC address (EUI-64). */
    public static Address linkLocal(Mac mac) {
        long high = mac.bits() >> 24;
        long low = mac.bits() & 0xFF_FFFF;
        long id = ((high ^ 0x02_0000) << 40) | (0xFF_FEL << 24) | low;
        return new Address(
                true,
                BigInteger.valueOf(0xFE80)
                        .shiftLeft(112)
                        .or(new BigInteger(Long.toUnsignedString(id))));
    }

    /** 32 or 128. */
    public int width() {
        return v6 ? 128 : 32;
    }

    /** The address so many after this one. */
    public Address step(long by) {
        return new Address(v6, bits.add(BigInteger.valueOf(by)));
    }

    @Override
    public int compareTo(Address other) {
        return ORDER.compare(this, other);
    }

    /** As RFC 5952 writes it. */
    @Override
    public String toString() {
        if (!v6) {
            long value = bits.longValue();
            return (value >> 24)
                    + "."
                    + (value >> 16 & 255)
                    + "."
                    + (value >> 8 & 255)
                    + "."
                    + (value & 255);
        }
        List<String> groups = new ArrayList<>();
        int start = 0;
        int longest = 0;
        int run = 0;
        for (int i = 0; i < GROUPS; i++) {
            int group = bits.shiftRight(16 * (GROUPS - 1 - i)).intValue() & 0xFFFF;
            groups.add(Integer.toHexString(group));
            run = group == 0 ? run + 1 : 0;
            if (run > longest) {
                longest = run;
                start = i + 1 - run;
            }
        }
        if (longest < 2) {
            return String.join(":", groups);
        }
        return String.join(":", groups.subList(0, start))
                + "::"
                + String.join(":", groups.subList(start + longest, GROUPS));
    }
}
