package io.hypervisor.agent.driver.containerd;

import io.hypervisor.agent.driver.Console;
import io.hypervisor.agent.driver.DriverException;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/** A container's input FIFO and log. */
final class ContainerConsole implements Console {
    private final String id;
    private final ContainerdConfig config;
    private final Runs runs;
    private Optional<FileChannel> input = Optional.empty();

    ContainerConsole(String id, ContainerdConfig config, Runs runs) {
        this.id = id;
        this.config = config;
        this.runs = runs;
    }

    // Not before it is needed: what has ended has output alone.
    private synchronized FileChannel input() throws IOException {
        if (input.isEmpty()) {
            var _ = runs.alive(id);
            // Reading too: else opening would block until the shim reads.
            input =
                    Optional.of(
                            FileChannel.open(
                                    config.input(id),
                                    StandardOpenOption.READ,
                                    StandardOpenOption.WRITE));
        }
        return input.get();
    }

    @Override
    public Path log() {
        return config.log(id);
    }

    @Override
    public void write(byte[] data) {
        ByteBuffer buffer = ByteBuffer.wrap(data);
        try {
            FileChannel channel = input();
            while (buffer.hasRemaining()) {
                channel.write(buffer);
            }
        } catch (IOException e) {
            throw DriverException.passing("cannot write to the console's input", e);
        }
    }

    @Override
    public void resize(int columns, int rows) {
        runs.resize(id, columns, rows);
    }

    @Override
    public synchronized void close() {
        try {
            if (input.isPresent()) {
                input.get().close();
            }
        } catch (IOException e) {
            throw DriverException.passing("cannot close the console's input", e);
        }
    }
}
