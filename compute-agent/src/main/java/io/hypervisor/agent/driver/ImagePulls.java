package io.hypervisor.agent.driver;

import io.hypervisor.api.v1.InstanceSpec;

import java.util.concurrent.CompletableFuture;

/**
 * A driver's power to fetch images from elsewhere. That may take as long as the network takes, so
 * nobody holds anything of an instance meanwhile.
 */
public interface ImagePulls {
    /**
     * Whether a spec's image is here, or is none that this node could fetch.
     *
     * @throws DriverException when it is here and not what the spec says of it
     */
    boolean holds(InstanceSpec spec);

    /**
     * Begins to fetch what the spec's image stands for now, or joins who does already.
     *
     * @throws DriverException when the name is none, or too many images are being fetched
     */
    Pull pull(InstanceSpec spec);

    /** One caller's share of a download. */
    interface Pull extends AutoCloseable {
        /** How far it is. */
        Progress progress();

        /** Completes when the image is here; fails with a {@link DriverException}. */
        CompletableFuture<Void> done();

        /** Gives up the share; with the last one the download ends. */
        @Override
        void close();
    }

    /** Where a download stands. */
    record Progress(Stage stage, long current, long total) {}

    /** What is being done, in this order. */
    enum Stage {
        RESOLVING,
        DOWNLOADING,
        UNPACKING
    }
}
