package io.hypervisor.controller.store;

import com.google.protobuf.ByteString;

import java.util.Collection;
import java.util.List;
import java.util.regex.Pattern;

/** Checks what every store checks before a commit. */
public final class Limits {
    private static final Pattern KEY = Pattern.compile("[a-z]+/[A-Za-z0-9._:-]{1,255}");

    private Limits() {}

    /** Whether a key is one that a store holds. */
    public static boolean isKey(String key) {
        return KEY.matcher(key).matches();
    }

    /** How much a write counts towards {@link Store#MAX_COMMIT_BYTES}. */
    public static int bytes(Store.Write write) {
        return write.key().length() + write.value().map(ByteString::size).orElse(0);
    }

    /**
     * Whether these many writes of these sizes fit in one commit.
     *
     * @throws IllegalArgumentException for a key that no store holds
     */
    public static boolean fit(Collection<Store.Write> writes) {
        long total = 0;
        for (Store.Write write : writes) {
            require(isKey(write.key()), "key: " + write.key() + " (expected: " + KEY + ")");
            if (write.value().map(ByteString::size).orElse(0) > Store.MAX_VALUE_BYTES) {
                return false;
            }
            total += bytes(write);
        }
        return writes.size() <= Store.MAX_WRITES && total <= Store.MAX_COMMIT_BYTES;
    }

    /** Throws IllegalArgumentException for writes that {@link Store#commit} does not allow. */
    public static void check(List<Store.Write> writes) {
        require(!writes.isEmpty(), "writes: 0 (expected: at least 1)");
        long keys = writes.stream().map(Store.Write::key).distinct().count();
        require(keys == writes.size(), "a key is written twice (expected: distinct keys)");
        require(
                fit(writes),
                "writes: %d with %d bytes, the largest %d (expected: <= %d with <= %d, <= %d)"
                        .formatted(
                                writes.size(),
                                writes.stream().mapToLong(Limits::bytes).sum(),
                                writes.stream().mapToInt(Limits::bytes).max().orElse(0),
                                Store.MAX_WRITES,
                                Store.MAX_COMMIT_BYTES,
                                Store.MAX_VALUE_BYTES));
    }

    private static void require(boolean holds, String message) {
        if (!holds) {
            throw new IllegalArgumentException(message);
        }
    }
}
