package io.hypervisor.agent.image;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;

class DiskHeaderTest {
    @TempDir Path folder;

    private Path file(byte[] bytes) throws IOException {
        return Files.write(folder.resolve("image"), bytes);
    }

    @Test
    void readsQcow2AndRaw() throws IOException {
        assertThat(DiskHeader.read(file(TestDisks.qcow2(1, 4096, ""))))
                .isEqualTo(new DiskHeader("qcow2", TestDisks.SIZE));
        assertThat(DiskHeader.read(file(TestDisks.raw(1, 4096))))
                .isEqualTo(new DiskHeader("raw", 4096));
        assertThat(DiskHeader.read(file(new byte[0]))).isEqualTo(new DiskHeader("raw", 0));
    }

    @Test
    void readsWhatADiskIsAnOverlayOf() throws IOException {
        assertThat(DiskHeader.backing(file(TestDisks.qcow2(1, 4096, "/a/b.qcow2"))))
                .contains("/a/b.qcow2");
        assertThat(DiskHeader.backing(file(TestDisks.qcow2(1, 4096, "")))).isEmpty();
        assertThat(DiskHeader.backing(file(TestDisks.raw(1, 10)))).isEmpty();
    }

    private static byte[] text(String text) {
        return Arrays.copyOf(text.getBytes(StandardCharsets.ISO_8859_1), 512);
    }

    private static byte[] with(int at, int value) {
        byte[] bytes = TestDisks.qcow2(1, 512, "");
        ByteBuffer.wrap(bytes).putInt(at, value);
        return bytes;
    }

    static Stream<Arguments> hostile() {
        byte[] tar = new byte[512];
        System.arraycopy(text("ustar"), 0, tar, 257, 5);
        return Stream.of(
                Arguments.of("a backing file", TestDisks.qcow2(1, 4096, "/etc/shadow")),
                Arguments.of("a backing file", with(12, 1)),
                Arguments.of("a backing file", with(16, 1)),
                Arguments.of("encrypted content", TestDisks.header(1, 512, "", 1, 2, 0)),
                Arguments.of("an external data file", TestDisks.header(1, 512, "", 1, 0, 4)),
                Arguments.of("a mark that it is corrupt", TestDisks.header(1, 512, "", 1, 0, 2)),
                Arguments.of("features that are not known", TestDisks.header(1, 512, "", 1, 0, 64)),
                Arguments.of("a size of", TestDisks.header(1, 512, "", -1, 0, 0)),
                Arguments.of("qcow2 version 4", with(4, 4)),
                Arguments.of("clusters of a size", with(20, 63)),
                Arguments.of("a cut qcow2 file", Arrays.copyOf(TestDisks.qcow2(1, 512, ""), 40)),
                Arguments.of("the format vmdk", text("KDMV\u0001\0\0\0")),
                Arguments.of("the format vmdk", text("# Disk DescriptorFile\nversion=1\n")),
                Arguments.of("the format vdi", text("<<< Oracle VM VirtualBox Disk Image >>>\n")),
                Arguments.of("the format vhdx", text("vhdxfile")),
                Arguments.of("encrypted content", text("LUKS\u00ba\u00be")),
                Arguments.of("compressed content", text("\u001f\u008b\b")),
                Arguments.of("a tar archive", tar));
    }

    @ParameterizedTest
    @MethodSource("hostile")
    void refusesWhatIsNoCompleteImage(String what, byte[] bytes) throws IOException {
        Path file = file(bytes);
        TestDisks.assertRefused(() -> DiskHeader.read(file), what, "qcow2 or raw file");
    }
}
