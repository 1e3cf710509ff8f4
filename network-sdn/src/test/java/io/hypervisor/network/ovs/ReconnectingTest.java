package io.hypervisor.network.ovs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypervisor.core.VirtualTasks;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Servers that do not speak the protocol, played by hand. */
class ReconnectingTest {
    @TempDir Path folder;
    private final VirtualTasks tasks = new VirtualTasks();
    private ServerSocketChannel server;

    @BeforeEach
    void listen() throws IOException {
        server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(folder.resolve("socket")));
    }

    @AfterEach
    void close() throws IOException {
        server.close();
        tasks.close();
    }

    private void says(String text) throws IOException {
        says(text.getBytes(StandardCharsets.UTF_8));
    }

    private void says(byte[] bytes) throws IOException {
        try (SocketChannel client = server.accept()) {
            // It asks first.
            client.read(ByteBuffer.allocate(1));
            client.write(ByteBuffer.wrap(bytes));
            client.shutdownOutput();
            // Until the other end gives up.
            while (client.read(ByteBuffer.allocate(1000)) >= 0) {}
        } catch (SocketException e) {
            // It gave up before it read all.
        }
    }

    @Test
    void aDatabaseThatTalksNonsenseIsLeftAndTriedAgain() throws IOException {
        try (Ovsdb ovsdb =
                new Ovsdb(
                        folder.resolve("socket"),
                        "Open_vSwitch",
                        Map.of("Bridge", List.of("name")),
                        tasks,
                        () -> {})) {
            ovsdb.start();
            says("");
            says("HTTP/1.1 400 Bad Request\r\n\r\n");
            says("{\"id\":1,\"result\":");
            says("[1,2,3]");
            says("{\"id\":1,\"result\":{\"Bridge\":7},\"error\":null}");
            says("{\"id\":1,\"result\":null,\"error\":\"unknown database\"}");
            says("{\"id\":null,\"method\":\"update\",\"params\":null}");
            says("[".repeat(100_000));
            assertThat(ovsdb.connected()).isFalse();

            String rows = "{\"Bridge\":{\"u\":{\"new\":{\"name\":\"br\"}}}}";
            says("{\"id\":1,\"result\":" + rows + ",\"error\":null}");
            await().until(() -> ovsdb.tables().named("Bridge", "br").isPresent());
        }
    }

    @Test
    void aSwitchThatTalksNonsenseIsLeftAndTriedAgain() throws IOException {
        try (PacketChannel channel =
                new PacketChannel(folder.resolve("socket"), tasks, packet -> {}, () -> {})) {
            channel.start();
            says("");
            says(new byte[] {4, 0, 0, 0, 0, 0, 0, 0});
            says(new byte[] {4, 0, 0, 8, 0, 0});
            says(new byte[] {4, OpenFlow.ERROR, 0, 9, 0, 0, 0, 77, 1});
            says(new byte[] {4, OpenFlow.PACKET_IN, 0, 9, 0, 0, 0, 0, 1});
            says("HTTP/1.1 400 Bad Request\r\n\r\n");
            assertThat(channel.connection()).isZero();
        }
    }
}
