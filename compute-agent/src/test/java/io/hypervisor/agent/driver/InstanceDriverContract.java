package io.hypervisor.agent.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import io.hypervisor.api.v1.Image;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceStats;
import io.hypervisor.api.v1.Metadata;

import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * What every {@link InstanceDriver} promises. A subclass says how to reach its daemon and which
 * specs behave in certain ways. No case is left out for any of them.
 */
public abstract class InstanceDriverContract {
    private static final Duration GRACE = Duration.ofSeconds(1);

    private final List<InstanceDriver> open = new ArrayList<>();
    private final List<String> made = new ArrayList<>();
    private final Set<String> events = ConcurrentHashMap.newKeySet();
    private InstanceDriver driver;

    /** A new driver over the test's daemon; called again for a reconnect, with the same daemon. */
    protected abstract InstanceDriver connect();

    /** Runs until it is ended, and echoes what is typed into its console. */
    protected abstract InstanceSpec lasting();

    /** Ends by itself with exit code 0, or shuts down, soon after its start. */
    protected abstract InstanceSpec endsCleanly();

    /** Fails by itself with {@link #errorCode} soon after its start. */
    protected abstract InstanceSpec endsWithError();

    /** The exit code of {@link #endsWithError}; guests that panic have none. */
    protected abstract OptionalInt errorCode();

    /** Names an image that does not exist. */
    protected abstract InstanceSpec missingImage();

    /** Leaves what a create that was killed midway leaves. */
    protected abstract void leaveHalfMade(InstanceDriver connected, Target target);

    /** Kills what runs the instance, without the driver's knowledge. */
    protected abstract void killBehindItsBack(String instanceId);

    /** How much longer than the fake's everything may take. */
    protected int slowness() {
        return 1;
    }

    @BeforeEach
    final void open() {
        driver = reconnect();
    }

    @AfterEach
    final void closeAndClean() {
        made.forEach(driver::destroy);
        assertThat(ids()).as("left behind").noneMatch(made::contains);
        open.forEach(InstanceDriver::close);
    }

    /** The driver of this test. */
    protected final InstanceDriver driver() {
        return driver;
    }

    /** The agent ends, and another begins. */
    protected final void restartAgent() {
        driver.close();
        driver = reconnect();
    }

    private InstanceDriver reconnect() {
        InstanceDriver connected = connect();
        connected.ports(new OpenGate());
        connected.events(events::add);
        open.add(connected);
        return connected;
    }

    /** Waits as long as this driver may need. */
    protected final ConditionFactory patiently() {
        return await().atMost(Duration.ofSeconds(10L * slowness()))
                .pollInterval(Duration.ofMillis(20));
    }

    /** A target that is destroyed after the test. */
    protected final Target target(InstanceSpec spec) {
        String id = UUID.randomUUID().toString();
        made.add(id);
        return new Target(
                id,
                1,
                1,
                "i-" + id.substring(0, 8),
                false,
                spec,
                Metadata.getDefaultInstance(),
                List.of());
    }

    /** The same instance, later. */
    protected static Target next(Target old, long epoch, long runGeneration) {
        return new Target(
                old.instanceId(),
                epoch,
                runGeneration,
                old.name(),
                old.local(),
                old.spec(),
                old.metadata(),
                old.nics());
    }

    /** Makes an instance. */
    protected final Target created(InstanceSpec spec) {
        Target target = target(spec);
        driver.create(target);
        return target;
    }

    /** Makes and starts an instance. */
    protected final Target started(InstanceSpec spec) {
        Target target = created(spec);
        driver.start(target);
        return target;
    }

    /** Everything that the driver lists. */
    protected final List<String> ids() {
        return driver.list().stream().map(Found::instanceId).toList();
    }

    /** What the driver lists of an instance. */
    protected final Found found(Target target) {
        return found(driver, target);
    }

    private static Found found(InstanceDriver from, Target target) {
        List<Found> copies =
                from.list().stream()
                        .filter(f -> f.instanceId().equals(target.instanceId()))
                        .toList();
        assertThat(copies).hasSize(1);
        return copies.getFirst();
    }

    private static String read(Path log) {
        try {
            return Files.exists(log) ? Files.readString(log, StandardCharsets.ISO_8859_1) : "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    // Health and identity

    @Test
    final void isHealthyAndTellsVersions() {
        DriverHealth health = driver.health();
        assertThat(health.healthy()).as(health.reason()).isTrue();
        assertThat(health.reason()).isEmpty();
        assertThat(health.versions()).isNotEmpty();
    }

    @Test
    final void typeStaysTheSame() {
        assertThat(driver.type().getNumber()).isPositive();
        assertThat(reconnect().type()).isEqualTo(driver.type());
    }

    // Create

    @Test
    final void createdButNotRunning() {
        Target target = created(lasting());
        Found found = found(target);
        assertThat(found.state()).isEqualTo(Found.State.STOPPED);
        assertThat(found.exit()).isEqualTo(Found.Exit.NONE);
        assertThat(found.exitCode()).isEmpty();
    }

    @Test
    final void epochGenerationAndLocalAreReadBack() {
        Target plain = target(lasting());
        Target target =
                new Target(
                        plain.instanceId(),
                        7,
                        3,
                        plain.name(),
                        true,
                        plain.spec(),
                        plain.metadata(),
                        plain.nics());
        driver.create(target);
        driver.start(target);
        Found found = found(target);
        assertThat(found.epoch()).isEqualTo(7);
        assertThat(found.runGeneration()).isEqualTo(3);
        assertThat(found.local()).isTrue();
    }

    @Test
    final void whatIsNotLocalIsNotLocal() {
        assertThat(found(created(lasting())).local()).isFalse();
    }

    @Test
    final void createTwiceIsCreateOnce() {
        Target target = created(lasting());
        driver.create(target);
        assertThat(found(target).state()).isEqualTo(Found.State.STOPPED);
    }

    @Test
    final void createWhileItRunsChangesNothing() {
        Target target = started(lasting());
        Found before = found(target);
        driver.create(target);
        assertThat(found(target)).isEqualTo(before);
    }

    @Test
    final void missingImageIsPermanent() {
        Target target = target(missingImage());
        Throwable failure =
                catchThrowable(
                        () -> {
                            driver.create(target);
                            driver.start(target);
                        });
        assertThat(failure).isInstanceOf(DriverException.class);
        assertThat(((DriverException) failure).isPermanent()).isTrue();
        assertThat(failure.getMessage()).isNotBlank().doesNotContain("\n").hasSizeLessThan(1024);
        driver.destroy(target.instanceId());
        assertThat(ids()).doesNotContain(target.instanceId());
    }

    // Half-made

    @Test
    final void halfMadeIsListedAsPartial() {
        Target target = target(lasting());
        leaveHalfMade(driver, target);
        assertThat(found(target).state()).isEqualTo(Found.State.PARTIAL);
        assertThat(found(target).epoch()).isEqualTo(target.epoch());
    }

    @Test
    final void halfMadeIsCompletedByCreate() {
        Target target = target(lasting());
        leaveHalfMade(driver, target);
        driver.create(target);
        assertThat(found(target).state()).isEqualTo(Found.State.STOPPED);
        driver.start(target);
        assertThat(found(target).state()).isEqualTo(Found.State.RUNNING);
    }

    @Test
    final void halfMadeIsDestroyed() {
        Target target = target(lasting());
        leaveHalfMade(driver, target);
        driver.destroy(target.instanceId());
        assertThat(ids()).doesNotContain(target.instanceId());
    }

    @Test
    final void halfMadeIsNotStarted() {
        Target target = target(lasting());
        leaveHalfMade(driver, target);
        assertThatThrownBy(() -> driver.start(target)).isInstanceOf(DriverException.class);
        assertThat(found(target).state()).isEqualTo(Found.State.PARTIAL);
    }

    @Test
    final void stopOfHalfMadeChangesNothing() {
        Target target = target(lasting());
        leaveHalfMade(driver, target);
        driver.stop(target.instanceId(), Duration.ZERO);
        assertThat(found(target).state()).isEqualTo(Found.State.PARTIAL);
    }

    @Test
    final void statsOfHalfMadeFail() {
        Target target = target(lasting());
        leaveHalfMade(driver, target);
        assertThatThrownBy(() -> driver.stats(target.instanceId()))
                .isInstanceOf(DriverException.class);
    }

    @Test
    final void halfMadeSurvivesReconnect() {
        Target target = target(lasting());
        leaveHalfMade(driver, target);
        assertThat(found(reconnect(), target).state()).isEqualTo(Found.State.PARTIAL);
    }

    // Start

    @Test
    final void runsAfterStart() {
        Target target = started(lasting());
        Found found = found(target);
        assertThat(found.state()).isEqualTo(Found.State.RUNNING);
        assertThat(found.exit()).isEqualTo(Found.Exit.NONE);
        assertThat(found.exitCode()).isEmpty();
        assertThat(found.startedAt()).isPresent();
    }

    @Test
    final void startTwiceIsStartOnce() {
        Target target = started(lasting());
        Found before = found(target);
        driver.start(target);
        assertThat(found(target)).isEqualTo(before);
    }

    @Test
    final void startOfWhatDoesNotExistFails() {
        Target target = target(lasting());
        assertThatThrownBy(() -> driver.start(target)).isInstanceOf(DriverException.class);
        assertThat(ids()).doesNotContain(target.instanceId());
    }

    @Test
    final void whatRunsIsNotStartedUnderAnotherGeneration() {
        Target target = started(lasting());
        assertThatThrownBy(() -> driver.start(next(target, 1, 2)))
                .isInstanceOf(DriverException.class);
        assertThat(found(target).state()).isEqualTo(Found.State.RUNNING);
        assertThat(found(target).runGeneration()).isEqualTo(1);
    }

    @Test
    final void manyAtOnceAreAllThereAndListedMeanwhile() {
        List<Target> targets = Stream.generate(() -> target(lasting())).limit(4).toList();
        List<CompletableFuture<Void>> all =
                targets.stream()
                        .map(
                                target ->
                                        CompletableFuture.runAsync(
                                                () -> {
                                                    driver.create(target);
                                                    driver.start(target);
                                                }))
                        .toList();
        patiently()
                .until(
                        () -> {
                            assertThat(ids()).doesNotHaveDuplicates();
                            return all.stream().allMatch(CompletableFuture::isDone);
                        });
        all.forEach(CompletableFuture::join);
        assertThat(targets)
                .allSatisfy(t -> assertThat(found(t).state()).isEqualTo(Found.State.RUNNING));
    }

    @Test
    final void startsAgainUnderTheNextGeneration() {
        Target target = started(lasting());
        driver.stop(target.instanceId(), Duration.ZERO);
        Target again = next(target, 1, 2);
        driver.start(again);
        Found found = found(again);
        assertThat(found.state()).isEqualTo(Found.State.RUNNING);
        assertThat(found.exit()).isEqualTo(Found.Exit.NONE);
        assertThat(found.runGeneration()).isEqualTo(2);
    }

    @Test
    final void startsAgainUnderTheSameGeneration() {
        Target target = started(lasting());
        driver.stop(target.instanceId(), Duration.ZERO);
        driver.start(target);
        assertThat(found(target).state()).isEqualTo(Found.State.RUNNING);
        assertThat(found(target).runGeneration()).isEqualTo(1);
    }

    // Stop

    @Test
    final void stopByForce() {
        Target target = started(lasting());
        driver.stop(target.instanceId(), Duration.ZERO);
        Found found = found(target);
        assertThat(found.state()).isEqualTo(Found.State.STOPPED);
        assertThat(found.exit()).isEqualTo(Found.Exit.STOPPED);
    }

    @Test
    final void stopWithGraceEndsItInAnyCase() {
        Target target = started(lasting());
        driver.stop(target.instanceId(), GRACE);
        Found found = found(target);
        assertThat(found.state()).isEqualTo(Found.State.STOPPED);
        assertThat(found.exit()).isEqualTo(Found.Exit.STOPPED);
    }

    @Test
    final void stopKeepsGenerationAndEpoch() {
        Target target = started(lasting());
        driver.stop(target.instanceId(), Duration.ZERO);
        assertThat(found(target).runGeneration()).isEqualTo(1);
        assertThat(found(target).epoch()).isEqualTo(1);
    }

    @Test
    final void stopTwiceIsStopOnce() {
        Target target = started(lasting());
        driver.stop(target.instanceId(), Duration.ZERO);
        Found before = found(target);
        driver.stop(target.instanceId(), GRACE);
        assertThat(found(target)).isEqualTo(before);
    }

    @Test
    final void stopOfWhatWasNeverStartedChangesNothing() {
        Target target = created(lasting());
        driver.stop(target.instanceId(), GRACE);
        assertThat(found(target).state()).isEqualTo(Found.State.STOPPED);
        assertThat(found(target).exit()).isEqualTo(Found.Exit.NONE);
    }

    @Test
    final void stopOfWhatDoesNotExistDoesNothing() {
        driver.stop(UUID.randomUUID().toString(), Duration.ZERO);
    }

    // Ends

    @Test
    final void cleanEndIsClean() {
        Target target = started(endsCleanly());
        patiently().until(() -> found(target).state() == Found.State.STOPPED);
        assertThat(found(target).exit()).isEqualTo(Found.Exit.CLEAN);
        assertThat(found(target).exitCode()).hasValue(0);
    }

    @Test
    final void errorEndIsFailedWithItsCode() {
        Target target = started(endsWithError());
        patiently().until(() -> found(target).state() == Found.State.STOPPED);
        assertThat(found(target).exit()).isEqualTo(Found.Exit.FAILED);
        assertThat(found(target).exitCode()).isEqualTo(errorCode());
    }

    @Test
    final void anEndSurvivesReconnect() {
        Target target = started(endsWithError());
        patiently().until(() -> found(target).state() == Found.State.STOPPED);
        assertThat(found(reconnect(), target)).isEqualTo(found(target));
    }

    @Test
    final void anEndIsAnnounced() {
        Target target = created(endsCleanly());
        events.clear();
        driver.start(target);
        patiently().until(() -> events.contains(target.instanceId()) || events.contains(""));
    }

    @Test
    final void startsAgainAfterItsEnd() {
        Target target = started(endsCleanly());
        patiently().until(() -> found(target).state() == Found.State.STOPPED);
        driver.start(target);
        patiently().until(() -> found(target).exit() == Found.Exit.CLEAN);
    }

    @Test
    final void deathBehindItsBackIsNoticed() {
        Target target = started(lasting());
        events.clear();
        killBehindItsBack(target.instanceId());
        patiently().until(() -> found(target).state() == Found.State.STOPPED);
        assertThat(found(target).exit()).isIn(Found.Exit.FAILED, Found.Exit.UNKNOWN);
        patiently().until(() -> events.contains(target.instanceId()) || events.contains(""));
        driver.start(target);
        assertThat(found(target).state()).isEqualTo(Found.State.RUNNING);
    }

    // Destroy

    @Test
    final void destroyOfARunningOne() {
        Target target = started(lasting());
        driver.destroy(target.instanceId());
        assertThat(ids()).doesNotContain(target.instanceId());
    }

    @Test
    final void destroyOfACreatedOne() {
        Target target = created(lasting());
        driver.destroy(target.instanceId());
        assertThat(ids()).doesNotContain(target.instanceId());
    }

    @Test
    final void destroyOfAStoppedOne() {
        Target target = started(lasting());
        driver.stop(target.instanceId(), Duration.ZERO);
        driver.destroy(target.instanceId());
        assertThat(ids()).doesNotContain(target.instanceId());
    }

    @Test
    final void destroyTwiceIsDestroyOnce() {
        Target target = created(lasting());
        driver.destroy(target.instanceId());
        driver.destroy(target.instanceId());
        assertThat(ids()).doesNotContain(target.instanceId());
    }

    @Test
    final void destroyOfWhatDoesNotExistDoesNothing() {
        driver.destroy(UUID.randomUUID().toString());
    }

    @Test
    final void madeAnewUnderTheNextEpochAfterDestroy() {
        Target target = started(lasting());
        driver.destroy(target.instanceId());
        Target anew = next(target, 2, 5);
        driver.create(anew);
        driver.start(anew);
        assertThat(found(anew).epoch()).isEqualTo(2);
        assertThat(found(anew).runGeneration()).isEqualTo(5);
        assertThat(found(anew).state()).isEqualTo(Found.State.RUNNING);
    }

    @Test
    final void destroyLeavesTheOthersAlone() {
        Target first = started(lasting());
        Target second = started(lasting());
        driver.destroy(first.instanceId());
        assertThat(found(second).state()).isEqualTo(Found.State.RUNNING);
    }

    // Console

    @Test
    final void inputReachesTheGuestAndOutputTheLog() {
        Target target = started(lasting());
        try (Console console = driver.console(target.instanceId())) {
            typeUntilEchoed(console, "hello-contract");
        }
    }

    @Test
    final void consoleWorksAfterReconnect() {
        Target target = started(lasting());
        restartAgent();
        try (Console console = driver.console(target.instanceId())) {
            typeUntilEchoed(console, "hello-again");
        }
    }

    // A guest that still boots may swallow what is typed too early.
    private void typeUntilEchoed(Console console, String word) {
        patiently()
                .pollInterval(Duration.ofMillis(200))
                .until(
                        () -> {
                            console.write((word + "\n").getBytes(StandardCharsets.UTF_8));
                            return read(console.log()).contains(word);
                        });
    }

    @Test
    final void whatARunWroteStaysWhenItEnds() {
        Target target = started(lasting());
        try (Console console = driver.console(target.instanceId())) {
            typeUntilEchoed(console, "first-run");
        }
        driver.stop(target.instanceId(), Duration.ZERO);
        driver.start(next(target, 1, 2));
        try (Console console = driver.console(target.instanceId())) {
            typeUntilEchoed(console, "second-run");
            assertThat(read(console.log())).contains("first-run");
        }
    }

    @Test
    final void resizeDoesNotFail() {
        Target target = started(lasting());
        try (Console console = driver.console(target.instanceId())) {
            console.resize(132, 43);
        }
    }

    @Test
    final void inputToWhatDoesNotRunFails() {
        Target target = created(lasting());
        assertThatThrownBy(
                        () -> {
                            try (Console console = driver.console(target.instanceId())) {
                                console.write(new byte[] {'x'});
                            }
                        })
                .isInstanceOf(DriverException.class);
    }

    // Stats and images

    @Test
    final void statsGrow() {
        Target target = started(lasting());
        patiently().until(() -> driver.stats(target.instanceId()).getCpuTimeNs() > 0);
        InstanceStats first = driver.stats(target.instanceId());
        assertThat(first.getInstanceId()).isEqualTo(target.instanceId());
        assertThat(first.getMemoryUsedBytes()).isPositive();
        assertThat(first.hasCollectedAt()).isTrue();
        assertThat(first.getCpuUsagePercent()).isZero();
        InstanceStats second = driver.stats(target.instanceId());
        assertThat(second.getCpuTimeNs()).isGreaterThanOrEqualTo(first.getCpuTimeNs());
    }

    @Test
    final void statsOfWhatDoesNotRunFail() {
        Target target = created(lasting());
        assertThatThrownBy(() -> driver.stats(target.instanceId()))
                .isInstanceOf(DriverException.class);
    }

    @Test
    final void statsOfWhatDoesNotExistFail() {
        assertThatThrownBy(() -> driver.stats(UUID.randomUUID().toString()))
                .isInstanceOf(DriverException.class);
    }

    @Test
    final void imagesAreNamedAndTyped() {
        assertThat(driver.images())
                .allSatisfy(
                        image -> {
                            assertThat(image.getName()).isNotBlank();
                            assertThat(image.getId()).isNotBlank();
                            assertThat(image.getType()).isEqualTo(driver.type());
                            assertThat(image.getSizeBytes()).isNotNegative();
                        });
        assertThat(driver.images()).extracting(Image::getId).doesNotHaveDuplicates();
    }
}
