package io.hypervisor.agent.reconcile;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.ImagePulls;
import io.hypervisor.agent.driver.InstanceDriver;
import io.hypervisor.agent.journal.Journal;
import io.hypervisor.api.internal.v1.Assignment;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.core.Tasks;

import java.time.Duration;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Waits for the image of an instance, for as long as the instance is to run. */
final class ImageWait {
    // How late a deletion may be noticed.
    private static final Duration LOOK = Duration.ofMillis(200);

    private final Journal journal;
    private final Sightings sightings;
    private final Tasks tasks;

    ImageWait(Journal journal, Sightings sightings, Tasks tasks) {
        this.journal = journal;
        this.sightings = sightings;
        this.tasks = tasks;
    }

    /** Returns when its images are here, or the driver has no way to fetch them. */
    void pass(InstanceDriver driver, Assignment want) {
        Optional<ImagePulls> pulls = driver.imagePulls();
        while (pulls.isPresent() && !pulls.get().holds(want.getSpec())) {
            say(want, "fetches " + names(want.getSpec()));
            passOne(pulls.get(), want);
        }
    }

    private static String names(InstanceSpec spec) {
        return Stream.of(spec.getImage(), spec.getKernel(), spec.getInitrd())
                .filter(name -> !name.isEmpty())
                .distinct()
                .collect(Collectors.joining(", ", "image ", ""));
    }

    private void passOne(ImagePulls pulls, Assignment want) {
        try (ImagePulls.Pull pull = pulls.pull(want.getSpec())) {
            while (!isOver(pull)) {
                if (!isWanted(want)) {
                    throw DriverException.passing("is not wanted any more", null);
                }
            }
        }
    }

    /** Whether the image would have to be fetched for an instance that is not to run. */
    boolean isSpared(InstanceDriver driver, Assignment want) {
        if (want.getWant() != Assignment.Want.WANT_STOPPED) {
            return false;
        }
        try {
            return driver.imagePulls().filter(pulls -> !pulls.holds(want.getSpec())).isPresent();
        } catch (DriverException e) {
            // Who makes it meets the same failure, and tells.
            return false;
        }
    }

    private boolean isOver(ImagePulls.Pull pull) {
        try {
            return pull.awaitDone(tasks, LOOK);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw DriverException.passing("the agent stops", e);
        }
    }

    // Who stops or deletes it does not wait for a download.
    private boolean isWanted(Assignment want) {
        return journal.intent()
                .assignment(want.getInstanceId())
                .filter(now -> now.getWant() == Assignment.Want.WANT_RUNNING)
                .filter(now -> now.getEpoch() == want.getEpoch())
                .isPresent();
    }

    private void say(Assignment want, String reason) {
        sightings
                .get(want.getInstanceId())
                .ifPresent(seen -> sightings.put(seen.toBuilder().setStateReason(reason).build()));
    }
}
