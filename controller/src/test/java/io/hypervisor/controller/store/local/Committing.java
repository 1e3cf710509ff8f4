package io.hypervisor.controller.store.local;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;

import io.hypervisor.controller.store.Ballot;
import io.hypervisor.controller.store.Store;
import io.hypervisor.controller.store.Term;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.VirtualTasks;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** A process that commits until it is killed, and prints every revision that it got. */
final class Committing {
    private static final int KEYS = 10;

    private Committing() {}

    static Process start(Path file) throws IOException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        return new ProcessBuilder(
                        java,
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Committing.class.getName(),
                        file.toString())
                .start();
    }

    /** All keys were written by the last revision, with its number: no commit is there in part. */
    static void check(Store.Loaded loaded) {
        ByteString number = ByteString.copyFromUtf8(Long.toString(loaded.revision()));
        assertThat(loaded.entries())
                .hasSize(KEYS)
                .allMatch(entry -> entry.revision() == loaded.revision())
                .allMatch(entry -> entry.value().equals(number));
    }

    /** The revision of a line that was printed to its end. */
    static Optional<Long> revision(String line) {
        return line.endsWith(".")
                ? Optional.of(Long.valueOf(line.substring(0, line.length() - 1)))
                : Optional.empty();
    }

    public static void main(String[] args) {
        Tasks tasks = new VirtualTasks();
        Store store = LocalStore.open(Path.of(args[0]), tasks);
        Term term = Ballot.of(store).won();
        long revision = store.load().revision();
        while (true) {
            ByteString number = ByteString.copyFromUtf8(Long.toString(revision + 1));
            List<Store.Write> writes =
                    IntStream.range(0, KEYS)
                            .mapToObj(i -> new Store.Write("a/" + i, Optional.of(number)))
                            .toList();
            revision = store.commit(term, writes);
            System.out.println(revision + ".");
        }
    }
}
