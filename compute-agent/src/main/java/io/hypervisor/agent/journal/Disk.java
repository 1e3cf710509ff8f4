package io.hypervisor.agent.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The few things that the journal and the identity ask of a folder's file system; so few that a
 * simulation can play a disk that loses, tears and fills up.
 */
public interface Disk {
    /** A file that is written; only what was forced survives a crash. */
    interface File extends AutoCloseable {
        /** Writes all of these bytes at a position. */
        void write(long at, ByteBuffer bytes) throws IOException;

        /** Puts everything written on the disk. */
        void force() throws IOException;

        /** Cuts the file. */
        void truncate(long size) throws IOException;

        @Override
        void close() throws IOException;
    }

    /** The content of a file; empty if there is none. */
    Optional<byte[]> read(String name) throws IOException;

    /** Opens a file that exists. */
    File open(String name) throws IOException;

    /** Makes a new, empty file, in the place of an older one. */
    File create(String name) throws IOException;

    /** Puts one file in the place of another, in one step that is durable when this returns. */
    void rename(String from, String to) throws IOException;

    /** How people find a file. */
    String path(String name);

    /** A folder of this machine, made if need be. */
    static Disk at(Path folder) throws IOException {
        return new FolderDisk(folder);
    }
}
