package io.hypervisor.network.model;

import java.util.HexFormat;
import java.util.regex.Pattern;

/** A MAC address. */
public record Mac(long bits) implements Comparable<Mac> {
    private static final Pattern TEXT = Pattern.compile("([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}");
    private static final HexFormat HEX = HexFormat.of();
    // Locally administered, and none of those that the controller gives to ports.
    private static final long NODE_PREFIX = 0x0A00_0000_0000L;

    /**
     * Who answers for the gateway address of an overlay subnet that no router joins. It is the same
     * everywhere, and nobody else's: the controller generates others.
     */
    public static final Mac GATEWAY = new Mac(0x0EFF_FFFF_FFFFL);

    /** Of six pairs of hexadecimal digits; anything else is an IllegalArgumentException. */
    public static Mac parse(String text) {
        if (!TEXT.matcher(text).matches()) {
            throw new IllegalArgumentException("MAC address: " + text + " (expected: six pairs)");
        }
        return new Mac(HexFormat.fromHexDigitsToLong(text.replace(":", "")));
    }

    /**
     * The address with which a node sends what it has routed into a physical network, where a
     * router's own address would be seen at many places. Forty bits of the node id's hash, so that
     * every node knows those of the others.
     */
    public static Mac ofNode(String nodeId) {
        return new Mac(NODE_PREFIX | Hashes.of64(nodeId) >>> 24);
    }

    @Override
    public int compareTo(Mac other) {
        return Long.compare(bits, other.bits);
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (int shift = 40; shift >= 0; shift -= 8) {
            text.append(shift < 40 ? ":" : "").append(HEX.toHexDigits((byte) (bits >> shift)));
        }
        return text.toString();
    }
}
