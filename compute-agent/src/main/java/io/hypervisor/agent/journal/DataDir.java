package io.hypervisor.agent.journal;

import com.google.protobuf.util.JsonFormat;

import io.hypervisor.api.internal.v1.NodeHello;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * The agent's data folder: one agent at a time, and the file that says who the node is. The kernel
 * gives the lock back when the process dies.
 */
public final class DataDir implements AutoCloseable {
    private final Path root;
    private final FileChannel lock;

    private DataDir(Path root, FileChannel lock) {
        this.root = root;
        this.lock = lock;
    }

    /** Who the node is, once it has registered. */
    public record Identity(String nodeId, String clusterId) {}

    /**
     * Opens the folder, made if need be, for this process alone.
     *
     * @throws JournalException if another agent has it, or it cannot be written
     */
    public static DataDir open(Path root) {
        try {
            Files.createDirectories(root);
            FileChannel channel =
                    FileChannel.open(
                            root.resolve("lock"),
                            StandardOpenOption.CREATE,
                            StandardOpenOption.WRITE);
            if (!locked(channel)) {
                channel.close();
                throw new JournalException(
                        "another agent uses the data folder " + root + " (expected: its own)");
            }
            return new DataDir(root, channel);
        } catch (IOException e) {
            throw new JournalException("cannot use the data folder " + root + ": " + e, e);
        }
    }

    private static boolean locked(FileChannel channel) throws IOException {
        try {
            FileLock held = channel.tryLock();
            return held != null;
        } catch (OverlappingFileLockException e) {
            return false;
        }
    }

    /** The folder. */
    public Path root() {
        return root;
    }

    /** Who the node is; empty before its first registration. */
    public Optional<Identity> identity() {
        Path path = root.resolve("identity.json");
        if (!Files.exists(path)) {
            return Optional.empty();
        }
        try {
            NodeHello.Builder json = NodeHello.newBuilder();
            JsonFormat.parser().merge(Files.readString(path), json);
            return Optional.of(new Identity(json.getNodeId(), json.getClusterId()));
        } catch (IOException e) {
            throw new JournalException("cannot read " + path + ": " + e.getMessage(), e);
        }
    }

    /** Keeps who the node is; on the disk when this returns. */
    public void identity(Identity identity) {
        Path path = root.resolve("identity.json");
        Path next = root.resolve("identity.json.new");
        try {
            String json =
                    JsonFormat.printer()
                            .print(
                                    NodeHello.newBuilder()
                                            .setNodeId(identity.nodeId())
                                            .setClusterId(identity.clusterId()));
            try (FileChannel out =
                    FileChannel.open(
                            next,
                            StandardOpenOption.CREATE,
                            StandardOpenOption.TRUNCATE_EXISTING,
                            StandardOpenOption.WRITE)) {
                ByteBuffer bytes = ByteBuffer.wrap(json.getBytes(StandardCharsets.UTF_8));
                while (bytes.hasRemaining()) {
                    out.write(bytes);
                }
                out.force(true);
            }
            Files.move(next, path, StandardCopyOption.ATOMIC_MOVE);
            force(root);
        } catch (IOException e) {
            throw new JournalException("cannot write " + path + ": " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        try {
            lock.close();
        } catch (IOException e) {
            throw new JournalException("cannot close the lock of " + root, e);
        }
    }

    /** Makes a rename within the folder durable. */
    static void force(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
