package io.hypervisor.agent.driver.containerd;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.ImagePulls;
import io.hypervisor.agent.driver.Locks;
import io.hypervisor.agent.driver.containerd.wire.CreateLeaseRequest;
import io.hypervisor.agent.driver.containerd.wire.DeleteLeaseRequest;
import io.hypervisor.agent.registry.Descriptor;
import io.hypervisor.agent.registry.Reference;
import io.hypervisor.agent.registry.Registries;
import io.hypervisor.core.Clock;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** The pulls that are under way: one for each image, however many wait for it. */
final class Pulls implements ImagePulls {
    private static final Logger log = LoggerFactory.getLogger(Pulls.class);
    // More wait for their next try: each holds a few connections and a few hundred KiB.
    private static final int MAX_RUNNING = 16;
    private static final Duration KEPT = Duration.ofDays(2);

    private final ImagePull.Images images;
    private final Registries registries;
    private final Clock clock;
    private final PullLocks locks = new PullLocks(new Locks(), new Locks());
    private final Map<String, Running> running = new HashMap<>();

    Pulls(ImagePull.Images images, Registries registries, Clock clock) {
        this.images = images;
        this.registries = registries;
        this.clock = clock;
    }

    @Override
    public boolean holds(String image) {
        return images.store().holds(image);
    }

    @Override
    public Pull pull(String image) {
        String name = ImageName.full(image);
        Reference reference = Reference.of(name);
        synchronized (running) {
            Running known = running.get(name);
            if (known != null && !known.abandoned.isDone()) {
                known.users++;
                return new Share(known);
            }
            if (running.size() >= MAX_RUNNING) {
                throw DriverException.passing(
                        running.size() + " images are fetched already (expected: fewer)", null);
            }
            Running fresh = new Running(name);
            running.put(name, fresh);
            images.tasks().concurrent("image-pull").execute(() -> run(fresh, reference));
            return new Share(fresh);
        }
    }

    private void run(Running pull, Reference reference) {
        String lease = "";
        try {
            lease = lease(pull.name);
            pull.work.complete(new ImagePull(pull.name, images, lease, locks, pull.abandoned));
            pull.work.join().run(registries.of(reference));
            release(lease);
            finish(pull);
            log.info("image={}: pulled", pull.name);
            pull.done.complete(null);
        } catch (RuntimeException e) {
            giveUp(lease, e);
            finish(pull);
            log.info("image={}: not pulled: {}", pull.name, e.getMessage(), e.getCause());
            pull.done.completeExceptionally(
                    e instanceof DriverException
                            ? e
                            : DriverException.passing("image " + pull.name + ": " + e, e));
        }
    }

    private void finish(Running pull) {
        synchronized (running) {
            running.remove(pull.name, pull);
        }
    }

    // One for an image and a day, so that a later try finds what an earlier one left; what nobody
    // comes back for goes after at most two days.
    private String lease(String name) {
        String day = clock.now().truncatedTo(ChronoUnit.DAYS).toString().substring(0, 10);
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        String id = "hypervisor-pull-" + day + "-" + Descriptor.sha256(bytes).substring(7, 39);
        String expires = clock.now().plus(KEPT).truncatedTo(ChronoUnit.SECONDS).toString();
        CreateLeaseRequest request =
                CreateLeaseRequest.newBuilder()
                        .setId(id)
                        .putLabels("containerd.io/gc.expire", expires)
                        .build();
        try {
            var _ = images.daemon().leases().create(request);
        } catch (StatusRuntimeException e) {
            if (e.getStatus().getCode() != Status.Code.ALREADY_EXISTS) {
                throw Daemon.failure(e);
            }
        }
        return id;
    }

    // What a later try could go on with stays.
    private void giveUp(String lease, RuntimeException why) {
        if (!lease.isEmpty() && why instanceof DriverException known && known.isPermanent()) {
            try {
                release(lease);
            } catch (DriverException e) {
                log.info("lease={}: expires by itself: {}", lease, e.getMessage());
            }
        }
    }

    private void release(String lease) {
        DeleteLeaseRequest request = DeleteLeaseRequest.newBuilder().setId(lease).build();
        var _ = Daemon.find(() -> images.daemon().leases().delete(request));
    }

    /** A pull and how many wait for it; the number is guarded by the map's lock. */
    private static final class Running {
        private final String name;
        private final CompletableFuture<Void> abandoned = new CompletableFuture<>();
        private final CompletableFuture<Void> done = new CompletableFuture<>();
        private final CompletableFuture<ImagePull> work = new CompletableFuture<>();
        private int users = 1;

        Running(String name) {
            this.name = name;
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
            return pull.work.isDone()
                    ? pull.work.join().progress()
                    : new Progress(Stage.RESOLVING, 0, 0);
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
