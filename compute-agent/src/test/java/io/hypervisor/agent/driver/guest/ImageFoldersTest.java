package io.hypervisor.agent.driver.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.Target;
import io.hypervisor.api.v1.DiskSpec;
import io.hypervisor.api.v1.Image;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.Metadata;
import io.hypervisor.api.v1.NetworkSpec;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What specs may name, and what they may not reach. */
class ImageFoldersTest {
    private static final String ID = "0190b6d4-8c1e-7a51-9f3e-0242ac120002";

    @TempDir Path root;
    private Path folder;
    private ImageFolders images;

    @BeforeEach
    void fill() throws IOException {
        folder = Files.createDirectory(root.resolve("images"));
        images =
                new ImageFolders(
                        InstanceType.INSTANCE_TYPE_VM, List.of(root.resolve("absent"), folder));
        Files.write(folder.resolve("disk.raw"), new byte[4 << 20]);
        Files.write(folder.resolve("debian.qcow2"), qcow2(0, 0, 0).array());
        Path kernel = Files.createDirectory(folder.resolve("tiny"));
        Files.writeString(kernel.resolve("kernel"), "K");
        Files.writeString(kernel.resolve("initrd"), "I");
        Files.writeString(kernel.resolve("cmdline"), "console=ttyS0\n");
        Files.writeString(root.resolve("secret.raw"), "secret");
    }

    /** A header of 1 GiB. */
    private static ByteBuffer qcow2(long backing, int crypt, long incompatible) {
        return ByteBuffer.allocate(512)
                .putInt(0, 0x514649fb)
                .putInt(4, 3)
                .putLong(8, backing)
                .putInt(20, 16)
                .putLong(24, 1L << 30)
                .putInt(32, crypt)
                .putLong(72, incompatible);
    }

    private Blueprint blueprint(InstanceSpec spec) {
        Target target =
                new Target(ID, 1, 1, "a", false, spec, Metadata.getDefaultInstance(), List.of());
        return Blueprint.of(target, Path.of("/data/vm", ID), images, false);
    }

    private static void refused(ThrowingCallable call, String message) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        DriverException.class, e -> assertThat(e.isPermanent()).isTrue())
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
    }

    @Test
    void findsByNameAndByPath() {
        assertThat(images.image("disk").disk().orElseThrow().virtualBytes()).isEqualTo(4 << 20);
        assertThat(images.image("debian").disk().orElseThrow())
                .isEqualTo(new ImageFile(folder.resolve("debian.qcow2"), "qcow2", 1L << 30));
        assertThat(images.image("debian.qcow2")).isEqualTo(images.image("debian"));
        assertThat(images.image(folder.resolve("disk.raw").toString()))
                .isEqualTo(images.image("disk"));
        assertThat(images.image("tiny").kernel().orElseThrow().arguments())
                .isEqualTo("console=ttyS0");
        assertThat(images.initrd(InstanceSpec.newBuilder().setInitrd("tiny").build()))
                .isEqualTo(folder.resolve("tiny/initrd"));
    }

    @Test
    void listsWhatSpecsCanName() {
        assertThat(images.list())
                .extracting(Image::getName)
                .containsExactly("debian", "disk", "tiny");
        assertThat(images.list())
                .extracting(Image::getId)
                .containsExactly("vm/debian", "vm/disk", "vm/tiny");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "../secret.raw",
                "..",
                ".",
                "a/b",
                "-f",
                "nbd:localhost:1",
                "json:{}",
                "a\nb",
                "x\0",
                "/etc/passwd",
                "/",
                "/nope\0",
                "//etc/passwd",
                "no-such",
                "${HOME}",
                "'; true"
            })
    void leadsNowhereElse(String reference) {
        refused(() -> images.image(reference), "spec.image");
    }

    @Test
    void linksAndDotsDoNotLeadOut() throws IOException {
        Files.createSymbolicLink(folder.resolve("link.raw"), root.resolve("secret.raw"));
        Files.createSymbolicLink(folder.resolve("tiny/disk.raw"), root.resolve("secret.raw"));
        refused(() -> images.image("link"), "image folders");
        refused(() -> images.image(folder + "/../secret.raw"), "image folders");
        refused(() -> images.image("tiny"), "image folders");
        refused(() -> images.image(folder.toString()), "image folders");
    }

    @Test
    void filesThatReferToOthersAreRefused() throws IOException {
        Files.write(folder.resolve("a.qcow2"), qcow2(4096, 0, 0).array());
        Files.write(folder.resolve("b.qcow2"), qcow2(0, 2, 0).array());
        Files.write(folder.resolve("c.qcow2"), qcow2(0, 0, 4).array());
        // The content decides, not the name.
        Files.write(folder.resolve("d.raw"), qcow2(4096, 0, 0).array());
        Files.write(folder.resolve("e.qcow2"), new byte[] {'Q', 'F', 'I', (byte) 0xfb, 0});
        refused(() -> images.image("a"), "backing file");
        refused(() -> images.image("b"), "encrypted");
        refused(() -> images.image("c"), "external data");
        refused(() -> images.image("d"), "backing file");
        refused(() -> images.image("e"), "cut");
    }

    private static InstanceSpec.Builder spec(String image) {
        return InstanceSpec.newBuilder().setImage(image);
    }

    private static DiskSpec disk(String name, long bytes, boolean boot) {
        return DiskSpec.newBuilder().setName(name).setSizeBytes(bytes).setBoot(boot).build();
    }

    @Test
    void bootDiskComesFirstAndGrows() {
        Blueprint blueprint =
                blueprint(
                        spec("disk")
                                .addDisks(disk("data", 1 << 20, false))
                                .addDisks(disk("root", 8 << 20, true))
                                .build());
        assertThat(blueprint.disks())
                .extracting(d -> d.path().getFileName().toString())
                .containsExactly("disk-root.qcow2", "disk-data.qcow2");
        assertThat(blueprint.disks().getFirst().bytes()).isEqualTo(8 << 20);
        assertThat(blueprint(spec("disk").build()).disks().getFirst().path())
                .hasFileName("boot.qcow2");
        assertThat(blueprint(spec("tiny").build()).disks()).isEmpty();
    }

    @Test
    void impossibleSpecsNameTheField() {
        refused(() -> blueprint(spec("").build()), "spec.image");
        refused(() -> blueprint(spec("disk").setCpuCores(513).build()), "spec.cpu_cores");
        refused(() -> blueprint(spec("disk").setCpuCores(-1).build()), "spec.cpu_cores");
        refused(() -> blueprint(spec("disk").setMemoryBytes(1).build()), "spec.memory_bytes");
        refused(() -> blueprint(spec("disk").setKernelArgs("a").build()), "spec.kernel_args");
        refused(() -> blueprint(spec("disk").setInitrd("tiny").build()), "spec.initrd");
        refused(
                () -> blueprint(spec("").setKernel("tiny").setKernelArgs("a\nb").build()),
                "spec.kernel_args");
        refused(
                () -> blueprint(spec("disk").addDisks(disk("../x", 1 << 20, false)).build()),
                "spec.disks.name");
        refused(
                () -> blueprint(spec("disk").addDisks(disk("a", 1, false)).build()),
                "spec.disks.size_bytes");
        refused(
                () -> blueprint(spec("disk").addDisks(disk("a", 1 << 20, true)).build()),
                "spec.disks.size_bytes");
        refused(
                () ->
                        blueprint(
                                spec("disk")
                                        .addDisks(disk("a", 0, true))
                                        .addDisks(disk("b", 0, true))
                                        .build()),
                "spec.disks.boot");
        refused(
                () -> blueprint(spec("disk").setNetwork(NetworkSpec.getDefaultInstance()).build()),
                "spec.network");
    }
}
