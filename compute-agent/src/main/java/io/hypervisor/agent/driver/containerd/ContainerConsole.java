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
    // What has ended has output alone.
    private final Optional<FileChannel> input;

    ContainerConsole(String id, ContainerdConfig config, Runs runs) {
        this.id = id;
        this.config = config;
        this.runs = runs;
        this.input = runs.find(id).filter(Runs::isAlive).map(_ -> open(config.input(id)));
    }

    private static FileChannel open(Path fifo) {
        try {
            // Reading too: else opening would block until the shim reads.
            return FileChannel.open(fifo, StandardOpenOption.READ, StandardOpenOption.WRITE);
        } catch (IOException e) {
            throw DriverException.passing("cannot open the console's input", e);
        }
    }

    @Override
    public Path log() {
        return config.log(id);
    }

    @Override
    public void write(byte[] data) {
        ByteBuffer buffer = ByteBuffer.wrap(data);
        try {
            FileChannel channel = input.orElseThrow(() -> Runs.notRunning(id));
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
    public void close() {
        try {
            if (input.isPresent()) {
                input.get().close();
            }
        } catch (IOException e) {
            throw DriverException.passing("cannot close the console's input", e);
        }
    }
}
