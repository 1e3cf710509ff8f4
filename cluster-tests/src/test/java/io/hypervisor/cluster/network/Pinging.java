package io.hypervisor.cluster.network;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/** A flow of fifty packets a second, each of which is answered, or counted as lost. */
record Pinging(Process ping, Path answers) implements AutoCloseable {
    private static final Duration SOON = Duration.ofSeconds(15);
    private static final Pattern SEQUENCE = Pattern.compile("icmp_seq=([0-9]+) ttl");

    /** Has begun when it returns. */
    static Pinging start(Endpoint from, String address) {
        try {
            Path answers = Files.createTempFile("pinging", "");
            Process ping = from.guest.start(answers, "ping", "-n", "-i", "0.02", address);
            Pinging pinging = new Pinging(ping, answers);
            pinging.awaitMore();
            return pinging;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits until some more are answered. */
    void awaitMore() {
        int before = answered().size();
        await().atMost(SOON).until(() -> answered().size() > before + 10);
    }

    /** Numbers of packets that were not answered, although later ones were. */
    List<Integer> lost() {
        List<Integer> answered = answered();
        int last = answered.stream().mapToInt(n -> n).max().orElse(0);
        return IntStream.rangeClosed(1, last).boxed().filter(n -> !answered.contains(n)).toList();
    }

    private List<Integer> answered() {
        try {
            return SEQUENCE.matcher(Files.readString(answers))
                    .results()
                    .map(found -> Integer.parseInt(found.group(1)))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        ping.destroyForcibly().onExit().join();
        try {
            Files.delete(answers);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
