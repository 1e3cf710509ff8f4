package io.hypervisor.network.model;

import java.nio.charset.StandardCharsets;

/** Numbers that stand for texts on every node alike. */
public final class Hashes {
    private Hashes() {}

    /** FNV-1a with a final mix, so that texts that differ at their ends differ in all bits. */
    public static long of64(String text) {
        long hash = 0xcbf2_9ce4_8422_2325L;
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            hash = (hash ^ (b & 0xFF)) * 0x100_0000_01b3L;
        }
        hash = (hash ^ hash >>> 33) * 0xff51_afd7_ed55_8ccdL;
        return hash ^ hash >>> 33;
    }
}
