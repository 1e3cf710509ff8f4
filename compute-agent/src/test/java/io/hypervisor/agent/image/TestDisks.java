package io.hypervisor.agent.image;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Random;

/** Small files that look like images of disks. */
final class TestDisks {
    static final long SIZE = 1L << 30;

    private TestDisks() {}

    /** A qcow2 header, followed by noise. */
    static byte[] qcow2(int seed, int length, String backing) {
        return header(seed, length, backing, SIZE, 0, 0);
    }

    static byte[] header(
            int seed, int length, String backing, long size, int crypt, long features) {
        byte[] bytes = raw(seed, length);
        byte[] name = backing.getBytes(StandardCharsets.UTF_8);
        ByteBuffer.wrap(bytes)
                .putInt(0, 0x514649fb)
                .putInt(4, 3)
                .putLong(8, name.length == 0 ? 0 : 512)
                .putInt(16, name.length)
                .putInt(20, 16)
                .putLong(24, size)
                .putInt(32, crypt)
                .putLong(72, features)
                .put(512, name);
        return bytes;
    }

    static byte[] raw(int seed, int length) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }
}
