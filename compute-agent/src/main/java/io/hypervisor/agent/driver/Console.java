package io.hypervisor.agent.driver;

import java.nio.file.Path;

/**
 * An instance's console. What the instance writes is appended to a log file by whatever runs the
 * instance, so that nothing is lost while no agent is there; readers follow that file, any number
 * of them. Input goes through this object.
 */
public interface Console extends AutoCloseable {
    /** The file that output is appended to, a {@link KeptLog}. May not exist yet. */
    Path log();

    /** Types bytes. Blocks while the instance does not read. */
    void write(byte[] data);

    /** Tells the instance's terminal its size; nothing where it has none. */
    void resize(int columns, int rows);

    @Override
    void close();
}
