package io.hypervisor.network.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypervisor.core.VirtualTasks;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

class ForwarderTest {
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final ByteBuffer QUERY = ByteBuffer.wrap(new byte[] {7, 9, 1, 0});

    @TempDir Path folder;
    private final VirtualTasks tasks = new VirtualTasks();
    private final DatagramSocket resolver =
            new DatagramSocket(0, InetAddress.ofLiteral("127.0.0.1"));
    private final Queue<Optional<ByteBuffer>> answers = new ConcurrentLinkedQueue<>();

    ForwarderTest() throws IOException {}

    @AfterEach
    void close() {
        resolver.close();
        tasks.close();
    }

    private Forwarder forwarder(String resolvConf) throws IOException {
        Path file = Files.writeString(folder.resolve("resolv.conf"), resolvConf);
        return new Forwarder(file, resolver.getLocalPort(), tasks);
    }

    private DatagramPacket asked() throws IOException {
        DatagramPacket packet = new DatagramPacket(new byte[100], 100);
        resolver.receive(packet);
        return packet;
    }

    private void answer(DatagramPacket asked, byte... message) throws IOException {
        resolver.send(new DatagramPacket(message, message.length, asked.getSocketAddress()));
    }

    @Test
    void passesOnAndBack() throws IOException {
        Forwarder forwarder = forwarder("search x\n# nameserver 192.0.2.1\nnameserver 127.0.0.1\n");
        forwarder.forward(1, QUERY, answers::add);
        DatagramPacket asked = asked();
        assertThat(ByteBuffer.wrap(asked.getData(), 0, asked.getLength())).isEqualTo(QUERY);
        answer(asked, (byte) 7, (byte) 9, (byte) 0x81, (byte) 0, (byte) 5);
        await().atMost(LONG).until(() -> answers.size() == 1);
        assertThat(answers.remove().orElseThrow().remaining()).isEqualTo(5);
    }

    @Test
    void anAnswerToSomethingElseIsNone() throws IOException {
        forwarder("nameserver 127.0.0.1").forward(1, QUERY, answers::add);
        answer(asked(), (byte) 7, (byte) 8, (byte) 0x81, (byte) 0);
        await().atMost(LONG).until(() -> answers.size() == 1);
        assertThat(answers.remove()).isEmpty();
    }

    @Test
    void withoutResolversThereIsNoAnswer() throws IOException {
        forwarder("nameserver nonsense\nnameserver\n").forward(1, QUERY, answers::add);
        await().atMost(LONG).until(() -> answers.size() == 1);
        assertThat(answers.remove()).isEmpty();
    }

    @Test
    void oneGuestLeavesRoomForOthers() throws IOException {
        Forwarder forwarder = forwarder("nameserver 127.0.0.1");
        for (int i = 0; i < 33; i++) {
            forwarder.forward(1, QUERY, answers::add);
        }
        // The resolver has answered none: the last of them was one too many.
        assertThat(answers).hasSize(1);
        assertThat(answers.remove()).isEmpty();
        Queue<Optional<ByteBuffer>> others = new ConcurrentLinkedQueue<>();
        forwarder.forward(2, QUERY, others::add);
        assertThat(others).isEmpty();
    }
}
