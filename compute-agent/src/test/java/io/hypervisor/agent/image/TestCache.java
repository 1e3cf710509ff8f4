package io.hypervisor.agent.image;

import io.hypervisor.core.Clock;
import io.hypervisor.core.Tasks;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** Caches with the limits that the configuration has by default. */
public final class TestCache {
    static final ImageCacheConfig CONFIG =
            new ImageCacheConfig(64L << 30, 2L << 40, Duration.ofDays(14));

    private TestCache() {}

    /** The cache of a driver whose instances are in {@code home}. */
    public static ImageCache beside(Path home, Path imageDir, Tasks tasks) {
        return new ImageCache(
                home.resolveSibling("images"),
                List.of(imageDir),
                List.of(home),
                CONFIG,
                Clock.system(),
                tasks);
    }
}
