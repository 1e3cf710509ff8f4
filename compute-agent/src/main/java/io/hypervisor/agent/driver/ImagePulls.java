package io.hypervisor.agent.driver;

import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.core.Tasks;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;

/**
 * A driver's power to fetch images from elsewhere. That may take as long as the network takes, so
 * nobody holds anything of an instance meanwhile.
 */
public interface ImagePulls {
    /**
     * Whether all of a spec's images are here, or none that this node could fetch.
     *
     * @throws DriverException when it is here and not what the spec says of it
     */
    boolean holds(InstanceSpec spec);

    /**
     * Begins to fetch what the spec's first image that is not here stands for now, or joins who
     * does already.
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

        /**
         * Waits for its end, and says whether it came.
         *
         * @throws DriverException when it failed
         */
        default boolean awaitDone(Tasks tasks, Duration atMost) throws InterruptedException {
            try {
                tasks.await(done(), atMost);
                return true;
            } catch (TimeoutException notYet) {
                return false;
            } catch (ExecutionException e) {
                throw e.getCause() instanceof DriverException known
                        ? known
                        : new IllegalStateException(e.getCause());
            }
        }

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
