package io.hypervisor.network.serve;

import io.hypervisor.core.Tasks;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

/** Passes DNS queries on to the node's resolvers, by UDP. */
final class Forwarder {
    private static final Logger log = LoggerFactory.getLogger(Forwarder.class);
    private static final int MOST_RESOLVERS = 3;
    private static final int MOST_WAITING = 256;
    // So that one guest's slow names leave room for the others'.
    private static final int MOST_OF_ONE = 32;
    private static final int WAIT_MILLIS = 2_000;
    private static final int MOST_BYTES = 4_096;

    private final Path resolvConf;
    private final int port;
    private final Executor executor;
    private final Map<Integer, Integer> waiting = new HashMap<>();
    private int all;

    /**
     * Passes on to the servers that a file names.
     *
     * @param resolvConf as resolv.conf(5); read for each query, because its writers do not tell
     * @param port where they listen
     */
    Forwarder(Path resolvConf, int port, Tasks tasks) {
        this.resolvConf = resolvConf;
        this.port = port;
        this.executor = tasks.concurrent("dns");
    }

    /**
     * Asks for a guest.
     *
     * @param guest who asks, for the bounds
     * @param answer gets the message of the first resolver that answers; nothing: none did, or too
     *     many queries wait
     */
    void forward(int guest, ByteBuffer query, Consumer<Optional<ByteBuffer>> answer) {
        if (!enter(guest)) {
            answer.accept(Optional.empty());
            return;
        }
        executor.execute(
                () -> {
                    Optional<ByteBuffer> found;
                    try {
                        found = ask(query);
                    } finally {
                        leave(guest);
                    }
                    answer.accept(found);
                });
    }

    private synchronized boolean enter(int guest) {
        int own = waiting.getOrDefault(guest, 0);
        if (all >= MOST_WAITING || own >= MOST_OF_ONE) {
            return false;
        }
        waiting.put(guest, own + 1);
        all++;
        return true;
    }

    private synchronized void leave(int guest) {
        int left = waiting.get(guest) - 1;
        if (left > 0) {
            waiting.put(guest, left);
        } else {
            waiting.remove(guest);
        }
        all--;
    }

    private Optional<ByteBuffer> ask(ByteBuffer query) {
        byte[] message = new byte[query.remaining()];
        query.duplicate().get(message);
        for (InetAddress resolver : resolvers()) {
            try {
                return Optional.of(ask(resolver, message));
            } catch (IOException e) {
                log.debug("resolver={}: {}", resolver, e.getMessage());
            }
        }
        return Optional.empty();
    }

    private ByteBuffer ask(InetAddress resolver, byte[] message) throws IOException {
        // A socket for each query: its number, which nobody can guess, tells answers from
        // forgeries.
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.connect(new InetSocketAddress(resolver, port));
            socket.setSoTimeout(WAIT_MILLIS);
            socket.send(new DatagramPacket(message, message.length));
            DatagramPacket answer = new DatagramPacket(new byte[MOST_BYTES], MOST_BYTES);
            socket.receive(answer);
            byte[] data = answer.getData();
            if (answer.getLength() < 4 || data[0] != message[0] || data[1] != message[1]) {
                throw new IOException("an answer to something else");
            }
            return ByteBuffer.wrap(data, 0, answer.getLength());
        }
    }

    private List<InetAddress> resolvers() {
        try {
            return Files.readAllLines(resolvConf, StandardCharsets.UTF_8).stream()
                    .map(line -> line.strip().split("\\s+"))
                    .filter(words -> words.length > 1 && words[0].equals("nameserver"))
                    .flatMap(words -> literal(words[1]).stream())
                    .limit(MOST_RESOLVERS)
                    .toList();
        } catch (IOException e) {
            log.debug("cannot read {}: {}", resolvConf, e.getMessage());
            return List.of();
        }
    }

    private static Optional<InetAddress> literal(String text) {
        try {
            return Optional.of(InetAddress.ofLiteral(text));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
