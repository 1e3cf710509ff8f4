package io.hypervisor.agent.image;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.stream.Stream;

class VmdkTest {
    private static final String GOOD =
            """
            # Disk DescriptorFile
            version=1
            encoding="UTF-8"
            CID=ab83f4c7
            parentCID=ffffffff
            isNativeSnapshot="no"
            createType="streamOptimized"

            # Extent description
            RW 131072 SPARSE "disk.vmdk"

            # The Disk Data Base
            #DDB
            ddb.virtualHWVersion = "4"
            ddb.geometry.cylinders = "8"
            """;
    private static final DiskHeader HEADER = new DiskHeader("vmdk", 64 << 20);

    @TempDir Path folder;

    private Path file(byte[] bytes) throws IOException {
        return Files.write(folder.resolve("image"), bytes);
    }

    private static byte[] without(String line) {
        return TestDisks.vmdk(GOOD.replace(line, ""));
    }

    private static byte[] with(String line) {
        return TestDisks.vmdk(GOOD + line);
    }

    private static byte[] changed(Consumer<ByteBuffer> change) {
        byte[] bytes = TestDisks.vmdk(GOOD);
        change.accept(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN));
        return bytes;
    }

    /** A stream, which has its header once more at its end. */
    private static byte[] stream(Consumer<ByteBuffer> footer) {
        byte[] disk = changed(header -> header.putLong(56, -1));
        byte[] bytes = Arrays.copyOf(disk, disk.length + 3 * 512);
        ByteBuffer end = ByteBuffer.wrap(bytes, disk.length, 3 * 512).slice();
        end.order(ByteOrder.LITTLE_ENDIAN).putInt(12, 3).put(512, disk, 0, 512);
        end.putLong(512 + 56, 21);
        footer.accept(end);
        return bytes;
    }

    @Test
    void readsWhatIsCompleteInItself() throws IOException {
        assertThat(Vmdk.read(file(TestDisks.vmdk(GOOD)))).contains(HEADER);
        assertThat(Vmdk.read(file(stream(footer -> {})))).contains(HEADER);
        String sparse = GOOD.replace("streamOptimized", "monolithicSparse");
        assertThat(Vmdk.read(file(TestDisks.vmdk(sparse)))).contains(HEADER);
        assertThat(Vmdk.read(file(TestDisks.qcow2(1, 4096, "")))).isEmpty();
        assertThat(Vmdk.read(file(new byte[0]))).isEmpty();
    }

    static Stream<Arguments> hostile() {
        return Stream.of(
                Arguments.of("a cut vmdk file", Arrays.copyOf(TestDisks.vmdk(GOOD), 10_000)),
                Arguments.of("a cut vmdk file", changed(h -> h.putLong(56, -1))),
                Arguments.of("a version", changed(h -> h.putInt(4, 4))),
                Arguments.of("a size that no", changed(h -> h.putLong(12, 0))),
                Arguments.of("a size that no", changed(h -> h.putLong(12, -1))),
                Arguments.of("a size that no", changed(h -> h.putLong(12, Long.MAX_VALUE))),
                Arguments.of("grains of a size", changed(h -> h.putLong(20, 1L << 62))),
                Arguments.of("grains of a size", changed(h -> h.putLong(20, 100))),
                Arguments.of("grain tables", changed(h -> h.putInt(44, 1 << 30))),
                Arguments.of("a compression", changed(h -> h.putShort(77, (short) 2))),
                Arguments.of("no descriptor", changed(h -> h.putLong(28, 64))),
                Arguments.of("no descriptor", changed(h -> h.putLong(36, 1L << 40))),
                Arguments.of("a footer that is not", stream(f -> f.putLong(512 + 12, 1L << 40))),
                Arguments.of("a size that no", stream(f -> f.putLong(512 + 12, 0))),
                Arguments.of("a footer that points", stream(f -> f.putLong(512 + 56, -1))),
                Arguments.of("a cut vmdk file", stream(f -> f.putInt(512, 0))),
                Arguments.of("a descriptor without an end", with("#".repeat(20 * 512))),
                Arguments.of("a parent", with("parentFileNameHint=\"/etc/shadow\"\n")),
                Arguments.of("a parent", with("ddb.x = \"parentFileNameHint=/etc/shadow\"\n")),
                Arguments.of("a parent", with("# parentFileNameHint=\"/etc/shadow\"\n")),
                Arguments.of("a parent", with("parentCID=12345678\n")),
                Arguments.of("no parentCID", without("parentCID=ffffffff")),
                Arguments.of("no createType", without("createType=\"streamOptimized\"")),
                Arguments.of(
                        "createType \"monolithicFlat\"", with("createType=\"monolithicFlat\"")),
                Arguments.of("createType \"vmfs\"", with("createType=\"vmfs\"")),
                Arguments.of("0 extents", without("RW 131072 SPARSE \"disk.vmdk\"")),
                Arguments.of("2 extents", with("RW 131072 SPARSE \"other.vmdk\"")),
                Arguments.of("an extent in another file", with("RW 1 SPARSE \"/dev/sda\"")),
                Arguments.of("an extent in another file", with("RW 1 SPARSE \"../x.vmdk\"")),
                Arguments.of("an extent in another file", with("RW 1 FLAT \"x-flat.vmdk\" 0")),
                Arguments.of("an extent of type FLAT", with("RW 1 FLAT \"x-flat.vmdk\"")),
                Arguments.of("an extent of type ZERO", with("RW 1 ZERO \"x\"")),
                Arguments.of("the entry changeTrackPath", with("changeTrackPath=\"x-ctk.vmdk\"")),
                Arguments.of("the entry encryption", with("encryption.keySafe = \"x\"")));
    }

    @ParameterizedTest
    @MethodSource("hostile")
    void refusesWhatIsNot(String what, byte[] bytes) throws IOException {
        Path file = file(bytes);
        TestDisks.assertRefused(() -> Vmdk.read(file), what, "file");
    }
}
