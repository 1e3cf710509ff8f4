package io.hypervisor.agent.journal;

import com.google.protobuf.util.JsonFormat;

import io.hypervisor.api.internal.v1.NodeHello;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * The agent's data folder: one agent at a time, and the file that says who the node is. The kernel
 * gives the lock back when the process dies.
 */
public final class DataDir implements AutoCloseable {
    private static final String IDENTITY = "identity.json";

    private final Path root;
    private final Disk disk;
    private final Closeable lock;

    private DataDir(Path root, Disk disk, Closeable lock) {
        this.root = root;
        this.disk = disk;
        this.lock = lock;
    }

    /** A folder on a disk that nobody else can reach, such as a simulated one. */
    public static DataDir on(Disk disk, Path root) {
        return new DataDir(root, disk, () -> {});
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
            Disk disk = Disk.at(root);
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
            return new DataDir(root, disk, channel);
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

    /** The disk that holds the folder's own files. */
    public Disk disk() {
        return disk;
    }

    /** Who the node is; empty before its first registration. */
    public Optional<Identity> identity() {
        try {
            Optional<byte[]> bytes = disk.read(IDENTITY);
            if (bytes.isEmpty()) {
                return Optional.empty();
            }
            NodeHello.Builder json = NodeHello.newBuilder();
            JsonFormat.parser().merge(new String(bytes.get(), StandardCharsets.UTF_8), json);
            return Optional.of(new Identity(json.getNodeId(), json.getClusterId()));
        } catch (IOException e) {
            throw new JournalException(
                    "cannot read " + disk.path(IDENTITY) + ": " + e.getMessage(), e);
        }
    }

    /** Keeps who the node is; on the disk when this returns. */
    public void identity(Identity identity) {
        String next = IDENTITY + ".new";
        try {
            String json =
                    JsonFormat.printer()
                            .print(
                                    NodeHello.newBuilder()
                                            .setNodeId(identity.nodeId())
                                            .setClusterId(identity.clusterId()));
            try (Disk.File out = disk.create(next)) {
                out.write(0, ByteBuffer.wrap(json.getBytes(StandardCharsets.UTF_8)));
                out.force();
            }
            disk.rename(next, IDENTITY);
        } catch (IOException e) {
            throw new JournalException(
                    "cannot write " + disk.path(IDENTITY) + ": " + e.getMessage(), e);
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
}
