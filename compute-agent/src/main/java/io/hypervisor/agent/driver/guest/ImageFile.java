package io.hypervisor.agent.driver.guest;

import io.hypervisor.agent.driver.DriverException;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/**
 * A disk image that refers to no other file. Its header is read here, by our own few lines: asking
 * QEMU about a file would already make it open what the file refers to.
 *
 * @param format "qcow2" or "raw"
 * @param virtualBytes size of the disk that it holds
 */
public record ImageFile(Path path, String format, long virtualBytes) {
    private static final int MAGIC = 0x514649fb;
    private static final int HEADER = 80;
    private static final int EXTERNAL_DATA = 1 << 2;

    /** The size of the disk that a qcow2 file of our own holds. */
    static long qcow2Bytes(Path path) {
        try (FileChannel file = FileChannel.open(path)) {
            ByteBuffer header = ByteBuffer.allocate(HEADER);
            while (header.hasRemaining() && file.read(header) >= 0) {}
            if (header.hasRemaining() || header.getInt(0) != MAGIC) {
                throw DriverException.passing("disk " + path + " is no qcow2 file", null);
            }
            return header.getLong(24);
        } catch (IOException e) {
            throw DriverException.passing("cannot read disk " + path + ": " + e.getMessage(), e);
        }
    }

    static ImageFile inspect(Path path) {
        try (FileChannel file = FileChannel.open(path)) {
            ByteBuffer header = ByteBuffer.allocate(HEADER);
            while (header.hasRemaining() && file.read(header) >= 0) {}
            if (header.position() < Integer.BYTES || header.getInt(0) != MAGIC) {
                return new ImageFile(path, "raw", file.size());
            }
            if (header.hasRemaining()) {
                throw refused(path, "a cut qcow2 file");
            }
            return qcow2(path, header);
        } catch (IOException e) {
            throw DriverException.passing("cannot read image " + path + ": " + e.getMessage(), e);
        }
    }

    private static ImageFile qcow2(Path path, ByteBuffer header) {
        int version = header.getInt(4);
        if (version != 2 && version != 3) {
            throw refused(path, "qcow2 version " + version);
        }
        if (header.getLong(8) != 0) {
            throw refused(path, "a backing file");
        }
        if (header.getInt(32) != 0) {
            throw refused(path, "encrypted content");
        }
        if (version == 3 && (header.getLong(72) & EXTERNAL_DATA) != 0) {
            throw refused(path, "an external data file");
        }
        return new ImageFile(path, "qcow2", header.getLong(24));
    }

    private static DriverException refused(Path path, String what) {
        return DriverException.permanent(
                "image " + path + ": has " + what + " (expected: one complete qcow2 or raw file)");
    }
}
