package io.hypervisor.agent.image;

import io.hypervisor.agent.driver.DriverException;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * What a disk image says of itself, when it refers to no other file. Read here, by our own few
 * lines: asking QEMU about a file would already make it open what the file refers to.
 *
 * @param format "qcow2" or "raw"
 * @param virtualBytes size of the disk that it holds
 */
public record DiskHeader(String format, long virtualBytes) {
    private static final int QCOW2 = 0x514649fb;
    private static final int LENGTH = 80;
    // Where a tar says so.
    private static final int BEGINNING = 262;
    private static final long CORRUPT = 1 << 1;
    private static final long EXTERNAL_DATA = 1 << 2;
    private static final long KNOWN_FEATURES = (1 << 5) - 1;
    private static final int MAX_BACKING = 1023;
    private static final int LEAST_CLUSTER_BITS = 9;
    private static final int MOST_CLUSTER_BITS = 21;

    /** What would boot as garbage if it were taken for a raw disk. */
    private static final Map<String, String> OTHERS =
            Map.of(
                    "KDMV", "the format vmdk",
                    "COWD", "the format vmdk",
                    "# Disk DescriptorFile", "the format vmdk",
                    "conectix", "the format vhd",
                    "vhdxfile", "the format vhdx",
                    "QED\0", "the format qed",
                    "LUKS\u00ba\u00be", "encrypted content",
                    "\u001f\u008b", "compressed content",
                    "\u00fd7zXZ\0", "compressed content",
                    "PK\u0003\u0004", "compressed content");

    /**
     * Reads a file's header.
     *
     * @throws DriverException permanent, when it is none of a complete qcow2 or raw image
     */
    public static DiskHeader read(Path path) {
        try (FileChannel file = FileChannel.open(path)) {
            ByteBuffer header = begin(file, BEGINNING);
            if (header.limit() < Integer.BYTES || header.getInt(0) != QCOW2) {
                refuseOthers(path, header);
                return new DiskHeader("raw", file.size());
            }
            if (header.limit() < LENGTH) {
                throw refused(path, "a cut qcow2 file");
            }
            return qcow2(path, header);
        } catch (IOException e) {
            throw DriverException.passing("cannot read image " + path + ": " + e.getMessage(), e);
        }
    }

    private static ByteBuffer begin(FileChannel file, int length) throws IOException {
        ByteBuffer header = ByteBuffer.allocate(length);
        while (header.hasRemaining() && file.read(header) >= 0) {}
        return header.flip();
    }

    private static void refuseOthers(Path path, ByteBuffer header) {
        byte[] bytes = new byte[header.limit()];
        header.get(0, bytes);
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        OTHERS.forEach(
                (magic, what) -> {
                    if (text.startsWith(magic)) {
                        throw refused(path, what);
                    }
                });
        if (text.startsWith("<<< ") && text.contains("Disk Image")) {
            throw refused(path, "the format vdi");
        }
        if (text.startsWith("ustar", BEGINNING - 5)) {
            throw refused(path, "a tar archive");
        }
    }

    private static DiskHeader qcow2(Path path, ByteBuffer header) {
        int version = header.getInt(4);
        if (version != 2 && version != 3) {
            throw refused(path, "qcow2 version " + Integer.toUnsignedString(version));
        }
        if (header.getLong(8) != 0 || header.getInt(16) != 0) {
            throw refused(path, "a backing file");
        }
        if (header.getInt(32) != 0) {
            throw refused(path, "encrypted content");
        }
        long features = version == 3 ? header.getLong(72) : 0;
        if ((features & EXTERNAL_DATA) != 0) {
            throw refused(path, "an external data file");
        }
        if ((features & CORRUPT) != 0) {
            throw refused(path, "a mark that it is corrupt");
        }
        if ((features & ~KNOWN_FEATURES) != 0) {
            throw refused(path, "features that are not known");
        }
        int clusterBits = header.getInt(20);
        if (clusterBits < LEAST_CLUSTER_BITS || clusterBits > MOST_CLUSTER_BITS) {
            throw refused(path, "clusters of a size that qcow2 does not have");
        }
        long size = header.getLong(24);
        if (size < 0) {
            throw refused(path, "a size of " + Long.toUnsignedString(size) + " bytes");
        }
        return new DiskHeader("qcow2", size);
    }

    private static DriverException refused(Path path, String what) {
        return DriverException.permanent(
                "image " + path + ": has " + what + " (expected: one complete qcow2 or raw file)");
    }

    /** The size of the disk that a qcow2 file of our own holds. */
    public static long ownBytes(Path disk) {
        try (FileChannel file = FileChannel.open(disk)) {
            ByteBuffer header = begin(file, LENGTH);
            if (header.limit() < LENGTH || header.getInt(0) != QCOW2) {
                throw DriverException.passing("disk " + disk + " is no qcow2 file", null);
            }
            return header.getLong(24);
        } catch (IOException e) {
            throw DriverException.passing("cannot read disk " + disk + ": " + e.getMessage(), e);
        }
    }

    /** What a disk of our own is an overlay of; empty for another file, or one that is not done. */
    static Optional<String> backing(Path disk) throws IOException {
        try (FileChannel file = FileChannel.open(disk)) {
            ByteBuffer header = begin(file, LENGTH);
            if (header.limit() < LENGTH || header.getInt(0) != QCOW2 || header.getLong(8) == 0) {
                return Optional.empty();
            }
            int length = header.getInt(16);
            ByteBuffer name = ByteBuffer.allocate(Math.clamp(length, 0, MAX_BACKING));
            int read = file.read(name, header.getLong(8));
            return Optional.of(
                    new String(name.array(), 0, Math.max(0, read), StandardCharsets.UTF_8));
        }
    }
}
