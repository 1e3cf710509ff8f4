package io.hypervisor.controller.store;

import com.google.protobuf.ByteString;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/** Checks what every store checks before a commit. */
public final class Limits {
    private static final String KEY = "[a-z_]+/[A-Za-z0-9._:/-]{1,255}";
    private static final int MAX_NAME = 255;

    private Limits() {}

    /** Whether a key is one that a store holds. */
    public static boolean isKey(String key) {
        // Asked for every write of every commit: by hand, a pattern takes ten times as long.
        int slash = key.indexOf('/');
        int name = key.length() - slash - 1;
        if (slash < 1 || name < 1 || name > MAX_NAME) {
            return false;
        }
        for (int i = 0; i < key.length(); i++) {
            char c = key.charAt(i);
            boolean fits = i < slash ? (c >= 'a' && c <= 'z') || c == '_' : isNameCharacter(c);
            if (!fits) {
                return false;
            }
        }
        return true;
    }

    private static boolean isNameCharacter(char c) {
        return (c >= 'a' && c <= 'z')
                || (c >= 'A' && c <= 'Z')
                || (c >= '0' && c <= '9')
                || c == '.'
                || c == '_'
                || c == ':'
                || c == '/'
                || c == '-';
    }

    /** How much a write counts towards {@link Store#MAX_COMMIT_BYTES}. */
    public static int bytes(Store.Write write) {
        return write.key().length() + valueBytes(write);
    }

    private static int valueBytes(Store.Write write) {
        return write.value().map(ByteString::size).orElse(0);
    }

    /**
     * Whether one write fits in a commit of its own.
     *
     * @throws IllegalArgumentException for a key that no store holds
     */
    public static boolean fits(Store.Write write) {
        if (!isKey(write.key())) {
            throw new IllegalArgumentException("key: " + write.key() + " (expected: " + KEY + ")");
        }
        return valueBytes(write) <= Store.MAX_VALUE_BYTES;
    }

    /** Whether so many writes of so many {@link #bytes} together fit in one commit. */
    public static boolean fit(int writes, long bytes) {
        return writes <= Store.MAX_WRITES && bytes <= Store.MAX_COMMIT_BYTES;
    }

    /** Throws IllegalArgumentException for writes that {@link Store#commit} does not allow. */
    public static void check(List<Store.Write> writes) {
        require(!writes.isEmpty(), () -> "writes: 0 (expected: at least 1)");
        Set<String> keys = new HashSet<>();
        boolean fit = true;
        long total = 0;
        for (Store.Write write : writes) {
            fit &= fits(write);
            total += bytes(write);
            keys.add(write.key());
        }
        require(
                keys.size() == writes.size(),
                () -> "a key is written twice (expected: distinct keys)");
        long bytes = total;
        require(
                fit && fit(writes.size(), bytes),
                () ->
                        "writes: %d with %d bytes, the largest %d (expected: <= %d with <= %d, <= %d)"
                                .formatted(
                                        writes.size(),
                                        bytes,
                                        writes.stream().mapToInt(Limits::bytes).max().orElse(0),
                                        Store.MAX_WRITES,
                                        Store.MAX_COMMIT_BYTES,
                                        Store.MAX_VALUE_BYTES));
    }

    private static void require(boolean holds, Supplier<String> message) {
        if (!holds) {
            throw new IllegalArgumentException(message.get());
        }
    }
}
