package io.hypervisor.agent.image;

import static io.hypervisor.agent.image.TestSource.sha256;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.ImagePulls.Pull;
import io.hypervisor.api.v1.Image;
import io.hypervisor.api.v1.ImageSource;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Command;
import io.hypervisor.core.VirtualTasks;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.assertj.core.groups.Tuple;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

class ImageCacheTest {
    private static final int LENGTH = 1 << 20;
    private static final byte[] DISK = TestDisks.qcow2(1, LENGTH, "");

    @TempDir Path folder;
    private final VirtualTasks tasks = new VirtualTasks();
    private final List<ImageCache> caches = new ArrayList<>();
    private Duration passed = Duration.ZERO;
    private TestSource source;
    private ImageCache cache;

    @BeforeEach
    void open() throws IOException {
        source = new TestSource(DISK);
        Files.createDirectories(folder.resolve("shared"));
        cache = opened(TestCache.CONFIG);
    }

    @AfterEach
    void close() {
        caches.forEach(ImageCache::close);
        source.close();
        tasks.close();
    }

    private ImageCache opened(ImageCacheConfig config) {
        ImageCache opened =
                new ImageCache(
                        folder.resolve("images"),
                        List.of(folder.resolve("shared")),
                        List.of(folder.resolve("vm")),
                        config,
                        clock(),
                        tasks);
        caches.add(opened);
        return opened;
    }

    private Clock clock() {
        Clock system = Clock.system();
        return new Clock() {
            @Override
            public Instant now() {
                return system.now().plus(passed);
            }

            @Override
            public long nanos() {
                return system.nanos();
            }
        };
    }

    private InstanceSpec spec(byte[] bytes) {
        return spec(ImageSource.newBuilder().setUrl(source.url()).setSha256(sha256(bytes)).build());
    }

    private static InstanceSpec spec(ImageSource image) {
        return InstanceSpec.newBuilder().setImage("debian").setImageSource(image).build();
    }

    private void pull(ImageCache from, InstanceSpec spec) {
        try (Pull pull = from.pull(spec)) {
            pull.done().get(30, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw (DriverException) e.getCause();
        } catch (InterruptedException | TimeoutException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void refused(ThrowingCallable call, String... words) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        DriverException.class, e -> assertThat(e.isPermanent()).isTrue())
                .hasMessageContainingAll(words);
    }

    private List<String> files() throws IOException {
        try (Stream<Path> files = Files.list(folder.resolve("images"))) {
            return files.map(path -> path.getFileName().toString()).toList();
        }
    }

    private Path part() {
        return folder.resolve("images").resolve(sha256(DISK) + ".part");
    }

    @Test
    void whatIsFetchedIsThereAndDoesNotChange() throws IOException {
        InstanceSpec spec = spec(DISK);
        assertThat(cache.holds(spec)).isFalse();
        pull(cache, spec);
        assertThat(cache.holds(spec)).isTrue();
        Path file = cache.find(spec.getImageSource()).orElseThrow();
        assertThat(file).hasBinaryContent(DISK).hasFileName(sha256(DISK) + ".qcow2");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("r--r--r--");
        assertThat(cache.list(InstanceType.INSTANCE_TYPE_VM))
                .extracting(Image::getName, Image::getSizeBytes)
                .containsExactly(Tuple.tuple("sha256:" + sha256(DISK), (long) LENGTH));
        pull(cache, spec);
        assertThat(source.ranges()).containsExactly("");
        assertThat(cache.holds(InstanceSpec.newBuilder().setImage("other").build())).isTrue();
    }

    @Test
    void manyShareOneDownloadAndTheLastWhoLeavesEndsIt() throws IOException {
        source.pauseAt(LENGTH / 2);
        Pull one = cache.pull(spec(DISK));
        Pull two = cache.pull(spec(DISK));
        await().until(() -> one.progress().current() > 0);
        assertThat(two.progress().total()).isEqualTo(LENGTH);
        assertThat(files()).containsExactly(sha256(DISK) + ".part");
        one.close();
        assertThat(two.done()).isNotDone();
        two.close();
        await().until(() -> two.done().isCompletedExceptionally());
        source.release();
        pull(cache, spec(DISK));
        assertThat(source.ranges()).hasSize(2).last().asString().matches("bytes=[1-9]\\d+-");
    }

    @Test
    void aBrokenTransferGoesOnWhereItEnded() {
        source.pauseAt(LENGTH / 2);
        try (Pull pull = cache.pull(spec(DISK))) {
            await().until(() -> pull.progress().current() > 0);
            source.breakOff();
            pull(cache, spec(DISK));
        }
        // What was on its way when it broke may be lost.
        assertThat(source.ranges()).hasSize(2).last().asString().matches("bytes=[1-9]\\d+-");
    }

    @Test
    void whatAnAgentThatDiedHadFetchedIsNotFetchedAgain() throws IOException {
        Files.createDirectories(part().getParent());
        Files.write(part(), Arrays.copyOf(DISK, 1000));
        pull(cache, spec(DISK));
        assertThat(source.ranges()).containsExactly("bytes=1000-");
        Files.write(part(), DISK);
        Files.delete(cache.find(spec(DISK).getImageSource()).orElseThrow());
        pull(cache, spec(DISK));
        assertThat(source.ranges()).hasSize(1);
        assertThat(files()).containsExactly(sha256(DISK) + ".qcow2");
    }

    @Test
    void spoiltRemainsAreFetchedAnew() throws IOException {
        Files.createDirectories(part().getParent());
        Files.write(part(), new byte[1000]);
        pull(cache, spec(DISK));
        assertThat(source.ranges()).containsExactly("bytes=1000-", "");
        // Longer than the file itself.
        Files.delete(cache.find(spec(DISK).getImageSource()).orElseThrow());
        Files.write(part(), new byte[LENGTH + 1]);
        source.status(416);
        refused(() -> pull(cache, spec(DISK)), "status 416");
        source.status(0);
        pull(cache, spec(DISK));
    }

    @Test
    void aFileWithAnotherDigestIsRefused() throws IOException {
        byte[] other = TestDisks.qcow2(2, LENGTH, "");
        source.content(other);
        refused(
                () -> pull(cache, spec(DISK)),
                source.url() + " is corrupt",
                "found: " + sha256(other),
                "expected: " + sha256(DISK));
        assertThat(cache.holds(spec(DISK))).isFalse();
        source.content(DISK);
        pull(cache, spec(DISK));
    }

    @Test
    void hostileFilesAreRefusedAndRemoved() throws IOException {
        byte[] overlay = TestDisks.qcow2(3, LENGTH, "/etc/shadow");
        source.content(overlay);
        refused(() -> pull(cache, spec(overlay)), "has a backing file");
        byte[] bomb = TestDisks.header(4, LENGTH, "", 3L << 40, 0, 0);
        source.content(bomb);
        refused(() -> pull(cache, spec(bomb)), "virtual_size_bytes", "found: " + (3L << 40));
        byte[] empty = new byte[0];
        source.content(empty);
        refused(() -> pull(cache, spec(empty)), "virtual_size_bytes: found: 0");
        assertThat(files()).isEmpty();
    }

    @Test
    void whatTheCatalogueSaysHasToBeTrue() {
        ImageSource image = spec(DISK).getImageSource();
        InstanceSpec raw = spec(image.toBuilder().setFormat("raw").build());
        refused(() -> pull(cache, raw), "format: found: qcow2 (expected: raw)");
        InstanceSpec small = spec(image.toBuilder().setVirtualSizeBytes(512).build());
        refused(() -> pull(cache, small), "virtual_size_bytes", "expected: 512");
        pull(cache, spec(image));
        refused(() -> cache.holds(raw), "format: found: qcow2 (expected: raw)");
    }

    @Test
    void sizesAreBounded() {
        ImageCache strict = opened(new ImageCacheConfig(LENGTH - 1, 2L << 40, Duration.ofDays(1)));
        refused(() -> pull(strict, spec(DISK)), "size", "expected: at most " + (LENGTH - 1));
        source.chunked();
        refused(() -> pull(strict, spec(DISK)), "size", "expected: at most " + (LENGTH - 1));
        pull(cache, spec(DISK));
    }

    @Test
    void whatIsNotThereIsSaidAndSecretsAreNot() {
        source.status(404);
        String url = source.url() + "?signature=secret";
        ImageSource image = ImageSource.newBuilder().setUrl(url).setSha256("0".repeat(64)).build();
        assertThatThrownBy(() -> pull(cache, spec(image)))
                .hasMessage(source.url() + ": status 404 (expected: 200)");
    }

    @Test
    void filesComeFromTheNodesFoldersAlone() throws IOException {
        Path file = Files.write(folder.resolve("shared/disk.qcow2"), DISK);
        ImageSource image = spec(DISK).getImageSource();
        pull(cache, spec(image.toBuilder().setUrl("file://" + file).build()));
        assertThat(source.ranges()).isEmpty();
        assertThat(cache.holds(spec(image))).isTrue();
        Path outside = Files.write(folder.resolve("secret"), TestDisks.raw(9, 512));
        Path link = Files.createSymbolicLink(folder.resolve("shared/link"), outside);
        for (String path : List.of(outside.toString(), link.toString(), folder + "/none")) {
            ImageSource bad =
                    ImageSource.newBuilder()
                            .setUrl("file://" + path)
                            .setSha256(sha256(TestDisks.raw(9, 512)))
                            .build();
            refused(() -> pull(cache, spec(bad)), "no file://" + path + " in the node's image");
        }
    }

    private byte[] vmdk(byte[] raw, String kind) throws IOException {
        Path file = Files.write(folder.resolve("disk.raw"), raw);
        Path made = folder.resolve("disk.vmdk");
        Command.Ended ended =
                Command.run(
                        Duration.ofMinutes(1),
                        List.of(
                                "qemu-img",
                                "convert",
                                "-f",
                                "raw",
                                "-O",
                                "vmdk",
                                "-o",
                                "subformat=" + kind,
                                file.toString(),
                                made.toString()));
        assertThat(ended.ok()).as(ended.output()).isTrue();
        return Files.readAllBytes(made);
    }

    @Test
    void aVmwareDiskBecomesQcow2UnderItsOwnDigest() throws IOException {
        byte[] raw = TestDisks.raw(8, LENGTH);
        for (String kind : List.of("monolithicSparse", "streamOptimized")) {
            byte[] disk = vmdk(raw, kind);
            source.content(disk);
            // What agents left that died while they converted.
            Files.createDirectories(folder.resolve("images"));
            Files.write(folder.resolve("images/" + sha256(disk) + ".part"), disk);
            Files.write(folder.resolve("images/" + sha256(disk) + ".1.converting"), raw);
            InstanceSpec spec =
                    spec(spec(disk).getImageSource().toBuilder().setFormat("vmdk").build());
            pull(cache, spec);
            assertThat(source.ranges()).isEmpty();
            assertThat(files()).containsOnlyOnce(sha256(disk) + ".vmdk.qcow2");
            Path made = cache.find(spec.getImageSource()).orElseThrow();
            assertThat(DiskHeader.read(made)).isEqualTo(new DiskHeader("qcow2", LENGTH));
            Path back = folder.resolve("back.raw");
            Command.run(
                    Duration.ofMinutes(1),
                    List.of(
                            "qemu-img",
                            "convert",
                            "-f",
                            "qcow2",
                            "-O",
                            "raw",
                            "" + made,
                            "" + back));
            assertThat(back).hasBinaryContent(raw);
            refused(
                    () ->
                            cache.holds(
                                    spec(
                                            spec.getImageSource().toBuilder()
                                                    .setFormat("qcow2")
                                                    .build())),
                    "format: found: vmdk (expected: qcow2)");
        }
        assertThat(files()).hasSize(2);
        assertThat(cache.list(InstanceType.INSTANCE_TYPE_VM))
                .extracting(Image::getName)
                .allMatch(n -> n.startsWith("sha256:"));
        passed = Duration.ofDays(15);
        cache.sweep();
        assertThat(files()).isEmpty();
    }

    @Test
    void aVmwareDiskThatWouldFillTheNodeIsRefused() throws IOException {
        byte[] bomb =
                TestDisks.vmdk(
                        """
                        parentCID=ffffffff
                        createType="monolithicSparse"
                        RW 131072 SPARSE "disk.vmdk"
                        """);
        source.content(bomb);
        ImageCache strict = opened(new ImageCacheConfig(LENGTH, 2L << 40, Duration.ofDays(1)));
        refused(() -> pull(strict, spec(bomb)), "cannot convert the image", "File too large");
        assertThat(files()).isEmpty();
        ImageCache small = opened(new ImageCacheConfig(LENGTH, 1 << 20, Duration.ofDays(1)));
        refused(() -> pull(small, spec(bomb)), "virtual_size_bytes: found: " + (64 << 20));
        pull(cache, spec(bomb));
        assertThat(cache.find(spec(bomb).getImageSource()).map(DiskHeader::read))
                .contains(new DiskHeader("qcow2", 64 << 20));
    }

    @Test
    void whatNobodyUsesIsRemovedInTimeAndWhatADiskNeedsIsNot() throws IOException {
        pull(cache, spec(DISK));
        byte[] raw = TestDisks.raw(5, LENGTH);
        source.content(raw);
        pull(cache, spec(raw));
        Path used = cache.find(spec(DISK).getImageSource()).orElseThrow();
        Path home = Files.createDirectories(folder.resolve("vm/some-instance"));
        Path disk =
                Files.write(home.resolve("boot.qcow2"), TestDisks.qcow2(6, 4096, used.toString()));
        Path left = Files.write(folder.resolve("images/" + "0".repeat(64) + ".part"), DISK);
        cache.sweep();
        assertThat(files()).hasSize(3);
        passed = Duration.ofDays(3);
        cache.sweep();
        assertThat(left).doesNotExist();
        passed = Duration.ofDays(15);
        cache.sweep();
        assertThat(files()).containsExactly(sha256(DISK) + ".qcow2");
        Files.delete(disk);
        // It was in use until now.
        cache.sweep();
        assertThat(files()).hasSize(1);
        passed = Duration.ofDays(30);
        cache.sweep();
        assertThat(files()).isEmpty();
    }

    @Test
    void aKernelAndItsRamDiskAreFetchedOneAfterTheOther() throws IOException {
        byte[] linux = TestDisks.raw(7, LENGTH);
        System.arraycopy("HdrS".getBytes(US_ASCII), 0, linux, 0x202, 4);
        byte[] archive = {0x1f, (byte) 0x8b, 8};
        try (TestSource other = new TestSource(archive)) {
            InstanceSpec spec =
                    InstanceSpec.newBuilder()
                            .setKernelSource(boot("kernel", source, linux))
                            .setInitrdSource(boot("initrd", other, archive))
                            .build();
            source.content(linux);
            pull(cache, spec);
            assertThat(cache.holds(spec)).isFalse();
            pull(cache, spec);
            assertThat(cache.holds(spec)).isTrue();
            assertThat(files())
                    .containsExactlyInAnyOrder(
                            sha256(linux) + ".kernel", sha256(archive) + ".initrd");
            Path home = Files.createDirectories(folder.resolve("vm/some-instance"));
            Files.createSymbolicLink(
                    home.resolve("kernel"), cache.find(spec.getKernelSource()).orElseThrow());
            passed = Duration.ofDays(15);
            cache.sweep();
            assertThat(files()).containsExactly(sha256(linux) + ".kernel");
        }
    }

    @Test
    void whatIsNoKernelIsRefused() throws IOException {
        InstanceSpec spec =
                InstanceSpec.newBuilder().setKernelSource(boot("kernel", source, DISK)).build();
        refused(() -> pull(cache, spec), "format: found: something else", "expected: kernel");
        assertThat(files()).isEmpty();
    }

    private static ImageSource boot(String format, TestSource from, byte[] bytes) {
        return ImageSource.newBuilder()
                .setUrl(from.url())
                .setSha256(sha256(bytes))
                .setFormat(format)
                .build();
    }
}
