package io.hypervisor.agent.driver;

import io.hypervisor.agent.driver.ImagePulls.Progress;
import io.hypervisor.agent.driver.ImagePulls.Pull;
import io.hypervisor.agent.driver.ImagePulls.Stage;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.server.Reasons;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** The pulls that are under way: one for each image, however many wait for it. */
public final class SharedPulls {
    private static final Logger log = LoggerFactory.getLogger(SharedPulls.class);
    // More wait for their next try: each holds a few connections and a few hundred KiB.
    private static final int MAX_RUNNING = 16;

    private final Tasks tasks;
    private final Map<String, Running> running = new HashMap<>();

    /** Fetches an image: returns when it is here, or throws a {@link DriverException}. */
    @FunctionalInterface
    public interface Work {
        /**
         * Does it on the calling thread.
         *
         * @param abandoned completes when nobody wants it any more
         */
        void run(CompletableFuture<Void> abandoned, Consumer<Progress> progress);
    }

    public SharedPulls(Tasks tasks) {
        this.tasks = tasks;
    }

    /**
     * Begins to fetch, or joins who does already.
     *
     * @throws DriverException when too many images are being fetched
     */
    public Pull join(String image, Work work) {
        synchronized (running) {
            Running known = running.get(image);
            if (known != null && !known.abandoned.isDone()) {
                known.users++;
                return new Share(known);
            }
            if (running.size() >= MAX_RUNNING) {
                throw DriverException.passing(
                        running.size() + " images are fetched already (expected: fewer)", null);
            }
            Running fresh = new Running(image);
            running.put(image, fresh);
            tasks.concurrent("image-pull").execute(() -> run(fresh, work));
            return new Share(fresh);
        }
    }

    private void run(Running pull, Work work) {
        try {
            work.run(pull.abandoned, progress -> pull.progress = progress);
            finish(pull);
            log.info("image={}: pulled", pull.image);
            pull.done.complete(null);
        } catch (RuntimeException e) {
            finish(pull);
            String why = Reasons.root(e);
            log.info("image={}: not pulled: {} cause=\"{}\"", pull.image, e.getMessage(), why);
            pull.done.completeExceptionally(
                    e instanceof DriverException
                            ? e
                            : DriverException.passing("image " + pull.image + ": " + e, e));
        }
    }

    private void finish(Running pull) {
        synchronized (running) {
            running.remove(pull.image, pull);
        }
    }

    /** A pull and how many wait for it; the number is guarded by the map's lock. */
    private static final class Running {
        private final String image;
        private final CompletableFuture<Void> abandoned = new CompletableFuture<>();
        private final CompletableFuture<Void> done = new CompletableFuture<>();
        private volatile Progress progress = new Progress(Stage.RESOLVING, 0, 0);
        private int users = 1;

        Running(String image) {
            this.image = image;
        }
    }

    private final class Share implements Pull {
        private final Running pull;
        private boolean closed;

        Share(Running pull) {
            this.pull = pull;
        }

        @Override
        public Progress progress() {
            return pull.progress;
        }

        @Override
        public CompletableFuture<Void> done() {
            return pull.done;
        }

        @Override
        public void close() {
            synchronized (running) {
                if (!closed) {
                    closed = true;
                    pull.users--;
                    if (pull.users == 0) {
                        pull.abandoned.complete(null);
                    }
                }
            }
        }
    }
}
