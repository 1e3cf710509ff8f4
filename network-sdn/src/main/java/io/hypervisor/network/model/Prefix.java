package io.hypervisor.network.model;

import java.math.BigInteger;
import java.util.Comparator;

/** A range of addresses with a common beginning, "10.0.0.0/24". Host bits are zero. */
public record Prefix(Address first, int length) implements Comparable<Prefix> {
    private static final Comparator<Prefix> ORDER =
            Comparator.comparing(Prefix::first).thenComparingInt(Prefix::length);

    /** Of prefix notation; host bits are cut off. */
    public static Prefix parse(String text) {
        int slash = text.indexOf('/');
        Address address = Address.parse(text.substring(0, slash));
        int length = Integer.parseInt(text.substring(slash + 1));
        if (length < 0 || length > address.width()) {
            throw new IllegalArgumentException(
                    "prefix: " + text + " (expected: length 0 to " + address.width() + ")");
        }
        Prefix uncut = new Prefix(address, length);
        return new Prefix(new Address(address.v6(), address.bits().and(uncut.mask())), length);
    }

    /** The range that holds every address of a family. */
    public static Prefix all(boolean v6) {
        return new Prefix(new Address(v6, BigInteger.ZERO), 0);
    }

    /** The range that holds just one address. */
    public static Prefix of(Address address) {
        return new Prefix(address, address.width());
    }

    public boolean v6() {
        return first.v6();
    }

    /** One bits where addresses of the range are equal. */
    public BigInteger mask() {
        int width = first.width();
        return BigInteger.ONE.shiftLeft(length).subtract(BigInteger.ONE).shiftLeft(width - length);
    }

    public boolean contains(Address address) {
        return address.v6() == v6() && address.bits().and(mask()).equals(first.bits());
    }

    @Override
    public int compareTo(Prefix other) {
        return ORDER.compare(this, other);
    }

    @Override
    public String toString() {
        return first + "/" + length;
    }
}
