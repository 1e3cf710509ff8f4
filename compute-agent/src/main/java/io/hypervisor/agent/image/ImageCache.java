package io.hypervisor.agent.image;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.ImagePulls;
import io.hypervisor.agent.driver.Locks;
import io.hypervisor.agent.driver.SharedPulls;
import io.hypervisor.agent.driver.Wanted;
import io.hypervisor.api.v1.Image;
import io.hypervisor.api.v1.ImageSource;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.spec.ImageSources;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The images of a node that came from elsewhere; see the package. */
public final class ImageCache implements ImagePulls, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(ImageCache.class);

    private static final Pattern COMPLETE =
            Pattern.compile("([0-9a-f]{64})\\.(qcow2|raw|vmdk\\.qcow2|kernel|initrd)");
    private static final String CONVERTED = ".vmdk.qcow2";
    private static final List<String> DISKS = List.of(".qcow2", ".raw", CONVERTED);
    private static final String PART = ".part";
    private static final String CONVERTING = ".converting";
    private static final Duration SWEEP = Duration.ofMinutes(10);
    private static final Duration KEEP_PART = Duration.ofDays(2);
    // Whoever has just asked for it is about to use it.
    private static final Duration KEEP_UNDER_PRESSURE = Duration.ofMinutes(30);
    private static final int LITTLE_LEFT_PERCENT = 15;

    private final Path folder;
    private final List<Path> homes;
    private final ImageCacheConfig config;
    private final Clock clock;
    private final Tasks tasks;
    private final Source from;
    private final Locks locks = new Locks();
    private final SharedPulls shared;
    private final Tasks.Timer sweeps;

    /**
     * A cache in a folder of its own.
     *
     * @param imageDirs folders whose files images may be fetched from
     * @param homes folders with folders of instances, whose disks may be overlays
     */
    public ImageCache(
            Path folder,
            List<Path> imageDirs,
            List<Path> homes,
            ImageCacheConfig config,
            Clock clock,
            Tasks tasks) {
        this.folder = folder;
        this.homes = List.copyOf(homes);
        this.config = config;
        this.clock = clock;
        this.tasks = tasks;
        this.from = new Source(imageDirs, tasks);
        this.shared = new SharedPulls(tasks);
        this.sweeps = tasks.every(SWEEP, tasks.serial("image-sweep"), this::sweep);
    }

    @Override
    public boolean holds(InstanceSpec spec) {
        return missing(spec).isEmpty();
    }

    private Optional<ImageSource> missing(InstanceSpec spec) {
        Stream<ImageSource> all =
                Stream.of(spec.getImageSource(), spec.getKernelSource(), spec.getInitrdSource())
                        .filter(source -> !source.getSha256().isEmpty());
        return all.filter(source -> find(source).isEmpty()).findFirst();
    }

    @Override
    public Pull pull(InstanceSpec spec) {
        ImageSource image = missing(spec).orElse(spec.getImageSource());
        return shared.join(
                image.getSha256(), (abandoned, progress) -> fetch(image, abandoned, progress));
    }

    /**
     * The complete file of an image, which counts as used from now on.
     *
     * @throws DriverException permanent, when it is not what its entry in the catalogue says
     */
    public Optional<Path> find(ImageSource image) {
        Optional<Path> file = stored(image);
        return file.isEmpty()
                ? file
                : locks.holding(
                        image.getSha256(), () -> stored(image).map(path -> use(path, image)));
    }

    private Optional<Path> stored(ImageSource image) {
        List<String> endings =
                ImageSources.isDisk(image) ? DISKS : List.of("." + image.getFormat());
        return endings.stream()
                .map(ending -> folder.resolve(image.getSha256() + ending))
                .filter(Files::exists)
                .findFirst();
    }

    private Path use(Path path, ImageSource image) {
        if (ImageSources.isDisk(image)) {
            DiskHeader header = DiskHeader.read(path);
            check(
                    path.toString().endsWith(CONVERTED)
                            ? new DiskHeader(Vmdk.FORMAT, header.virtualBytes())
                            : header,
                    image);
        } else {
            BootFile.check(path, image.getFormat());
        }
        touch(path);
        return path;
    }

    private void touch(Path path) {
        try {
            Files.setLastModifiedTime(path, FileTime.from(clock.now()));
        } catch (IOException e) {
            throw failed(path, e);
        }
    }

    private static DriverException failed(Path path, IOException e) {
        return DriverException.passing("cannot keep " + path + ": " + e.getMessage(), e);
    }

    private void check(DiskHeader header, ImageSource image) {
        String format = image.getFormat();
        require(
                format.isEmpty() || format.equals(header.format()),
                "format",
                header.format(),
                format);
        long size = image.getVirtualSizeBytes();
        require(
                size == 0 || size == header.virtualBytes(),
                "virtual_size_bytes",
                header.virtualBytes(),
                size);
        long most = config.maxVirtualBytes();
        require(
                header.virtualBytes() > 0 && header.virtualBytes() <= most,
                "virtual_size_bytes",
                header.virtualBytes(),
                "1 to " + most);
    }

    private static void require(boolean holds, String what, Object found, Object expected) {
        if (!holds) {
            throw DriverException.permanent(
                    "image: %s: found: %s (expected: %s)".formatted(what, found, expected));
        }
    }

    private void fetch(
            ImageSource image, CompletableFuture<Void> abandoned, Consumer<Progress> progress) {
        locks.holding(
                image.getSha256(),
                () -> {
                    if (stored(image).isEmpty()) {
                        bring(image, new Wanted(abandoned, tasks), progress);
                    }
                });
    }

    private void bring(ImageSource image, Wanted wanted, Consumer<Progress> progress) {
        Path part = folder.resolve(image.getSha256() + PART);
        try {
            // QEMU reads what is in it, as another user.
            Files.createDirectories(folder);
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));
            new Fetch(from, image, part, config.maxBytes(), wanted, progress).run();
            complete(part, image, wanted, progress);
        } catch (IOException e) {
            throw failed(part, e);
        }
    }

    private void complete(Path part, ImageSource image, Wanted wanted, Consumer<Progress> progress)
            throws IOException {
        try {
            if (ImageSources.isDisk(image)) {
                completeDisk(part, image, wanted, progress);
            } else {
                BootFile.check(part, image.getFormat());
                keep(part, image.getSha256() + "." + image.getFormat());
            }
        } catch (DriverException e) {
            if (e.isPermanent()) {
                Files.delete(part);
            }
            throw e;
        }
    }

    private void completeDisk(
            Path part, ImageSource image, Wanted wanted, Consumer<Progress> progress)
            throws IOException {
        DiskHeader header = Vmdk.read(part).orElseGet(() -> DiskHeader.read(part));
        check(header, image);
        if (header.format().equals(Vmdk.FORMAT)) {
            progress.accept(new Progress(Stage.UNPACKING, 0, 0));
            keep(converted(part, image, header, wanted), image.getSha256() + CONVERTED);
            Files.delete(part);
        } else {
            keep(part, image.getSha256() + "." + header.format());
        }
    }

    /**
     * The same disk as qcow2. What an earlier attempt left goes: nobody can tell how much of it is
     * there, and a converter that outlived its agent may still write to it.
     */
    private Path converted(Path part, ImageSource image, DiskHeader header, Wanted wanted)
            throws IOException {
        for (Path file : files()) {
            if (fileName(file.toString()).startsWith(image.getSha256())
                    && file.toString().endsWith(CONVERTING)) {
                Files.delete(file);
            }
        }
        Path made = Files.createTempFile(folder, image.getSha256() + ".", CONVERTING);
        try {
            Conversion.run(part, made, config.maxBytes(), wanted);
        } catch (DriverException e) {
            Files.delete(made);
            throw e;
        }
        require(
                DiskHeader.read(made).equals(new DiskHeader("qcow2", header.virtualBytes())),
                "converted",
                DiskHeader.read(made),
                header.virtualBytes());
        return made;
    }

    private void keep(Path file, String name) throws IOException {
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r--r--r--"));
        Files.move(file, folder.resolve(name), StandardCopyOption.ATOMIC_MOVE);
        try (FileChannel entries = FileChannel.open(folder)) {
            entries.force(true);
        }
    }

    /** Every complete file, by the name that no image has but one of the catalogue refers to. */
    public List<Image> list(InstanceType type) {
        return files().stream().flatMap(path -> describe(path, type).stream()).toList();
    }

    private static Optional<Image> describe(Path path, InstanceType type) {
        Matcher name = COMPLETE.matcher(path.getFileName().toString());
        try {
            return name.matches()
                    ? Optional.of(
                            Image.newBuilder()
                                    .setId("sha256:" + name.group(1))
                                    .setName("sha256:" + name.group(1))
                                    .setSizeBytes(Files.size(path))
                                    .setType(type)
                                    .build())
                    : Optional.empty();
        } catch (IOException removed) {
            return Optional.empty();
        }
    }

    private List<Path> files() {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList();
        } catch (IOException e) {
            throw DriverException.passing("cannot list " + folder + ": " + e.getMessage(), e);
        }
    }

    /** Removes what nobody has used for long and, with little room left, what nobody uses now. */
    void sweep() {
        try {
            Set<String> used = used();
            List<Path> idle = new ArrayList<>();
            for (Path path : files()) {
                if (used.contains(path.getFileName().toString())) {
                    touch(path);
                } else {
                    idle.add(path);
                }
            }
            idle.sort(Comparator.comparing(this::lastUse));
            idle.forEach(this::removeIfDue);
        } catch (IOException | UncheckedIOException | DriverException e) {
            log.warn("folder={}: not swept: {}", folder, e.getMessage());
        }
    }

    /**
     * Files that disks are overlays of, or that instances have links to. Fails if one cannot be
     * read: it might be of any.
     */
    private Set<String> used() throws IOException {
        Set<String> used = new HashSet<>();
        for (Path home : homes) {
            if (Files.isDirectory(home)) {
                try (Stream<Path> files = Files.walk(home, 2)) {
                    for (Path file : files.toList()) {
                        base(file).map(ImageCache::fileName).ifPresent(used::add);
                    }
                }
            }
        }
        return used;
    }

    private static Optional<String> base(Path file) throws IOException {
        try {
            if (Files.isSymbolicLink(file)) {
                return Optional.of(Files.readSymbolicLink(file).toString());
            }
            return isDisk(file) ? DiskHeader.backing(file) : Optional.empty();
        } catch (NoSuchFileException removed) {
            return Optional.empty();
        }
    }

    private static String fileName(String path) {
        return path.substring(path.lastIndexOf('/') + 1);
    }

    private static boolean isDisk(Path path) {
        return path.toString().endsWith(".qcow2");
    }

    private Instant lastUse(Path path) {
        try {
            return Files.getLastModifiedTime(path).toInstant();
        } catch (IOException removed) {
            return clock.now();
        }
    }

    private void removeIfDue(Path path) {
        String sha256 = path.getFileName().toString().replaceFirst("[.].*", "");
        // Not what is being fetched or asked for at this moment.
        var _ =
                locks.ifFree(
                        sha256,
                        () -> {
                            if (isDue(path)) {
                                remove(path);
                            }
                            return path;
                        });
    }

    private boolean isDue(Path path) {
        Duration idle = Duration.between(lastUse(path), clock.now());
        if (path.toString().endsWith(PART) || path.toString().endsWith(CONVERTING)) {
            return idle.compareTo(KEEP_PART) > 0;
        }
        return idle.compareTo(config.keep()) > 0
                || (idle.compareTo(KEEP_UNDER_PRESSURE) > 0 && isLittleLeft());
    }

    private boolean isLittleLeft() {
        try {
            FileStore store = Files.getFileStore(folder);
            return store.getUsableSpace() < store.getTotalSpace() / 100 * LITTLE_LEFT_PERCENT;
        } catch (IOException e) {
            return false;
        }
    }

    private void remove(Path path) {
        try {
            Files.deleteIfExists(path);
            log.info("image={}: removed, nobody uses it", path.getFileName());
        } catch (IOException e) {
            log.warn("image={}: not removed: {}", path.getFileName(), e.getMessage());
        }
    }

    @Override
    public void close() {
        sweeps.cancel();
        from.close();
    }
}
