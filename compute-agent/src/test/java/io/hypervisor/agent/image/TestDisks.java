package io.hypervisor.agent.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypervisor.agent.driver.DriverException;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
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

    /** A VMware disk of 64 MiB, every grain of which is the same 64 KiB of noise. */
    static byte[] vmdk(String descriptor) {
        byte[] bytes = raw(7, 256 * 512);
        Arrays.fill(bytes, 0, 128 * 512, (byte) 0);
        ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        file.putInt(0, 0x564d444b).putInt(4, 1).putInt(8, 1);
        file.putLong(12, 128 << 10).putLong(20, 128).putLong(28, 1).putLong(36, 20);
        file.putInt(44, 512).putLong(56, 21).putLong(64, 128);
        file.put(73, new byte[] {10, 32, 13, 10});
        file.put(512, descriptor.getBytes(StandardCharsets.ISO_8859_1));
        file.putInt(21 * 512, 22).putInt(21 * 512 + 4, 22);
        for (int entry = 0; entry < 512; entry++) {
            file.putInt(22 * 512 + entry * 4, 128);
        }
        return bytes;
    }

    /** What is read is refused for good, as what has something that no complete file has. */
    static void assertRefused(ThrowingCallable read, String what, String expected) {
        assertThatThrownBy(read)
                .isInstanceOfSatisfying(
                        DriverException.class, e -> assertThat(e.isPermanent()).isTrue())
                .hasMessageContainingAll("has " + what, "expected: one complete " + expected);
    }

    static byte[] raw(int seed, int length) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }
}
