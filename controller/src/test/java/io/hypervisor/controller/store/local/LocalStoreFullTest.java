package io.hypervisor.controller.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;

import io.hypervisor.controller.store.Ballot;
import io.hypervisor.controller.store.Recorder;
import io.hypervisor.controller.store.Store;
import io.hypervisor.controller.store.StoreException;
import io.hypervisor.controller.store.Term;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.VirtualTasks;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;

/** A store on a file system of a few megabytes. */
@Tag("real")
class LocalStoreFullTest {
    private static final int VALUE = 100_000;

    @TempDir Path folder;
    private final Tasks tasks = new VirtualTasks();

    @BeforeEach
    void mount() throws Exception {
        run("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder.toString());
    }

    @AfterEach
    void unmount() throws Exception {
        tasks.close();
        run("umount", folder.toString());
    }

    private static void run(String... command) throws Exception {
        assertThat(new ProcessBuilder(command).inheritIO().start().waitFor()).isZero();
    }

    private Store open() {
        return LocalStore.open(folder.resolve("state.db"), tasks);
    }

    private static List<Store.Write> writes(int number) {
        ByteString value = ByteString.copyFromUtf8(number + " " + "x".repeat(VALUE));
        return List.of(
                new Store.Write("a/same", Optional.of(value)),
                new Store.Write("b/" + number, Optional.of(value)));
    }

    @Test
    void aFullDiskIsUnavailableAndNothingIsHalfMade() throws Exception {
        List<Store.Stored> before;
        try (Store store = open()) {
            // One that is behind when the disk is full.
            CountDownLatch gate = new CountDownLatch(1);
            Recorder recorder = new Recorder(gate);
            store.changes(0, recorder);
            Term term = Ballot.of(store).won();
            store.commit(term, writes(1));
            long last = store.commit(term, writes(2));
            Path filler = fill();
            List<Long> more = new ArrayList<>();
            assertThatThrownBy(() -> commitUntilItFails(store, term, more))
                    .isInstanceOfSatisfying(
                            StoreException.class,
                            e -> {
                                assertThat(e.kind()).isEqualTo(StoreException.Kind.UNAVAILABLE);
                                assertThat(e).hasMessageContaining("SQLITE_FULL");
                            });
            long kept = more.isEmpty() ? last : more.getLast();
            before = store.load().entries();
            assertThat(store.load().revision()).isEqualTo(kept);
            assertThat(before).hasSize((int) kept + 1);

            Files.delete(filler);
            long next = store.commit(term, writes((int) kept + 1));
            assertThat(next).isEqualTo(kept + 1);
            gate.countDown();
            await().untilAsserted(() -> assertThat(recorder.lastRevision()).isEqualTo(next));
            assertThat(recorder.changes()).hasSize((int) next);
            assertThat(recorder.losses()).isEmpty();
            before = store.load().entries();
        }
        try (Store store = open()) {
            assertThat(store.load().entries()).isEqualTo(before);
        }
    }

    @Test
    void onAFullDiskItDoesNotOpenAndSaysWhy() throws Exception {
        List<Store.Stored> before;
        try (Store store = open()) {
            store.commit(Ballot.of(store).won(), writes(1));
            before = store.load().entries();
        }
        Path filler = fill();
        assertThatThrownBy(this::open)
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("cannot open " + folder);
        Files.delete(filler);
        try (Store store = open()) {
            assertThat(store.load().entries()).isEqualTo(before);
        }
    }

    private void commitUntilItFails(Store store, Term term, List<Long> revisions) {
        for (int number = 3; number < 100; number++) {
            revisions.add(store.commit(term, writes(number)));
        }
    }

    /** Takes the rest of the file system. */
    private Path fill() {
        Path filler = folder.resolve("filler");
        try (OutputStream out = Files.newOutputStream(filler)) {
            byte[] block = new byte[4096];
            for (int i = 0; i < 10_000; i++) {
                out.write(block);
            }
            throw new IllegalStateException("the file system has no limit");
        } catch (IOException full) {
            return filler;
        }
    }
}
