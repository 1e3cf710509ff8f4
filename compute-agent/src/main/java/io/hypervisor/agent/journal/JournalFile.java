package io.hypervisor.agent.journal;

import com.google.protobuf.InvalidProtocolBufferException;

import io.hypervisor.api.internal.v1.JournalRecord;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * A file of framed records: a magic, then for each record its length, the CRC32C of the length, the
 * CRC32C of the payload (all big-endian 32 bits) and the payload.
 *
 * <p>Only the last record can be torn, because every append is on the disk before the next begins.
 * So what cannot be read is cut if nothing readable follows it, and is damage otherwise. The length
 * has a checksum of its own so that a damaged length does not pass for a torn tail.
 */
final class JournalFile implements AutoCloseable {
    private static final byte[] MAGIC = "HVJRNL01".getBytes(StandardCharsets.US_ASCII);
    private static final int HEADER = 12;
    // A document of 100,000 instances of 1 KiB each.
    private static final int MAX_RECORD = 128 * 1024 * 1024;

    private final Disk disk;
    private final String name;
    private Disk.File file;
    private long end;

    private JournalFile(Disk disk, String name, Disk.File file, long end) {
        this.disk = disk;
        this.name = name;
        this.file = file;
        this.end = end;
    }

    /** What opening a file gives: the file, cut to what is whole, and its records. */
    record Opened(JournalFile file, List<JournalRecord> records, long cut) {}

    static Opened open(Disk disk, String name) throws IOException {
        Optional<byte[]> bytes = disk.read(name);
        if (bytes.isEmpty()) {
            return new Opened(write(disk, name, List.of()), List.of(), 0);
        }
        ByteBuffer content = ByteBuffer.wrap(bytes.get());
        checkMagic(disk.path(name), content);
        List<JournalRecord> records = new ArrayList<>();
        long whole = parse(disk.path(name), content, records);
        Disk.File file = disk.open(name);
        long cut = bytes.get().length - whole;
        if (cut > 0) {
            file.truncate(whole);
        }
        // What was read may have been written by a process that died before it had forced it.
        file.force();
        return new Opened(new JournalFile(disk, name, file, whole), records, cut);
    }

    private static void checkMagic(String path, ByteBuffer content) {
        byte[] magic = new byte[Math.min(MAGIC.length, content.remaining())];
        content.get(magic);
        if (!Arrays.equals(magic, MAGIC)) {
            throw new JournalException(
                    path
                            + " is not a journal. The node's instances run on untouched. Move the"
                            + " file away to start with an empty one: the controller sends what it"
                            + " wants again, local instances have to be created again");
        }
    }

    /** Reads records until the end or the first torn one; returns where the whole ones end. */
    private static long parse(String path, ByteBuffer content, List<JournalRecord> records) {
        while (content.hasRemaining()) {
            int start = content.position();
            if (!frameAt(content, start)) {
                if (frameFollows(content, start + 1)) {
                    throw new JournalException(
                            path
                                    + " is damaged at byte "
                                    + start
                                    + ": whole records follow one that is not. The node's instances"
                                    + " run on untouched. Restore the file, or move it away: the"
                                    + " controller sends what it wants again, local instances have"
                                    + " to be created again");
                }
                return start;
            }
            int length = content.getInt(start);
            records.add(decode(path, start, content.slice(start + HEADER, length)));
            content.position(start + HEADER + length);
        }
        return content.position();
    }

    private static JournalRecord decode(String path, int start, ByteBuffer payload) {
        try {
            return JournalRecord.parseFrom(payload);
        } catch (InvalidProtocolBufferException e) {
            throw new JournalException(path + ": record at byte " + start + " is no record", e);
        }
    }

    private static boolean frameFollows(ByteBuffer content, int from) {
        for (int at = from; at <= content.limit() - HEADER; at++) {
            if (frameAt(content, at)) {
                return true;
            }
        }
        return false;
    }

    private static boolean frameAt(ByteBuffer content, int at) {
        if (content.limit() - at < HEADER) {
            return false;
        }
        int length = content.getInt(at);
        return length > 0
                && length <= content.limit() - at - HEADER
                && content.getInt(at + 4) == checksum(content.slice(at, 4))
                && content.getInt(at + 8) == checksum(content.slice(at + HEADER, length));
    }

    private static int checksum(ByteBuffer bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }

    private static ByteBuffer frame(JournalRecord record) {
        int length = record.getSerializedSize();
        if (length > MAX_RECORD) {
            throw new JournalException(
                    "record of " + length + " bytes (expected: at most " + MAX_RECORD + ")");
        }
        ByteBuffer frame = ByteBuffer.allocate(HEADER + length);
        frame.putInt(length);
        frame.putInt(checksum(frame.slice(0, 4)));
        byte[] payload = record.toByteArray();
        frame.putInt(checksum(ByteBuffer.wrap(payload)));
        return frame.put(payload).flip();
    }

    /** Puts a new file with these records in the place of the old one, or leaves it as it is. */
    private static JournalFile write(Disk disk, String name, List<JournalRecord> records)
            throws IOException {
        String next = name + ".new";
        Disk.File file = disk.create(next);
        try {
            long end = write(file, 0, ByteBuffer.wrap(MAGIC));
            for (JournalRecord record : records) {
                end = write(file, end, frame(record));
            }
            file.force();
            disk.rename(next, name);
            return new JournalFile(disk, name, file, end);
        } catch (IOException e) {
            file.close();
            throw e;
        }
    }

    private static long write(Disk.File file, long at, ByteBuffer bytes) throws IOException {
        long end = at + bytes.remaining();
        file.write(at, bytes);
        return end;
    }

    /** Appends a record; it is on the disk when this returns. */
    void append(JournalRecord record) throws IOException {
        long next = write(file, end, frame(record));
        file.force();
        end = next;
    }

    /** Replaces the content; either the old or the new one survives a crash. */
    void rewrite(List<JournalRecord> records) throws IOException {
        JournalFile next = write(disk, name, records);
        file.close();
        file = next.file;
        end = next.end;
    }

    long size() {
        return end;
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
