package io.hypervisor.controller;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;

/** Ports of 127.0.0.1 for servers that a test is about to start. */
public final class FreePort {
    private FreePort() {}

    /**
     * A port that nothing listens on, and that nobody else is given for a minute: a connection
     * whose listening side closed first keeps it from all who ask for any port, but not from a
     * server that asks for this one.
     */
    public static int next() {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                Socket client = new Socket(server.getInetAddress(), server.getLocalPort())) {
            server.accept().close();
            int end = client.getInputStream().read();
            if (end >= 0) {
                throw new IllegalStateException("the other side closes and says nothing");
            }
            return server.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Host and port. */
    public static String address() {
        return "127.0.0.1:" + next();
    }
}
