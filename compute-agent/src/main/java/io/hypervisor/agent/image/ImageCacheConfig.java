package io.hypervisor.agent.image;

import io.hypervisor.core.config.ConfigException;
import io.hypervisor.core.config.Default;

import java.time.Duration;

/**
 * What a node keeps of images that come from elsewhere.
 *
 * @param maxBytes the largest file that is fetched
 * @param maxVirtualBytes the largest disk in a file
 * @param keep how long a file stays that no instance uses
 */
public record ImageCacheConfig(
        @Default("64GiB") long maxBytes,
        @Default("2TiB") long maxVirtualBytes,
        @Default("336h") Duration keep) {

    /** Checks each key. */
    public ImageCacheConfig {
        positive("max_bytes", maxBytes);
        positive("max_virtual_bytes", maxVirtualBytes);
        positive("keep", keep.toNanos());
    }

    private static void positive(String key, long value) {
        if (value <= 0) {
            throw ConfigException.of(key, value, "more than 0");
        }
    }
}
