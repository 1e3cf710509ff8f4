package io.hypervisor.agent.driver.guest;

import io.hypervisor.agent.driver.Console;
import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.core.Tasks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;

/**
 * Input to serial ports. QEMU serves one connection at a time, so each port has one here, made by
 * the first write and kept until the guest ends: a connection that closes takes along what the
 * guest has not read yet.
 *
 * <p>What comes back is thrown away, because QEMU writes it to the log as well; but it has to be
 * read, or the guest would wait for us.
 */
public final class SerialPorts implements AutoCloseable {
    private static final int BUFFER = 16 * 1024;

    private final Executor readers;
    private final Map<Path, Port> ports = new ConcurrentHashMap<>();

    /** Connected to none yet. */
    public SerialPorts(Tasks tasks) {
        this.readers = tasks.concurrent("serial-port");
    }

    /** The console of the instance with this folder. */
    public Console console(Path folder) {
        return new Console() {
            @Override
            public Path log() {
                return InstanceFolders.consoleLog(folder);
            }

            @Override
            public void write(byte[] data) {
                SerialPorts.this.write(InstanceFolders.consoleSocket(folder), data);
            }

            @Override
            public void resize(int columns, int rows) {
                // A serial port has no size.
            }

            @Override
            public void close() {
                // The port stays connected: others may write to it, and QEMU may still read.
            }
        };
    }

    /** Types into the port that listens at a path. Blocks while the guest does not read. */
    private void write(Path socket, byte[] data) {
        Port port = ports.computeIfAbsent(socket, this::connect);
        try {
            port.write(data);
        } catch (IOException e) {
            forget(socket, port);
            throw unreachable(e);
        }
    }

    private Port connect(Path socket) {
        try {
            Port port = new Port(SocketChannel.open(UnixDomainSocketAddress.of(socket)));
            readers.execute(
                    () -> {
                        port.drain();
                        forget(socket, port);
                    });
            return port;
        } catch (IOException e) {
            throw unreachable(e);
        }
    }

    private static DriverException unreachable(IOException e) {
        return DriverException.passing("the serial port does not answer: " + e.getMessage(), e);
    }

    private void forget(Path socket, Port port) {
        ports.remove(socket, port);
        port.close();
    }

    @Override
    public void close() {
        ports.values().forEach(Port::close);
    }

    /** One connection. */
    private static final class Port {
        private final SocketChannel channel;

        Port(SocketChannel channel) {
            this.channel = channel;
        }

        /** One writer at a time, so that what two users type is not mixed within a message. */
        synchronized void write(byte[] data) throws IOException {
            ByteBuffer left = ByteBuffer.wrap(data);
            while (left.hasRemaining()) {
                channel.write(left);
            }
        }

        void drain() {
            ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
            try {
                while (channel.read(buffer) >= 0) {
                    buffer.clear();
                }
            } catch (IOException closed) {
                // The guest has ended, or the driver is closed: either way nothing more to read.
                close();
            }
        }

        void close() {
            try {
                channel.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
