package io.hypervisor.agent.driver;

import io.hypervisor.core.Tasks;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/** Whether anybody still wants what is being fetched: until {@code abandoned} completes. */
public record Wanted(CompletableFuture<Void> abandoned, Tasks tasks) {
    private static final Duration LOOK = Duration.ofSeconds(1);
    // So many looks without a new byte, and the transfer counts as broken.
    private static final int STALLED = 30;

    /**
     * Goes on if so.
     *
     * @throws DriverException passing, if not
     */
    public void check() {
        if (abandoned.isDone()) {
            throw DriverException.passing("nobody waits for the image any more", null);
        }
    }

    /** Waits so long, or until nobody wants it. */
    public void pause(Duration length) {
        try {
            tasks.await(abandoned, length);
        } catch (TimeoutException over) {
            return;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw DriverException.passing("the agent stops", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Ends a transfer, until cancelled, that nobody wants or that brings nothing for long: the
     * client of HTTP waits for ever for the next byte.
     *
     * @param reached how far the transfer is
     */
    public Tasks.Timer watch(InputStream in, LongSupplier reached) {
        AtomicLong last = new AtomicLong(-1);
        AtomicLong quiet = new AtomicLong();
        return tasks.every(
                LOOK,
                tasks.concurrent("image-watch"),
                () -> {
                    long now = reached.getAsLong();
                    long looks = last.getAndSet(now) != now ? 0 : quiet.get() + 1;
                    quiet.set(looks);
                    if (looks >= STALLED || abandoned.isDone()) {
                        end(in);
                    }
                });
    }

    private static void end(InputStream in) {
        try {
            in.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
