package io.hypervisor.agent.door;

import io.grpc.Context;
import io.grpc.stub.ServerCallStreamObserver;
import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.ImagePulls;
import io.hypervisor.agent.driver.ImagePulls.Progress;
import io.hypervisor.agent.driver.InstanceDriver;
import io.hypervisor.api.v1.AgentPullImageRequest;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.PullImageProgress;
import io.hypervisor.core.Fault;
import io.hypervisor.core.Tasks;

import java.time.Duration;
import java.util.Locale;
import java.util.Optional;

/** One caller who has the node fetch an image. */
final class PullCall {
    // How often progress is told, and how late a caller's leaving may be noticed.
    private static final Duration LOOK = Duration.ofMillis(200);

    private final InstanceDriver driver;
    private final InstanceSpec spec;
    private final Runnable fetched;
    private final Tasks tasks;
    private final ServerCallStreamObserver<PullImageProgress> out;
    private PullImageProgress told = PullImageProgress.getDefaultInstance();

    /** Calls {@code fetched} when the image is here, before the caller is told. */
    PullCall(
            InstanceDriver driver,
            AgentPullImageRequest request,
            Runnable fetched,
            Tasks tasks,
            ServerCallStreamObserver<PullImageProgress> out) {
        this.driver = driver;
        this.spec = spec(request);
        this.fetched = fetched;
        this.tasks = tasks;
        this.out = out;
    }

    private static InstanceSpec spec(AgentPullImageRequest request) {
        InstanceSpec.Builder spec = InstanceSpec.newBuilder().setImage(request.getImageRef());
        return request.hasSource()
                ? spec.setImageSource(request.getSource()).build()
                : spec.build();
    }

    /** Returns when the image is here or cannot be fetched, or when the caller has left. */
    void run() {
        try {
            Optional<ImagePulls> pulls = driver.imagePulls();
            boolean fetches =
                    spec.hasImageSource() || driver.type() == InstanceType.INSTANCE_TYPE_CONTAINER;
            if (pulls.isEmpty() || !fetches) {
                requireListed();
            } else if (!pulls.get().holds(spec)) {
                pull(pulls.get());
                fetched.run();
            }
            last(told.toBuilder().setStatus("completed").setCompleted(true));
        } catch (DriverException e) {
            last(told.toBuilder().setStatus("failed").setError(e.getMessage()));
        }
    }

    private void requireListed() {
        String image = spec.getImage();
        boolean listed =
                driver.images().stream()
                        .anyMatch(
                                i -> i.getName().equals(image) || i.getTagsList().contains(image));
        if (!listed) {
            throw DriverException.permanent(
                    "the node does not hold "
                            + image
                            + " and is not told where to fetch it (expected: an image of the"
                            + " catalogue, or one that the node holds)");
        }
    }

    private void pull(ImagePulls pulls) {
        try (ImagePulls.Pull pull = pulls.pull(spec)) {
            while (!isOver(pull)) {
                tell(pull.progress());
                if (Context.current().isCancelled()) {
                    throw DriverException.passing("the caller left", null);
                }
            }
            tell(pull.progress());
        }
    }

    private boolean isOver(ImagePulls.Pull pull) {
        try {
            return pull.awaitDone(tasks, LOOK);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Fault.unavailable("STOPPING", "the agent stops");
        }
    }

    private void tell(Progress progress) {
        PullImageProgress now =
                PullImageProgress.newBuilder()
                        .setStatus(progress.stage().name().toLowerCase(Locale.ROOT))
                        .setCurrent(progress.current())
                        .setTotal(progress.total())
                        .build();
        if (!now.equals(told) && out.isReady()) {
            out.onNext(now);
        }
        told = now;
    }

    private void last(PullImageProgress.Builder message) {
        if (!out.isCancelled()) {
            out.onNext(message.build());
            out.onCompleted();
        }
    }
}
