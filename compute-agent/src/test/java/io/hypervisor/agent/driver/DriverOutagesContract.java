package io.hypervisor.agent.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.core.FaultPoint;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.time.Duration;
import java.util.stream.Stream;

/**
 * What every driver promises when something dies, is full or is given up. Subclasses name the
 * points at which their driver's operations are cut off, in a static method {@code steps}.
 */
public abstract class DriverOutagesContract extends InstanceDriverContract {
    /** The points of a driver at which an operation can be cut off, by their prefix. */
    protected static Stream<FaultPoint> stepsOf(String driver) {
        return Stream.of(FaultPoint.values())
                .filter(step -> step.name().startsWith(driver + "_"))
                // How an end is written down is nobody's operation.
                .filter(step -> !step.name().contains("_END_"));
    }

    /**
     * Fills the disk that the driver's files are on; the step that is returned makes room again.
     */
    protected abstract Runnable fillDisk();

    /** An image that nobody has yet, and the step that lets it come. */
    public record SlowImage(InstanceSpec spec, Runnable come) {}

    /** One whose transfer hangs until it is let. */
    protected abstract SlowImage slowImage();

    /** Kills the daemon and starts it again. */
    protected abstract void restartDaemon();

    /**
     * An agent that dies at a point of an operation: a new one lists what there is, never twice,
     * and does what is left to do.
     */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("steps")
    final void aCrashAtAnyStepIsMadeGood(FaultPoint step) {
        String[] words = step.name().split("_", -1);
        switch (words[1]) {
            case "CREATE" -> crashInCreate(step);
            case "START" -> crashInStart(step);
            case "STOP" -> crashInStop(step);
            case "DESTROY" -> crashInDestroy(step);
            default -> throw new IllegalArgumentException(step.name());
        }
    }

    private void crash(FaultPoint step, Runnable operation) {
        assertThat(step.cut(operation)).as("reached " + step).isTrue();
        restartAgent();
        assertThat(ids()).doesNotHaveDuplicates();
    }

    private void crashInCreate(FaultPoint step) {
        Target target = target(lasting());
        crash(step, () -> driver().create(target));
        assertThat(found(target).state()).isIn(Found.State.PARTIAL, Found.State.STOPPED);
        driver().create(target);
        assertThat(found(target).state()).isEqualTo(Found.State.STOPPED);
        driver().start(target);
        assertThat(found(target).state()).isEqualTo(Found.State.RUNNING);
    }

    private void crashInStart(FaultPoint step) {
        Target target = next(created(lasting()), 1, 4);
        crash(step, () -> driver().start(target));
        assertThat(found(target).state()).isIn(Found.State.STOPPED, Found.State.RUNNING);
        driver().start(target);
        assertThat(found(target).state()).isEqualTo(Found.State.RUNNING);
        assertThat(found(target).runGeneration()).isEqualTo(4);
    }

    private void crashInStop(FaultPoint step) {
        Target target = started(lasting());
        crash(step, () -> driver().stop(target.instanceId(), Duration.ZERO));
        driver().stop(target.instanceId(), Duration.ZERO);
        assertThat(found(target).state()).isEqualTo(Found.State.STOPPED);
        assertThat(found(target).exit()).isEqualTo(Found.Exit.STOPPED);
        driver().start(next(target, 1, 2));
        assertThat(found(target).state()).isEqualTo(Found.State.RUNNING);
    }

    private void crashInDestroy(FaultPoint step) {
        Target target = started(lasting());
        crash(step, () -> driver().destroy(target.instanceId()));
        driver().destroy(target.instanceId());
        assertThat(ids()).doesNotContain(target.instanceId());
        driver().create(next(target, 2, 1));
        assertThat(found(target).epoch()).isEqualTo(2);
    }

    @Test
    final void aFullDiskMakesNothingAndIsNotForGood() {
        Target target = target(lasting());
        Runnable makeRoom = fillDisk();
        try {
            assertThatThrownBy(() -> driver().create(target))
                    .isInstanceOf(DriverException.class)
                    .matches(e -> !((DriverException) e).isPermanent());
        } finally {
            makeRoom.run();
        }
        driver().create(target);
        driver().start(target);
        assertThat(found(target).state()).isEqualTo(Found.State.RUNNING);
    }

    @Test
    final void whatIsDeletedWhileItsImageIsFetchedLeavesNothing() {
        SlowImage image = slowImage();
        ImagePulls pulls = driver().imagePulls().orElseThrow();
        Target target = target(image.spec());
        ImagePulls.Pull pull = pulls.pull(image.spec());
        driver().destroy(target.instanceId());
        assertThat(pull.done()).isNotDone();
        pull.close();
        image.come().run();
        patiently().until(() -> pull.done().isCompletedExceptionally());
        assertThat(ids()).doesNotContain(target.instanceId());
        assertThat(pulls.holds(image.spec())).isFalse();
        try (ImagePulls.Pull again = pulls.pull(image.spec())) {
            patiently().until(() -> again.done().isDone());
            assertThat(again.done()).isCompleted();
        }
        driver().create(target);
        assertThat(found(target).state()).isEqualTo(Found.State.STOPPED);
    }

    @Test
    final void aDaemonThatDiesHarmsNothingThatRuns() {
        Target running = started(lasting());
        Target stopped = started(lasting());
        driver().stop(stopped.instanceId(), Duration.ZERO);
        Found before = found(running);
        restartDaemon();
        patiently()
                .ignoreException(DriverException.class)
                .untilAsserted(() -> assertThat(found(running)).isEqualTo(before));
        assertThat(found(stopped).exit()).isEqualTo(Found.Exit.STOPPED);
        driver().start(next(stopped, 1, 2));
        assertThat(found(stopped).state()).isEqualTo(Found.State.RUNNING);
    }

    @Test
    final void whatDiedWhileNobodyLookedIsFoundDead() {
        Target target = started(lasting());
        driver().close();
        killBehindItsBack(target.instanceId());
        restartAgent();
        patiently().until(() -> found(target).state() == Found.State.STOPPED);
        assertThat(found(target).exit()).isIn(Found.Exit.FAILED, Found.Exit.UNKNOWN);
        driver().start(next(target, 1, 2));
        assertThat(found(target).state()).isEqualTo(Found.State.RUNNING);
    }

    @Test
    final void instancesRunOnWithoutTheDriver() {
        Target target = started(lasting());
        Found before = found(target);
        restartAgent();
        assertThat(found(target)).isEqualTo(before);
    }

    @Test
    final void aNewDriverStopsAndDestroysWhatAnOlderMade() {
        Target target = started(lasting());
        restartAgent();
        driver().stop(target.instanceId(), Duration.ZERO);
        assertThat(found(target).exit()).isEqualTo(Found.Exit.STOPPED);
        driver().destroy(target.instanceId());
        assertThat(ids()).doesNotContain(target.instanceId());
    }
}
