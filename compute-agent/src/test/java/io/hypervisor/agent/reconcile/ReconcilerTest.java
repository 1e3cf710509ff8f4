package io.hypervisor.agent.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.Found;
import io.hypervisor.agent.driver.Target;
import io.hypervisor.agent.driver.fake.FakeDriver;
import io.hypervisor.agent.driver.fake.FakeScript;
import io.hypervisor.agent.driver.fake.FakeScript.Call;
import io.hypervisor.agent.driver.fake.FakeWorld;
import io.hypervisor.agent.journal.Absence;
import io.hypervisor.agent.journal.Disk;
import io.hypervisor.agent.journal.Journal;
import io.hypervisor.agent.testing.ManualTime;
import io.hypervisor.api.internal.v1.Assignment;
import io.hypervisor.api.internal.v1.Assignment.Want;
import io.hypervisor.api.internal.v1.LocalIntent;
import io.hypervisor.api.internal.v1.Nic;
import io.hypervisor.api.internal.v1.NodeDocument;
import io.hypervisor.api.internal.v1.ObservedRecord;
import io.hypervisor.api.internal.v1.StopOptions;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.LostContactPolicy;
import io.hypervisor.api.v1.Metadata;
import io.hypervisor.api.v1.Relocation;
import io.hypervisor.api.v1.RestartPolicy;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

class ReconcilerTest {
    private static final Duration LIST = Duration.ofSeconds(10);
    private static final InstanceType TYPE = InstanceType.INSTANCE_TYPE_CONTAINER;
    private static final String A = "a";

    @TempDir Path folder;
    private final ManualTime time = new ManualTime();
    private final FakeScript script = new FakeScript();
    private FakeWorld world;
    private FakeDriver driver;
    private Disk disk;
    private Journal journal;
    private Sightings sightings;
    private Contact contact;
    private Reconciler reconciler;
    private long revision;

    @BeforeEach
    void open() throws IOException {
        world = FakeWorld.inMemory(folder.resolve("world"));
        disk = Disk.at(folder);
        journal = Journal.open(disk);
        start();
    }

    @AfterEach
    void close() {
        reconciler.close();
        journal.close();
    }

    /** An agent begins, over the same world and journal. */
    private void start() {
        driver = new FakeDriver(TYPE, world, script, time, time);
        sightings = new Sightings();
        contact = new Contact(time, new Absence(disk));
        reconciler =
                new Reconciler(
                        List.of(driver),
                        journal,
                        sightings,
                        contact,
                        time,
                        time,
                        new SimpleMeterRegistry(),
                        LIST);
    }

    private void restart() {
        reconciler.close();
        time.close();
        start();
    }

    private static Assignment.Builder run(String id) {
        return Assignment.newBuilder()
                .setInstanceId(id)
                .setEpoch(1)
                .setRunGeneration(1)
                .setWant(Want.WANT_RUNNING)
                .setType(TYPE)
                .setSpec(InstanceSpec.newBuilder().setImage("run"));
    }

    private static Assignment.Builder run(String id, String image, RestartPolicy policy) {
        return run(id).setSpec(InstanceSpec.newBuilder().setImage(image).setRestartPolicy(policy));
    }

    /** The controller is in touch and sends this. */
    private void document(Assignment.Builder... assignments) {
        document(false, assignments);
    }

    private void document(boolean massRemovalAgreed, Assignment.Builder... assignments) {
        NodeDocument.Builder document =
                NodeDocument.newBuilder()
                        .setClusterId("c")
                        .setTerm(1)
                        .setRevision(++revision)
                        .setMassRemovalAgreed(massRemovalAgreed);
        Arrays.stream(assignments).forEach(document::addAssignments);
        contact.made();
        journal.accept(document.build());
        contact.documentIsCurrent();
        reconciler.wakeAll();
        time.settle();
    }

    private ObservedRecord seen(String id) {
        return sightings.get(id).orElseThrow();
    }

    private InstanceState state(String id) {
        return seen(id).getState();
    }

    private Optional<Found> found(String id) {
        return driver.list().stream().filter(f -> f.instanceId().equals(id)).findFirst();
    }

    private void exists(String id, long epoch, boolean local) {
        Target target =
                new Target(
                        id,
                        epoch,
                        1,
                        id,
                        local,
                        InstanceSpec.newBuilder().setImage("run").build(),
                        Metadata.getDefaultInstance(),
                        List.of());
        driver.create(target);
        driver.start(target);
    }

    private static final Nic NIC =
            Nic.newBuilder()
                    .setPortId("0190b6d4-8c1e-7a51-9f3e-0242ac130001")
                    .setMacAddress("02:68:76:00:00:01")
                    .build();

    @Test
    void interfacesComeAndGoWhileItRuns() {
        document(run(A));
        document(run(A).addNics(NIC));
        assertThat(driver.nics(A)).containsExactly(NIC);
        document(run(A));
        assertThat(driver.nics(A)).isEmpty();
        assertThat(script.calls(Call.START)).isEqualTo(1);
        assertThat(state(A)).isEqualTo(InstanceState.INSTANCE_STATE_RUNNING);
    }

    @Test
    void itStartsWithItsInterfacesWhateverChangedBefore() {
        document(run(A).setWant(Want.WANT_STOPPED));
        document(run(A).setWant(Want.WANT_STOPPED).addNics(NIC));
        assertThat(driver.nics(A)).containsExactly(NIC);
        document(run(A).setRunGeneration(2).addNics(NIC));
        assertThat(driver.nics(A)).containsExactly(NIC);
        assertThat(script.calls(Call.WIRE)).isEqualTo(1);
    }

    @Test
    void wiringThatFailsIsRepeatedWhileItRuns() {
        document(run(A));
        script.fail(Call.WIRE, DriverException.passing("no room", null));
        document(run(A).addNics(NIC));
        assertThat(state(A)).isEqualTo(InstanceState.INSTANCE_STATE_RUNNING);
        assertThat(seen(A).getStateReason()).isEqualTo("no room");
        time.pass(Duration.ofSeconds(2));
        assertThat(driver.nics(A)).containsExactly(NIC);
        assertThat(seen(A).getStateReason()).isEmpty();
    }

    private static Assignment.Builder sized(Assignment.Builder want, int cores, long generation) {
        want.getSpecBuilder().setCpuCores(cores);
        return want.setSpecGeneration(generation);
    }

    @Test
    void aSpecTakesEffectAtOnceOrAtTheNextStart() {
        document(sized(run(A), 2, 1));
        assertThat(seen(A).getAppliedGeneration()).isEqualTo(1);
        document(sized(run(A), 4, 2));
        assertThat(seen(A).getAppliedGeneration()).isEqualTo(2);
        assertThat(seen(A).getNeedsRestartList()).isEmpty();
        document(sized(run(A), 1, 3));
        assertThat(seen(A).getAppliedGeneration()).isEqualTo(3);
        assertThat(seen(A).getNeedsRestartList()).containsExactly("spec.cpu_cores");
        assertThat(state(A)).isEqualTo(InstanceState.INSTANCE_STATE_RUNNING);
        assertThat(script.calls(Call.START)).isEqualTo(1);

        document(sized(run(A), 1, 3).setRunGeneration(2));
        assertThat(script.calls(Call.START)).isEqualTo(2);
        assertThat(seen(A).getAppliedGeneration()).isEqualTo(3);
        assertThat(seen(A).getNeedsRestartList()).isEmpty();
    }

    @Test
    void nothingWaitsForAStartOfWhatDoesNotRun() {
        document(sized(run(A), 4, 1));
        document(sized(run(A), 1, 2));
        assertThat(seen(A).getNeedsRestartList()).containsExactly("spec.cpu_cores");
        document(sized(run(A), 1, 2).setWant(Want.WANT_STOPPED));
        assertThat(state(A)).isEqualTo(InstanceState.INSTANCE_STATE_STOPPED);
        assertThat(seen(A).getAppliedGeneration()).isEqualTo(2);
        assertThat(seen(A).getNeedsRestartList()).isEmpty();
    }

    @Test
    void aSpecThatChangedWhileTheAgentWasAwayIsMadeGood() {
        document(sized(run(A), 4, 1));
        reconciler.close();
        time.close();
        journal.accept(
                NodeDocument.newBuilder()
                        .setClusterId("c")
                        .setTerm(1)
                        .setRevision(++revision)
                        .addAssignments(sized(run(A), 1, 2))
                        .build());
        start();
        time.settle();
        assertThat(seen(A).getAppliedGeneration()).isEqualTo(2);
        assertThat(seen(A).getNeedsRestartList()).containsExactly("spec.cpu_cores");
        // What really runs is compared: back again, there is nothing to wait for.
        document(sized(run(A), 4, 3));
        assertThat(seen(A).getNeedsRestartList()).isEmpty();
    }

    @Test
    void aSpecThatCannotBeAppliedIsTriedAgainWhileItRuns() {
        document(run(A));
        script.fail(Call.RESHAPE, DriverException.passing("no room", null));
        document(sized(run(A), 3, 2));
        assertThat(state(A)).isEqualTo(InstanceState.INSTANCE_STATE_RUNNING);
        assertThat(seen(A).getStateReason()).isEqualTo("no room");
        assertThat(seen(A).getAppliedGeneration()).isZero();
        time.pass(Duration.ofSeconds(2));
        assertThat(seen(A).getAppliedGeneration()).isEqualTo(2);
        assertThat(seen(A).getStateReason()).isEmpty();
    }

    @Test
    void interfacesThatChangedWhileTheAgentWasAwayAreMadeGood() {
        document(run(A).addNics(NIC));
        reconciler.close();
        time.close();
        journal.accept(
                NodeDocument.newBuilder()
                        .setClusterId("c")
                        .setTerm(1)
                        .setRevision(++revision)
                        .addAssignments(run(A))
                        .build());
        start();
        time.settle();
        assertThat(driver.nics(A)).isEmpty();
        assertThat(state(A)).isEqualTo(InstanceState.INSTANCE_STATE_RUNNING);
    }

    @Test
    void createsAndStarts() {
        List<InstanceState> states = new ArrayList<>();
        sightings.listen(id -> states.add(state(id)));
        document(run(A));
        assertThat(states)
                .containsExactly(
                        InstanceState.INSTANCE_STATE_CREATING,
                        InstanceState.INSTANCE_STATE_STARTING,
                        InstanceState.INSTANCE_STATE_RUNNING);
        assertThat(seen(A).hasStartedAt()).isTrue();
        assertThat(seen(A).getRunGeneration()).isEqualTo(1);
        time.pass(Duration.ofMinutes(10));
        assertThat(script.calls(Call.CREATE)).isEqualTo(1);
        assertThat(script.calls(Call.START)).isEqualTo(1);
    }

    @Test
    void nothingIsFetchedForWhatIsNotToRun() {
        document(run(A, "remote", RestartPolicy.RESTART_POLICY_NEVER).setWant(Want.WANT_STOPPED));
        assertThat(state(A)).isEqualTo(InstanceState.INSTANCE_STATE_STOPPED);
        assertThat(seen(A).getStateReason()).isEqualTo("its image is fetched when it starts");
        assertThat(script.calls(Call.PULL) + script.calls(Call.CREATE)).isZero();
        document(run(A).setWant(Want.WANT_ABSENT));
        assertThat(seen(A).getGone()).isTrue();
    }

    @Test
    void stopsAndStartsOnRequest() {
        document(run(A));
        document(run(A).setWant(Want.WANT_STOPPED));
        assertThat(state(A)).isEqualTo(InstanceState.INSTANCE_STATE_STOPPED);
        assertThat(found(A).orElseThrow().exit()).isEqualTo(Found.Exit.STOPPED);
        document(run(A).setRunGeneration(2));
        assertThat(state(A)).isEqualTo(InstanceState.INSTANCE_STATE_RUNNING);
        assertThat(seen(A).getRunGeneration()).isEqualTo(2);
    }

    @Test
    void createsWithoutStarting() {
        document(run(A).setWant(Want.WANT_STOPPED));
        assertThat(state(A)).isEqualTo(InstanceState.INSTANCE_STATE_STOPPED);
        assertThat(script.calls(Call.START)).isZero();
    }

    @Test
    void restartsOnceForANewGeneration() {
        document(run(A));
        document(run(A).setRunGeneration(2));
        assertThat(script.calls(Call.STOP)).isEqualTo(1);
        assertThat(script.calls(Call.START)).isEqualTo(2);
        assertThat(seen(A).getRestartCount()).isZero();
        restart();
        time.pass(Duration.ofMinutes(1));
        assertThat(script.calls(Call.START)).isEqualTo(2);
    }

    @Test
    void reportsGoneAndForgets() {
        document(run(A));
        document(run(A).setWant(Want.WANT_ABSENT));
        assertThat(found(A)).isEmpty();
        assertThat(seen(A).getGone()).isTrue();
        assertThat(seen(A).getEpoch()).isEqualTo(1);
        document();
        assertThat(sightings.get(A)).isEmpty();
    }

    @Test
    void goneEvenIfItNeverExisted() {
        document(run(A).setWant(Want.WANT_ABSENT));
        assertThat(seen(A).getGone()).isTrue();
    }

    @Test
    void forceDoesNotAskBeforeRemoval() {
        document(run(A));
        document(run(A).setWant(Want.WANT_ABSENT).setStop(StopOptions.newBuilder().setForce(true)));
        assertThat(script.calls(Call.STOP)).isZero();
        assertThat(seen(A).getGone()).isTrue();
    }

    @Test
    void destroysAnOlderEpochFirst() {
        document(run(A));
        document(run(A).setEpoch(2));
        assertThat(script.calls(Call.DESTROY)).isEqualTo(1);
        assertThat(found(A).orElseThrow().epoch()).isEqualTo(2);
        assertThat(state(A)).isEqualTo(InstanceState.INSTANCE_STATE_RUNNING);
    }

    @Test
    void leavesANewerEpochAlone() {
        exists(A, 5, false);
        document(run(A));
        assertThat(found(A).orElseThrow().epoch()).isEqualTo(5);
        assertThat(state(A)).isEqualTo(InstanceState.INSTANCE_STATE_FAILED);
        assertThat(seen(A).getStateReason()).contains("epoch 5");
    }

    @Test
    void completesWhatWasHalfMade() {
        script.fail(Call.CREATE, DriverException.passing("daemon restarts", null));
        document(run(A));
        assertThat(found(A).orElseThrow().state()).isEqualTo(Found.State.PARTIAL);
        assertThat(state(A)).isEqualTo(InstanceState.INSTANCE_STATE_CREATING);
        assertThat(seen(A).getStateReason()).isEqualTo("daemon restarts");
        time.pass(Duration.ofSeconds(2));
        assertThat(state(A)).isEqualTo(InstanceState.INSTANCE_STATE_RUNNING);
        assertThat(seen(A).getStateReason()).isEmpty();
    }

    @Test
    void permanentFaultsAreTriedRarelyAndOnANewGeneration() {
        document(run(A, "missing", RestartPolicy.RESTART_POLICY_ALWAYS));
        assertThat(state(A)).isEqualTo(InstanceState.INSTANCE_STATE_FAILED);
        assertThat(seen(A).getStateReason()).isEqualTo("image not found: missing");
        script.fail(Call.CREATE, DriverException.permanent("no room"));
        document(run(A).setRunGeneration(2));
        assertThat(seen(A).getStateReason()).isEqualTo("no room");
        time.pass(Duration.ofMinutes(4));
        assertThat(script.calls(Call.CREATE)).isEqualTo(1);
        time.pass(Duration.ofMinutes(2));
        assertThat(script.calls(Call.CREATE)).isEqualTo(2);
        assertThat(state(A)).isEqualTo(InstanceState.INSTANCE_STATE_RUNNING);
    }

    @Test
    void restartPolicies() {
        RestartPolicy never = RestartPolicy.RESTART_POLICY_NEVER;
        RestartPolicy onFailure = RestartPolicy.RESTART_POLICY_ON_FAILURE;
        document(
                run("clean-never", "exit-0", never),
                run("clean-onfailure", "exit-0", onFailure),
                run("failed-never", "exit-3", never));
        assertThat(state("clean-never")).isEqualTo(InstanceState.INSTANCE_STATE_STOPPED);
        assertThat(state("clean-onfailure")).isEqualTo(InstanceState.INSTANCE_STATE_STOPPED);
        assertThat(seen("clean-never").getExitCode()).isZero();
        assertThat(state("failed-never")).isEqualTo(InstanceState.INSTANCE_STATE_FAILED);
        assertThat(seen("failed-never").getExitCode()).isEqualTo(3);
        assertThat(seen("failed-never").getStateReason()).isEqualTo("exited with code 3");
        time.pass(Duration.ofMinutes(10));
        assertThat(script.calls(Call.START)).isEqualTo(3);
    }

    @Test
    void restartsWithDoublingPauses() {
        document(run(A, "exit-3", RestartPolicy.RESTART_POLICY_UNSPECIFIED));
        assertThat(state(A)).isEqualTo(InstanceState.INSTANCE_STATE_STARTING);
        assertThat(seen(A).getStateReason()).contains("exited with code 3");
        // After 1, 2, 4, 8 and 16 seconds, then not before 63.
        time.pass(Duration.ofSeconds(60));
        assertThat(script.calls(Call.START)).isEqualTo(6);
        assertThat(seen(A).getRestartCount()).isEqualTo(5);
        time.pass(Duration.ofHours(1));
        assertThat(script.calls(Call.START)).isBetween(18, 22);
    }

    @Test
    void alwaysRestartsAfterACleanEnd() {
        document(run(A, "exit-0-after-400s", RestartPolicy.RESTART_POLICY_ALWAYS));
        // Each run lasts, so each pause is one second.
        time.pass(Duration.ofSeconds(401 * 5 + 10));
        assertThat(seen(A).getRestartCount()).isEqualTo(5);
    }

    @Test
    void unobservedEnds() {
        document(run(A), run("n", "run", RestartPolicy.RESTART_POLICY_NEVER));
        driver.end(A, Found.Exit.UNKNOWN, 0, "");
        driver.end("n", Found.Exit.UNKNOWN, 0, "");
        time.pass(Duration.ofSeconds(2));
        assertThat(state(A)).isEqualTo(InstanceState.INSTANCE_STATE_RUNNING);
        assertThat(state("n")).isEqualTo(InstanceState.INSTANCE_STATE_FAILED);
        assertThat(seen("n").getStateReason()).contains("unobserved");
    }

    @Test
    void headlessColdStartFromTheJournal() {
        document(run(A));
        driver.end(A, Found.Exit.UNKNOWN, 0, "");
        restart();
        time.pass(Duration.ofSeconds(2));
        assertThat(state(A)).isEqualTo(InstanceState.INSTANCE_STATE_RUNNING);
        assertThat(contact.outOfTouch()).isPresent();
    }

    @Test
    void waitsForContactAfterARestartIfItMayRunElsewhere() {
        document(run(A).setRelocation(Relocation.RELOCATION_RECREATE));
        driver.end(A, Found.Exit.UNKNOWN, 0, "");
        restart();
        time.pass(Duration.ofMinutes(10));
        assertThat(found(A).orElseThrow().state()).isEqualTo(Found.State.STOPPED);
        assertThat(seen(A).getStateReason()).contains("waits for the controller");
        contact.made();
        reconciler.wakeAll();
        time.pass(Duration.ofSeconds(2));
        assertThat(state(A)).isEqualTo(InstanceState.INSTANCE_STATE_RUNNING);
    }

    @Test
    void neverActsBeforeTheFirstList() {
        document(run(A));
        script.fail(Call.LIST, DriverException.passing("daemon is away", null));
        restart();
        time.settle();
        assertThat(state(A)).isEqualTo(InstanceState.INSTANCE_STATE_UNKNOWN);
        assertThat(seen(A).getStateReason()).contains("daemon is away");
        assertThat(script.calls(Call.CREATE)).isEqualTo(1);
        time.pass(LIST);
        assertThat(state(A)).isEqualTo(InstanceState.INSTANCE_STATE_RUNNING);
        assertThat(script.calls(Call.START)).isEqualTo(1);
    }

    @Test
    void stopsWhatMustNotRunWithoutContact() {
        document(
                run(A).setOnLostContact(LostContactPolicy.LOST_CONTACT_POLICY_STOP)
                        .setLostContactSeconds(60),
                run("keep"));
        contact.lost(Duration.ZERO);
        reconciler.wakeAll();
        time.pass(Duration.ofSeconds(59));
        assertThat(state(A)).isEqualTo(InstanceState.INSTANCE_STATE_RUNNING);
        time.pass(Duration.ofSeconds(2));
        assertThat(state(A)).isEqualTo(InstanceState.INSTANCE_STATE_STOPPED);
        assertThat(seen(A).getStateReason()).contains("out of touch");
        assertThat(state("keep")).isEqualTo(InstanceState.INSTANCE_STATE_RUNNING);
        time.pass(Duration.ofMinutes(10));
        assertThat(found(A).orElseThrow().state()).isEqualTo(Found.State.STOPPED);
        contact.made();
        reconciler.wakeAll();
        time.settle();
        assertThat(state(A)).isEqualTo(InstanceState.INSTANCE_STATE_RUNNING);
    }

    @Test
    void anAgentThatDiesAgainAndAgainCountsOn() {
        document(
                run(A).setOnLostContact(LostContactPolicy.LOST_CONTACT_POLICY_STOP)
                        .setLostContactSeconds(60));
        contact.lost(Duration.ZERO);
        for (int i = 0; i < 2; i++) {
            time.pass(Duration.ofSeconds(29));
            restart();
            time.settle();
            assertThat(state(A)).isEqualTo(InstanceState.INSTANCE_STATE_RUNNING);
        }
        time.pass(Duration.ofSeconds(3));
        assertThat(state(A)).isEqualTo(InstanceState.INSTANCE_STATE_STOPPED);
        contact.made();
        restart();
        assertThat(contact.outOfTouch()).as("in touch when it died").hasValue(Duration.ZERO);
    }

    @Test
    void doesNotStartWhatMayRunElsewhereBeforeTheFirstContact() {
        document(
                run(A).setOnLostContact(LostContactPolicy.LOST_CONTACT_POLICY_STOP)
                        .setLostContactSeconds(60));
        driver.end(A, Found.Exit.UNKNOWN, 0, "");
        restart();
        time.pass(Duration.ofMinutes(1));
        assertThat(state(A)).isEqualTo(InstanceState.INSTANCE_STATE_STOPPED);
        assertThat(script.calls(Call.START)).isEqualTo(1);
    }

    @Test
    void straysAreDestroyedOnlyUnderACurrentDocumentAndTwoLists() {
        document(run(A));
        exists("stray", 1, false);
        contact.lost(Duration.ZERO);
        time.pass(LIST.multipliedBy(3));
        assertThat(found("stray")).isPresent();
        assertThat(seen("stray").getStateReason()).contains("not assigned");
        document(run(A));
        assertThat(found("stray")).isPresent();
        time.pass(LIST.multipliedBy(2));
        assertThat(found("stray")).isEmpty();
        assertThat(sightings.get("stray")).isEmpty();
        assertThat(state(A)).isEqualTo(InstanceState.INSTANCE_STATE_RUNNING);
    }

    @Test
    void manyStraysNeedTheOperatorsWord() {
        for (String id : List.of("s1", "s2", "s3")) {
            exists(id, 1, false);
        }
        document(run(A));
        time.pass(LIST.multipliedBy(4));
        assertThat(driver.list()).hasSize(4);
        assertThat(reconciler.isHolding()).isTrue();
        assertThat(seen("s1").getStateReason()).contains("mass_removal_agreed");
        document(true, run(A));
        time.pass(LIST.multipliedBy(3));
        assertThat(driver.list()).hasSize(1);
        assertThat(reconciler.isHolding()).isFalse();
    }

    @Test
    void localStraysAreLeftAlone() {
        exists("l", 1, true);
        document();
        time.pass(LIST.multipliedBy(5));
        assertThat(found("l")).isPresent();
    }

    @Test
    void localInstancesLiveAndGoWithoutTheCluster() {
        journal.putLocal(LocalIntent.newBuilder().setAssignment(run("l")).build());
        reconciler.wake(List.of("l"));
        time.settle();
        assertThat(state("l")).isEqualTo(InstanceState.INSTANCE_STATE_RUNNING);
        assertThat(found("l").orElseThrow().local()).isTrue();
        document();
        time.pass(LIST.multipliedBy(5));
        assertThat(found("l")).isPresent();
        journal.putLocal(
                LocalIntent.newBuilder().setAssignment(run("l").setWant(Want.WANT_ABSENT)).build());
        reconciler.wake(List.of("l"));
        time.settle();
        assertThat(found("l")).isEmpty();
        assertThat(sightings.get("l")).isEmpty();
        assertThat(journal.intent().locals()).isEmpty();
    }

    @Test
    void otherTypesFailClearly() {
        document(run(A).setType(InstanceType.INSTANCE_TYPE_VM));
        assertThat(state(A)).isEqualTo(InstanceState.INSTANCE_STATE_FAILED);
        assertThat(seen(A).getStateReason()).contains("does not run instances of type vm");
    }

    @Test
    void failedStopsAreRepeated() {
        document(run(A));
        script.fail(Call.STOP, DriverException.passing("busy", null));
        document(run(A).setWant(Want.WANT_STOPPED));
        time.pass(Duration.ofSeconds(30));
        assertThat(state(A)).isEqualTo(InstanceState.INSTANCE_STATE_STOPPED);
    }

    @Test
    void failedDestroysAreRepeated() {
        document(run(A));
        script.fail(Call.DESTROY, DriverException.passing("busy", null));
        document(run(A).setWant(Want.WANT_ABSENT));
        time.pass(Duration.ofSeconds(30));
        assertThat(seen(A).getGone()).isTrue();
    }

    @Test
    void comesBackAfterPowerOff() {
        document(run(A));
        driver.stop(A, Duration.ZERO);
        restart();
        time.settle();
        assertThat(state(A)).isEqualTo(InstanceState.INSTANCE_STATE_RUNNING);
    }
}
