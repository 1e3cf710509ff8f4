package io.hypervisor.core;

import java.util.Locale;
import java.util.UUID;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;

/** Makes and recognises ids: UUIDs of version 7, which sort by creation time. */
public final class Ids {
    private static final Pattern UUID_TEXT =
            Pattern.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");

    private final Clock clock;
    private final RandomGenerator random;

    /** Ids from this clock and this generator, which must be cryptographic outside simulations. */
    public Ids(Clock clock, RandomGenerator random) {
        this.clock = clock;
        this.random = random;
    }

    /** A new id in lower case. */
    public String next() {
        long millis = clock.now().toEpochMilli() & 0xFFFF_FFFF_FFFFL;
        long high = (millis << 16) | 0x7000 | random.nextInt(0x1000);
        long low = (random.nextLong() & 0x3FFF_FFFF_FFFF_FFFFL) | 0x8000_0000_0000_0000L;
        return new UUID(high, low).toString().toLowerCase(Locale.ROOT);
    }

    /** Whether the text is a UUID of any version in its canonical lower-case form. */
    public static boolean isId(String text) {
        return UUID_TEXT.matcher(text).matches();
    }
}
