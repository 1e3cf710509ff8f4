package io.hypervisor.network.answer;

import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.Mac;

import java.math.BigInteger;
import java.nio.ByteBuffer;

/** Reads and writes the values that packets are made of. */
final class Wire {
    private static final int MAC_BYTES = 6;
    private static final int IPV4_BYTES = 4;
    private static final int IPV6_BYTES = 16;

    private Wire() {}

    /** The next so many bytes. */
    static ByteBuffer take(ByteBuffer in, int length) {
        if (length < 0 || length > in.remaining()) {
            throw new Unreadable("it ends too early");
        }
        ByteBuffer taken = in.slice(in.position(), length);
        in.position(in.position() + length);
        return taken;
    }

    static int u8(ByteBuffer in) {
        return Byte.toUnsignedInt(take(in, 1).get());
    }

    static int u16(ByteBuffer in) {
        return Short.toUnsignedInt(take(in, 2).getShort());
    }

    static int i32(ByteBuffer in) {
        return take(in, 4).getInt();
    }

    static Mac mac(ByteBuffer in) {
        return new Mac(unsigned(take(in, MAC_BYTES)).longValue());
    }

    static Address ipv4(ByteBuffer in) {
        return new Address(false, unsigned(take(in, IPV4_BYTES)));
    }

    static Address ipv6(ByteBuffer in) {
        return new Address(true, unsigned(take(in, IPV6_BYTES)));
    }

    private static BigInteger unsigned(ByteBuffer in) {
        return new BigInteger(1, bytes(in));
    }

    /** All that is left. */
    static byte[] bytes(ByteBuffer in) {
        byte[] bytes = new byte[in.remaining()];
        in.get(bytes);
        return bytes;
    }

    static ByteBuffer put(ByteBuffer out, Mac mac) {
        return out.putShort((short) (mac.bits() >> 32)).putInt((int) mac.bits());
    }

    static ByteBuffer put(ByteBuffer out, Address address) {
        for (int shift = address.width() - Byte.SIZE; shift >= 0; shift -= Byte.SIZE) {
            out.put(address.bits().shiftRight(shift).byteValue());
        }
        return out;
    }

    /** The sum of RFC 1071, not yet folded. */
    static long sum(ByteBuffer data) {
        ByteBuffer in = data.duplicate();
        long sum = 0;
        while (in.remaining() >= 2) {
            sum += Short.toUnsignedInt(in.getShort());
        }
        return in.hasRemaining() ? sum + (Byte.toUnsignedInt(in.get()) << Byte.SIZE) : sum;
    }

    /** The checksum of a sum. */
    static short checksum(long sum) {
        long folded = sum;
        while (folded >> 16 != 0) {
            folded = (folded & 0xFFFF) + (folded >> 16);
        }
        return (short) ~folded;
    }
}
