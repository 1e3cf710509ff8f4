package io.hypervisor.agent.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypervisor.api.internal.v1.Assignment;
import io.hypervisor.api.internal.v1.LocalIntent;
import io.hypervisor.api.internal.v1.NetworkObject;
import io.hypervisor.api.internal.v1.NodeDelta;
import io.hypervisor.api.internal.v1.NodeDocument;
import io.hypervisor.api.v1.Metadata;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

class JournalTest {
    @TempDir Path folder;

    private static Assignment assignment(String id, long generation) {
        return Assignment.newBuilder()
                .setInstanceId(id)
                .setEpoch(1)
                .setRunGeneration(generation)
                .setWant(Assignment.Want.WANT_RUNNING)
                .build();
    }

    private static NodeDocument document(long term, long revision, String... ids) {
        return NodeDocument.newBuilder()
                .setClusterId("cluster")
                .setTerm(term)
                .setRevision(revision)
                .addAllAssignments(Arrays.stream(ids).map(id -> assignment(id, 1)).toList())
                .build();
    }

    private static NodeDelta delta(long term, long base, long revision, String id) {
        return NodeDelta.newBuilder()
                .setTerm(term)
                .setBaseRevision(base)
                .setRevision(revision)
                .addUpserts(assignment(id, revision))
                .build();
    }

    private static LocalIntent local(String id) {
        return LocalIntent.newBuilder().setAssignment(assignment(id, 1)).build();
    }

    private Intent reread() {
        try (Journal journal = Journal.open(folder)) {
            return journal.intent();
        }
    }

    @Test
    void emptyAtFirst() {
        assertThat(reread()).isEqualTo(Intent.NOTHING);
        assertThat(reread()).isEqualTo(Intent.NOTHING);
    }

    @Test
    void documentDeltaAndLocalsSurvive() {
        try (Journal journal = Journal.open(folder)) {
            assertThat(journal.accept(document(1, 5, "a", "b"))).containsOnly("a", "b");
            assertThat(journal.accept(delta(1, 5, 6, "b"))).containsOnly("b");
            journal.putLocal(local("l"));
            journal.putLocal(local("m"));
            journal.removeLocal("m");
        }
        Intent intent = reread();
        assertThat(intent.revision()).isEqualTo(6);
        assertThat(intent.assignments().keySet()).containsExactly("a", "b");
        assertThat(intent.assignment("b").orElseThrow().getRunGeneration()).isEqualTo(6);
        assertThat(intent.locals().keySet()).containsExactly("l");
    }

    @Test
    void theNetworkSurvives() {
        NetworkObject a = NetworkObject.newBuilder().setKey("network/a").build();
        NetworkObject b = NetworkObject.newBuilder().setKey("network/b").build();
        try (Journal journal = Journal.open(folder)) {
            NodeDocument document = document(1, 5).toBuilder().addNetwork(a).build();
            journal.accept(document);
            assertThat(journal.accept(document)).isEmpty();
            journal.accept(
                    delta(1, 5, 6, "i").toBuilder()
                            .addNetworkUpserts(b)
                            .addNetworkRemovals("network/a")
                            .build());
            assertThat(journal.intent().network()).containsOnlyKeys("network/b");
            journal.accept(delta(1, 6, 7, "i"));
            journal.putLocal(local("l"));
        }
        assertThat(reread().network()).isEqualTo(Map.of("network/b", b));
    }

    @Test
    void localsOutliveDocuments() {
        try (Journal journal = Journal.open(folder)) {
            journal.putLocal(local("l"));
            journal.accept(document(1, 5));
            assertThat(journal.intent().locals()).containsKey("l");
        }
    }

    @Test
    void takesAnOlderDocumentThatSupersedesItsTermAlone() {
        try (Journal journal = Journal.open(folder)) {
            journal.accept(document(50, 90, "a", "b").toBuilder().setTermId("lost").build());
            NodeDocument other =
                    document(20, 30, "a").toBuilder()
                            .setTermId("restored")
                            .addSuperseded("another")
                            .build();
            assertThatThrownBy(() -> journal.accept(other)).isInstanceOf(RefusedException.class);

            NodeDocument restored = other.toBuilder().addSuperseded("lost").build();
            assertThat(journal.accept(restored)).containsOnly("b");
            assertThat(journal.accept(restored)).isEmpty();
            assertThat(journal.accept(delta(20, 30, 31, "c"))).containsOnly("c");
        }
        Intent intent = reread();
        assertThat(intent.termId()).isEqualTo("restored");
        assertThat(intent.revision()).isEqualTo(31);
        assertThat(intent.assignments().keySet()).containsExactly("a", "c");
    }

    @Test
    void refusesOlderOtherAndGaps() {
        try (Journal journal = Journal.open(folder)) {
            journal.accept(document(2, 10, "a"));
            Intent before = journal.intent();
            Map<String, Runnable> refused =
                    Map.of(
                            "older revision", () -> journal.accept(document(2, 9, "a")),
                            "older term", () -> journal.accept(document(1, 11, "a")),
                            "newer term, older revision", () -> journal.accept(document(3, 9)),
                            "same revision, other content", () -> journal.accept(document(2, 10)),
                            "gap", () -> journal.accept(delta(2, 11, 12, "a")),
                            "repeat", () -> journal.accept(delta(2, 9, 10, "a")),
                            "delta of another term", () -> journal.accept(delta(3, 10, 11, "a")),
                            "other cluster",
                                    () ->
                                            journal.accept(
                                                    document(3, 11).toBuilder()
                                                            .setClusterId("other")
                                                            .build()));
            refused.forEach(
                    (why, act) ->
                            assertThatThrownBy(act::run)
                                    .as(why)
                                    .isInstanceOf(RefusedException.class)
                                    .hasMessageContaining("expected")
                                    .satisfies(
                                            e -> assertThat(journal.intent()).isEqualTo(before)));
        }
    }

    @Test
    void takesTheSameDocumentAgainAndANewTerm() {
        try (Journal journal = Journal.open(folder)) {
            journal.accept(document(2, 10, "a"));
            assertThat(journal.accept(document(2, 10, "a"))).isEmpty();
            assertThat(journal.accept(document(3, 10, "b"))).containsOnly("a", "b");
        }
        assertThat(reread().term()).isEqualTo(3);
    }

    @Test
    void aTornTailIsCutAtEveryPosition() throws IOException {
        Path file = folder.resolve("journal");
        try (Journal journal = Journal.open(folder)) {
            journal.accept(document(1, 5, "a"));
        }
        long whole = Files.size(file);
        try (Journal journal = Journal.open(folder)) {
            journal.accept(delta(1, 5, 6, "b"));
        }
        byte[] bytes = Files.readAllBytes(file);
        for (int length = (int) whole; length < bytes.length; length++) {
            Files.write(file, Arrays.copyOf(bytes, length));
            assertThat(reread().revision()).as("cut at %s", length).isEqualTo(5);
            assertThat(Files.size(file)).isEqualTo(whole);
        }
        // The journal goes on after a cut.
        try (Journal journal = Journal.open(folder)) {
            journal.accept(delta(1, 5, 7, "c"));
        }
        assertThat(reread().revision()).isEqualTo(7);
    }

    @Test
    void aTailOfZerosOrGarbageIsCut() throws IOException {
        Path file = folder.resolve("journal");
        try (Journal journal = Journal.open(folder)) {
            journal.accept(document(1, 5, "a"));
        }
        byte[] bytes = Files.readAllBytes(file);
        for (byte filler : new byte[] {0, -1, 1}) {
            byte[] longer = Arrays.copyOf(bytes, bytes.length + 100);
            Arrays.fill(longer, bytes.length, longer.length, filler);
            Files.write(file, longer);
            assertThat(reread().revision()).isEqualTo(5);
        }
    }

    @Test
    void damageInTheMiddleRefusesToStartAtEveryByte() throws IOException {
        Path file = folder.resolve("journal");
        try (Journal journal = Journal.open(folder)) {
            journal.accept(document(1, 5, "a"));
        }
        int first = (int) Files.size(file);
        try (Journal journal = Journal.open(folder)) {
            journal.accept(delta(1, 5, 6, "b"));
        }
        byte[] bytes = Files.readAllBytes(file);
        for (int at = 0; at < first; at++) {
            byte[] damaged = bytes.clone();
            damaged[at] ^= 0x40;
            Files.write(file, damaged);
            assertThatThrownBy(() -> Journal.open(folder))
                    .as("byte %s", at)
                    .isInstanceOf(JournalException.class)
                    .hasMessageContaining(file.toString());
        }
        assertThat(Files.readAllBytes(file)).hasSize(bytes.length);
    }

    @Test
    void staysSmall() throws IOException {
        String padding = "x".repeat(10_000);
        try (Journal journal = Journal.open(folder)) {
            journal.accept(document(1, 1));
            for (int i = 1; i <= 1_000; i++) {
                Assignment big =
                        assignment("a", i).toBuilder()
                                .setMetadata(Metadata.newBuilder().putAnnotations("k", padding))
                                .build();
                journal.accept(
                        NodeDelta.newBuilder()
                                .setTerm(1)
                                .setBaseRevision(i)
                                .setRevision(i + 1)
                                .addUpserts(big)
                                .build());
            }
        }
        assertThat(Files.size(folder.resolve("journal"))).isLessThan(1_200_000);
        assertThat(reread().revision()).isEqualTo(1_001);
        assertThat(reread().assignments().get("a").getRunGeneration()).isEqualTo(1_000);
    }

    @Test
    void goesOnWhenTheDiskHasRoomAgain() throws Exception {
        FullAtTimes disk = new FullAtTimes(Disk.at(folder));
        try (Journal journal = Journal.open(disk)) {
            journal.accept(document(1, 5, "a"));
            disk.full = true;
            assertThatThrownBy(() -> journal.accept(delta(1, 5, 6, "b")))
                    .isInstanceOf(JournalException.class)
                    .hasMessageContaining("no space left");
            assertThat(journal.intent().revision()).isEqualTo(5);
            disk.full = false;
            journal.accept(delta(1, 5, 6, "b"));
        }
        assertThat(reread().revision()).isEqualTo(6);
        assertThat(reread().assignments().keySet()).containsExactly("a", "b");
    }

    private static final class FullAtTimes implements Disk {
        private final Disk disk;
        private boolean full;

        FullAtTimes(Disk disk) {
            this.disk = disk;
        }

        private void requireRoom() throws IOException {
            if (full) {
                throw new IOException("no space left on device");
            }
        }

        @Override
        public Optional<byte[]> read(String name) throws IOException {
            return disk.read(name);
        }

        @Override
        public File open(String name) throws IOException {
            return guarded(disk.open(name));
        }

        @Override
        public File create(String name) throws IOException {
            requireRoom();
            return guarded(disk.create(name));
        }

        @Override
        public void rename(String from, String to) throws IOException {
            requireRoom();
            disk.rename(from, to);
        }

        @Override
        public String path(String name) {
            return disk.path(name);
        }

        private File guarded(File file) {
            return new File() {
                @Override
                public void write(long at, ByteBuffer bytes) throws IOException {
                    requireRoom();
                    file.write(at, bytes);
                }

                @Override
                public void force() throws IOException {
                    requireRoom();
                    file.force();
                }

                @Override
                public void truncate(long size) throws IOException {
                    file.truncate(size);
                }

                @Override
                public void close() throws IOException {
                    file.close();
                }
            };
        }
    }

    @Test
    void oneAgentPerFolderAndAnIdentityThatLasts() {
        try (DataDir dir = DataDir.open(folder)) {
            assertThat(dir.identity()).isEmpty();
            dir.identity(new DataDir.Identity("node", "cluster"));
            assertThatThrownBy(() -> DataDir.open(folder))
                    .isInstanceOf(JournalException.class)
                    .hasMessageContaining("another agent");
        }
        try (DataDir dir = DataDir.open(folder)) {
            assertThat(dir.identity()).contains(new DataDir.Identity("node", "cluster"));
        }
    }

    /** Killed at some moment, the journal holds at least what the process said it had written. */
    @Test
    void nothingAcknowledgedIsLostByKill() throws Exception {
        for (int round = 0; round < 3; round++) {
            long acknowledged = writeAndKill(40 + 35 * round);
            assertThat(reread().revision()).isGreaterThanOrEqualTo(acknowledged);
        }
    }

    private long writeAndKill(int lines) throws Exception {
        Process writer =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-XX:TieredStopAtLevel=1",
                                "-cp",
                                System.getProperty("java.class.path"),
                                Writer.class.getName(),
                                folder.toString())
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        long last = 0;
        try (BufferedReader out = writer.inputReader()) {
            for (int i = 0; i < lines; i++) {
                last = Long.parseLong(out.readLine());
            }
        } finally {
            writer.destroyForcibly().waitFor();
        }
        return last;
    }

    /** Writes revisions for ever, and says so. */
    static final class Writer {
        private Writer() {}

        public static void main(String[] args) {
            try (Journal journal = Journal.open(Path.of(args[0]))) {
                long revision = journal.intent().revision();
                List<String> ids = List.of("a", "b", "c");
                if (revision == 0) {
                    revision = 1;
                    journal.accept(document(1, revision, "a"));
                }
                while (true) {
                    String id = ids.get((int) (revision % ids.size()));
                    journal.accept(delta(1, revision, revision + 1, id));
                    revision++;
                    System.out.println(revision);
                }
            }
        }
    }
}
