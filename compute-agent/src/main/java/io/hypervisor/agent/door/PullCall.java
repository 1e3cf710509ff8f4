package io.hypervisor.agent.door;

import io.grpc.Context;
import io.grpc.stub.ServerCallStreamObserver;
import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.ImagePulls;
import io.hypervisor.agent.driver.ImagePulls.Progress;
import io.hypervisor.agent.driver.InstanceDriver;
import io.hypervisor.api.v1.AgentPullImageRequest;
import io.hypervisor.api.v1.PullImageProgress;
import io.hypervisor.core.Fault;
import io.hypervisor.core.Tasks;

import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;

/** One caller who has the node fetch an image. */
final class PullCall {
    // How often progress is told, and how late a caller's leaving may be noticed.
    private static final Duration LOOK = Duration.ofMillis(200);

    private final InstanceDriver driver;
    private final String image;
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
        this.image = request.getImageRef();
        this.fetched = fetched;
        this.tasks = tasks;
        this.out = out;
    }

    /** Returns when the image is here or cannot be fetched, or when the caller has left. */
    void run() {
        try {
            Optional<ImagePulls> pulls = driver.imagePulls();
            if (pulls.isEmpty()) {
                requireListed();
            } else if (!pulls.get().holds(image)) {
                pull(pulls.get());
                fetched.run();
            }
            last(told.toBuilder().setStatus("completed").setCompleted(true));
        } catch (DriverException e) {
            last(told.toBuilder().setStatus("failed").setError(e.getMessage()));
        }
    }

    private void requireListed() {
        boolean listed =
                driver.images().stream()
                        .anyMatch(
                                i -> i.getName().equals(image) || i.getTagsList().contains(image));
        if (!listed) {
            throw DriverException.permanent(
                    "the node does not hold "
                            + image
                            + " and cannot fetch images of this type (expected: an image that it"
                            + " holds)");
        }
    }

    private void pull(ImagePulls pulls) {
        try (ImagePulls.Pull pull = pulls.pull(image)) {
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
            tasks.await(pull.done(), LOOK);
            return true;
        } catch (TimeoutException notYet) {
            return false;
        } catch (ExecutionException e) {
            throw e.getCause() instanceof DriverException known
                    ? known
                    : new IllegalStateException(e.getCause());
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
