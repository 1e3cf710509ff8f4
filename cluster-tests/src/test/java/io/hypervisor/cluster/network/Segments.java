package io.hypervisor.cluster.network;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;

/** TCP segments that belong to no connection of the kernel's. */
final class Segments {
    static final int SYN = 0x02;
    static final int ACK = 0x10;

    private static final byte TCP = 6;
    private static final int HEADER = 20;

    private Segments() {}

    /** Sends one from an endpoint to another's port, from port 999. */
    static void send(Endpoint from, Endpoint to, int port, int flags) {
        try {
            Path file = Files.createTempFile("segment", "");
            Files.write(file, segment(from.ip, to.ip, port, flags));
            from.guest.run(
                    "socat", "-u", "OPEN:" + file + ",rdonly", "IP4-SENDTO:" + to.ip + ":" + TCP);
            Files.delete(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] segment(String from, String to, int port, int flags)
            throws UnknownHostException {
        ByteBuffer pseudo = ByteBuffer.allocate(12 + HEADER);
        pseudo.put(InetAddress.ofLiteral(from).getAddress());
        pseudo.put(InetAddress.ofLiteral(to).getAddress());
        pseudo.putShort(TCP).putShort((short) HEADER);
        int start = pseudo.position();
        pseudo.putShort((short) 999).putShort((short) port).putInt(1).putInt(1);
        pseudo.putShort((short) (((HEADER / 4) << 12) | flags)).putShort((short) 1000);
        int checksumAt = pseudo.position();
        pseudo.putShort((short) 0).putShort((short) 0);
        int sum = 0;
        for (int i = 0; i < pseudo.capacity(); i += 2) {
            sum += pseudo.getShort(i) & 0xFFFF;
        }
        sum = (sum & 0xFFFF) + (sum >>> 16);
        sum = (sum & 0xFFFF) + (sum >>> 16);
        pseudo.putShort(checksumAt, (short) ~sum);
        byte[] segment = new byte[HEADER];
        pseudo.get(start, segment);
        return segment;
    }
}
