package io.hypervisor.controller.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypervisor.controller.store.Store;
import io.hypervisor.controller.store.StoreContract;
import io.hypervisor.controller.store.StoreException;
import io.hypervisor.controller.store.Term;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

class LocalStoreTest extends StoreContract {
    @TempDir Path folder;

    private Path file() {
        return folder.resolve("state.db");
    }

    @Override
    protected Store open() {
        return LocalStore.open(file(), tasks);
    }

    @Test
    void aSecondOneIsKeptOutByName() {
        assertThatThrownBy(this::open)
                .isInstanceOf(StoreException.class)
                .hasMessageContaining(file() + " is in use by another controller");
        store.commit(win(), List.of(put("a/1", "x")));
    }

    @Test
    void aSecondProcessIsKeptOut() throws Exception {
        Process second = Committing.start(file());
        assertThat(second.waitFor()).isNotZero();
        String error = new String(second.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(error).contains(file() + " is in use by another controller");
    }

    @Test
    void refusesFilesThatAreNotItsOwn() throws Exception {
        Path text = Files.writeString(folder.resolve("text"), "no database at all".repeat(100));
        assertThatThrownBy(() -> LocalStore.open(text, tasks))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining(text.toString());
        Path absent = folder.resolve("absent/state.db");
        assertThatThrownBy(() -> LocalStore.open(absent, tasks))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining(absent.toString());
    }

    @Test
    void keepsWhatItAcknowledgedWhenKilled() throws Exception {
        store.close();
        long acknowledged = 0;
        for (int round = 1; round <= 3; round++) {
            acknowledged = killAfter(acknowledged, 200 * round);
            store = open();
            Store.Loaded loaded = store.load();
            // The commit in flight may have made it.
            assertThat(loaded.revision()).isBetween(acknowledged, acknowledged + 1);
            Committing.check(loaded);
            acknowledged = loaded.revision();
            store.close();
        }
        store = open();
    }

    /** Kills a process that commits once it has acknowledged so many; the last acknowledged. */
    private long killAfter(long before, int commits) throws Exception {
        Process process = Committing.start(file());
        List<Long> revisions = new ArrayList<>();
        try (BufferedReader lines = process.inputReader()) {
            while (revisions.size() < commits) {
                revisions.add(Committing.revision(lines.readLine()).orElseThrow());
            }
            // Unlike the process itself, its handle leaves the output open to be read to the end.
            process.toHandle().destroyForcibly();
            lines.lines()
                    .flatMap(line -> Committing.revision(line).stream())
                    .forEach(revisions::add);
        } finally {
            process.destroyForcibly().waitFor();
        }
        assertThat(revisions)
                .isEqualTo(
                        IntStream.rangeClosed(1, revisions.size())
                                .mapToObj(i -> before + i)
                                .toList());
        return revisions.getLast();
    }

    @Test
    void loadsAHundredThousandRecords() {
        Term term = win();
        for (int i = 0; i < 1000; i++) {
            int from = i * 100;
            store.commit(
                    term,
                    IntStream.range(from, from + 100)
                            .mapToObj(k -> put("instance/" + k, "x".repeat(300)))
                            .toList());
        }
        assertThat(store.load().entries())
                .hasSize(100_000)
                .isSortedAccordingTo((a, b) -> a.key().compareTo(b.key()));
    }
}
