package io.hypervisor.network.answer;

import java.nio.ByteBuffer;

/** The payload of an IP packet of UDP. */
record Datagram(int from, int to, ByteBuffer data) {
    private static final int HEADER = 8;

    static Datagram read(IpPacket packet) {
        if (packet.protocol() != IpPacket.UDP) {
            throw new Unreadable("not a datagram");
        }
        ByteBuffer in = packet.payload().duplicate();
        int from = Wire.u16(in);
        int to = Wire.u16(in);
        int length = Wire.u16(in);
        Wire.u16(in);
        return new Datagram(from, to, Wire.take(in, length - HEADER));
    }

    /** Without checksum, which the packet adds. */
    ByteBuffer payload() {
        return ByteBuffer.allocate(HEADER + data.remaining())
                .putShort((short) from)
                .putShort((short) to)
                .putShort((short) (HEADER + data.remaining()))
                .putShort((short) 0)
                .put(data.duplicate())
                .flip();
    }
}
