package io.hypervisor.agent.image;

import io.hypervisor.agent.driver.DriverException;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a disk of VMware says of itself, when it is one file that refers to no other. Looked at is
 * what QEMU will look at, which is not always what the header points to.
 */
final class Vmdk {
    static final String FORMAT = "vmdk";

    private static final int MAGIC = 0x4b444d56;
    private static final int SECTOR = 512;
    // QEMU reads the descriptor here, and so much of it, whatever the header says.
    private static final int DESCRIPTOR_SECTORS = 20;
    private static final int FOOTER = 3 * SECTOR;
    private static final int MARKER_OF_FOOTER = 3;
    private static final long AT_END = -1;
    private static final int LAST_VERSION = 3;
    private static final long LEAST_GRAIN = 8;
    private static final long MOST_GRAIN = 2048;
    private static final int ENTRIES = 512;
    private static final long MAX_SECTORS = Long.MAX_VALUE / SECTOR;

    private static final Set<String> CREATE_TYPES =
            Set.of("\"monolithicSparse\"", "\"streamOptimized\"");
    private static final Set<String> KEYS =
            Set.of("version", "encoding", "CID", "isNativeSnapshot", "ddb");
    private static final Pattern EXTENT =
            Pattern.compile("(?:RW|RDONLY|NOACCESS) +\\d+ +(\\S+) +\"([^\"/\\\\]+)\"");
    private static final Pattern ENTRY = Pattern.compile("(\\w+)[\\w.]*\\s*=\\s*(.*)");

    private final Path path;
    private int extents;
    private boolean parentless;
    private boolean typed;

    private Vmdk(Path path) {
        this.path = path;
    }

    /**
     * Reads a file's header; empty if it is not such a disk.
     *
     * @throws DriverException permanent, when it is one that is not complete in itself
     */
    static Optional<DiskHeader> read(Path path) {
        try (FileChannel file = FileChannel.open(path)) {
            ByteBuffer header = bytes(file, 0, (1 + DESCRIPTOR_SECTORS) * SECTOR);
            if (header.limit() < Integer.BYTES || header.getInt(0) != MAGIC) {
                return Optional.empty();
            }
            return Optional.of(new Vmdk(path).header(file, header));
        } catch (IOException e) {
            throw DriverException.passing("cannot read image " + path + ": " + e.getMessage(), e);
        }
    }

    private static ByteBuffer bytes(FileChannel file, long at, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        while (bytes.hasRemaining() && file.read(bytes, at + bytes.position()) >= 0) {}
        return bytes.flip();
    }

    private DiskHeader header(FileChannel file, ByteBuffer bytes) throws IOException {
        require(bytes.limit() == bytes.capacity(), "a cut vmdk file");
        ByteBuffer header = bytes.slice(0, SECTOR).order(ByteOrder.LITTLE_ENDIAN);
        long sectors = extent(header);
        require(
                header.getLong(28) == 1
                        && header.getLong(36) > 0
                        && header.getLong(36) <= DESCRIPTOR_SECTORS,
                "no descriptor where vmdk has it");
        descriptor(StandardCharsets.ISO_8859_1.decode(bytes.position(SECTOR)).toString());
        if (header.getLong(56) == AT_END) {
            require(footer(file) == sectors, "a footer that is not its header's");
        }
        return new DiskHeader(FORMAT, sectors * SECTOR);
    }

    /** How many sectors the disk has, by a header or the copy of it in the footer. */
    private long extent(ByteBuffer header) {
        int version = header.getInt(4);
        require(version > 0 && version <= LAST_VERSION, "a version of vmdk that is not known");
        long sectors = header.getLong(12);
        // Of none, QEMU would open what the descriptor names.
        require(sectors > 0 && sectors <= MAX_SECTORS, "a size that no disk has");
        long grain = header.getLong(20);
        require(
                grain >= LEAST_GRAIN && grain <= MOST_GRAIN && Long.bitCount(grain) == 1,
                "grains of a size that vmdk does not have");
        require(header.getInt(44) == ENTRIES, "grain tables that vmdk does not have");
        int compression = Short.toUnsignedInt(header.getShort(77));
        require(compression <= 1, "a compression that vmdk does not have");
        return sectors;
    }

    /** What a stream had to say after its data: it counts more than the header. */
    private long footer(FileChannel file) throws IOException {
        long at = file.size() - FOOTER;
        require(at > 0 && at % SECTOR == 0, "a cut vmdk file");
        ByteBuffer footer = bytes(file, at, FOOTER);
        require(footer.getInt(SECTOR) == MAGIC, "a cut vmdk file");
        footer.order(ByteOrder.LITTLE_ENDIAN);
        require(footer.getInt(12) == MARKER_OF_FOOTER, "a cut vmdk file");
        ByteBuffer header = footer.slice(SECTOR, SECTOR).order(ByteOrder.LITTLE_ENDIAN);
        require(header.getLong(56) != AT_END, "a footer that points to itself");
        return extent(header);
    }

    private void descriptor(String sectors) {
        int end = sectors.indexOf('\0');
        require(end >= 0, "a descriptor without an end");
        String text = sectors.substring(0, end);
        // QEMU finds this anywhere, and opens what it names.
        require(!text.contains("parentFileNameHint"), "a parent");
        text.lines().map(String::strip).filter(line -> !isComment(line)).forEach(this::line);
        require(typed, "no createType");
        require(parentless, "no parentCID");
        require(extents == 1, extents + " extents");
    }

    private static boolean isComment(String line) {
        return line.isEmpty() || line.startsWith("#");
    }

    private void line(String line) {
        Matcher entry = ENTRY.matcher(line);
        if (!entry.matches()) {
            extent(line);
            return;
        }
        String value = entry.group(2);
        switch (entry.group(1)) {
            case "createType" -> {
                require(CREATE_TYPES.contains(value), "createType " + visible(value));
                typed = true;
            }
            case "parentCID" -> {
                require(value.equalsIgnoreCase("ffffffff"), "a parent");
                parentless = true;
            }
            case String key -> require(KEYS.contains(key), "the entry " + visible(key));
        }
    }

    private void extent(String line) {
        Matcher extent = EXTENT.matcher(line);
        require(extent.matches(), "an extent in another file: " + visible(line));
        require(extent.group(1).equals("SPARSE"), "an extent of type " + visible(extent.group(1)));
        extents++;
    }

    private static String visible(String text) {
        String cut = text.length() <= 64 ? text : text.substring(0, 64) + "...";
        return cut.replaceAll("[^\\x20-\\x7e]", "?");
    }

    private void require(boolean holds, String otherwise) {
        if (!holds) {
            throw DriverException.permanent(
                    "image "
                            + path
                            + ": has "
                            + otherwise
                            + " (expected: one complete file, monolithicSparse or"
                            + " streamOptimized)");
        }
    }
}
