package io.hypervisor.agent.driver.containerd;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.ImagePulls;
import io.hypervisor.agent.driver.Locks;
import io.hypervisor.agent.driver.SharedPulls;
import io.hypervisor.agent.driver.containerd.wire.CreateLeaseRequest;
import io.hypervisor.agent.driver.containerd.wire.DeleteLeaseRequest;
import io.hypervisor.agent.registry.Descriptor;
import io.hypervisor.agent.registry.Reference;
import io.hypervisor.agent.registry.Registries;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.core.Clock;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** Brings images from registries, each under a lease of its own. */
final class Pulls implements ImagePulls {
    private static final Logger log = LoggerFactory.getLogger(Pulls.class);
    private static final Duration KEPT = Duration.ofDays(2);

    private final ImagePull.Images images;
    private final Registries registries;
    private final Clock clock;
    private final PullLocks locks = new PullLocks(new Locks(), new Locks());
    private final SharedPulls shared;

    Pulls(ImagePull.Images images, Registries registries, Clock clock) {
        this.images = images;
        this.registries = registries;
        this.clock = clock;
        this.shared = new SharedPulls(images.tasks());
    }

    @Override
    public boolean holds(InstanceSpec spec) {
        return images.store().holds(spec.getImage());
    }

    @Override
    public Pull pull(InstanceSpec spec) {
        String name = ImageName.full(spec.getImage());
        Reference reference = Reference.of(name);
        return shared.join(
                name, (abandoned, progress) -> run(name, reference, abandoned, progress));
    }

    private void run(
            String name,
            Reference reference,
            CompletableFuture<Void> abandoned,
            Consumer<Progress> progress) {
        String lease = lease(name);
        try {
            new ImagePull(name, images, lease, locks, abandoned, progress)
                    .run(registries.of(reference));
            release(lease);
        } catch (RuntimeException e) {
            giveUp(lease, e);
            throw e;
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
        if (why instanceof DriverException known && known.isPermanent()) {
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
}
