package io.hypervisor.agent.driver.guest;

import com.google.protobuf.Timestamp;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.api.v1.Image;
import io.hypervisor.api.v1.ImageSource;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The images of a node: files and folders directly in one of its image folders.
 *
 * <ul>
 *   <li>{@code NAME.qcow2}, {@code NAME.raw} or {@code NAME.img}: a disk that boots by itself;
 *   <li>{@code NAME/} with {@code kernel}, and at will {@code initrd}, {@code cmdline} and {@code
 *       disk.qcow2} or {@code disk.raw}: a kernel that the host boots.
 * </ul>
 *
 * Specs may also give absolute paths, as long as what they lead to, links resolved, lies in one of
 * the folders.
 */
public final class ImageFolders {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._+-]{0,127}");
    private static final List<String> DISK_ENDINGS = List.of(".qcow2", ".raw", ".img");
    private static final int MAX_CMDLINE = 2048;
    // More names than anybody reads; keeps a report to the controller small.
    private static final int MAX_LISTED = 1000;

    /** What boots: a kernel, a disk, or a kernel with a disk. */
    public record Bootable(Optional<DirectBoot> kernel, Optional<ImageFile> disk) {}

    /** A kernel that the host loads. */
    public record DirectBoot(Path kernel, Optional<Path> initrd, String arguments) {}

    private final InstanceType type;
    private final List<Path> folders;
    private final Fetched fetched;

    /** Finds the file of an image that came from elsewhere. */
    @FunctionalInterface
    public interface Fetched {
        Optional<Path> find(ImageSource image);
    }

    /** Folders, searched in this order, whose images are for instances of a type. */
    public ImageFolders(InstanceType type, List<Path> folders) {
        this(type, folders, image -> Optional.empty());
    }

    /** The same, with images from elsewhere. */
    public ImageFolders(InstanceType type, List<Path> folders, Fetched fetched) {
        this.type = type;
        this.folders = List.copyOf(folders);
        this.fetched = fetched;
    }

    /** Finds a spec's image: the one that its source says, or else by its name or path. */
    Bootable image(InstanceSpec spec) {
        if (!spec.hasImageSource()) {
            return image(spec.getImage());
        }
        Path path = fetched(spec.getImage(), spec.getImageSource());
        return new Bootable(Optional.empty(), Optional.of(ImageFile.inspect(path)));
    }

    private Path fetched(String name, ImageSource source) {
        return fetched.find(source)
                .orElseThrow(
                        () ->
                                DriverException.passing(
                                        "image " + printable(name) + " is not here yet", null));
    }

    /** Finds a spec's kernel, as its image. */
    Path kernel(InstanceSpec spec) {
        return spec.hasKernelSource()
                ? fetched(spec.getKernel(), spec.getKernelSource())
                : bootFile("kernel", spec.getKernel());
    }

    /** Finds a spec's initial RAM disk, as its image. */
    Path initrd(InstanceSpec spec) {
        return spec.hasInitrdSource()
                ? fetched(spec.getInitrd(), spec.getInitrdSource())
                : bootFile("initrd", spec.getInitrd());
    }

    /** Finds an image by its name or path. */
    Bootable image(String reference) {
        Path path = resolve("image", reference, DISK_ENDINGS);
        if (!Files.isDirectory(path)) {
            return new Bootable(Optional.empty(), Optional.of(ImageFile.inspect(path)));
        }
        Optional<Path> kernel = inside(path, "kernel");
        Optional<Path> disk = inside(path, "disk.qcow2").or(() -> inside(path, "disk.raw"));
        if (kernel.isEmpty() && disk.isEmpty()) {
            throw DriverException.permanent(
                    "spec.image: " + printable(reference) + " has neither a kernel nor a disk");
        }
        return new Bootable(
                kernel.map(k -> new DirectBoot(k, inside(path, "initrd"), cmdline(path))),
                disk.map(ImageFile::inspect));
    }

    /** Finds a kernel or initrd by its name or path; an image folder stands for its own. */
    private Path bootFile(String field, String reference) {
        Path path = resolve(field, reference, List.of());
        if (!Files.isDirectory(path)) {
            return path;
        }
        return inside(path, field)
                .orElseThrow(
                        () ->
                                DriverException.permanent(
                                        field
                                                + ": image "
                                                + printable(reference)
                                                + " has no "
                                                + field));
    }

    /** All images by name; of two with the same name the one that {@link #image} finds. */
    public List<Image> list() {
        Map<String, Image> found = new TreeMap<>();
        for (Path folder : folders) {
            for (Path entry : entries(folder)) {
                nameOf(entry)
                        .filter(name -> found.size() < MAX_LISTED && !found.containsKey(name))
                        .ifPresent(name -> found.put(name, describe(name, entry)));
            }
        }
        return List.copyOf(found.values());
    }

    private Path resolve(String field, String reference, List<String> endings) {
        if (reference.startsWith("/")) {
            return contained(field, reference, Path.of(checked(field, reference)));
        }
        if (!NAME.matcher(reference).matches()) {
            throw DriverException.permanent(
                    "spec."
                            + field
                            + ": value: "
                            + printable(reference)
                            + " (expected: the name of an image, or an absolute path)");
        }
        for (Path folder : folders) {
            Stream<String> names =
                    Stream.concat(
                            endings.stream().map(ending -> reference + ending),
                            Stream.of(reference));
            Optional<Path> path =
                    names.map(folder::resolve).filter(p -> Files.exists(p)).findFirst();
            if (path.isPresent()) {
                return contained(field, reference, path.get());
            }
        }
        throw missing(field, reference);
    }

    private static String checked(String field, String reference) {
        if (reference.indexOf('\0') >= 0) {
            throw missing(field, reference);
        }
        return reference;
    }

    /** The real path, which must not lead out of the folders. */
    private Path contained(String field, String reference, Path path) {
        try {
            Path real = path.toRealPath();
            for (Path folder : folders) {
                if (Files.isDirectory(folder)
                        && real.startsWith(folder.toRealPath())
                        && !real.equals(folder.toRealPath())
                        && (Files.isRegularFile(real) || Files.isDirectory(real))) {
                    return real;
                }
            }
        } catch (IOException e) {
            throw missing(field, reference);
        }
        // The same words whether the file exists or not: specs must not explore the node.
        throw missing(field, reference);
    }

    private static DriverException missing(String field, String reference) {
        return DriverException.permanent(
                "spec." + field + ": no " + printable(reference) + " in the node's image folders");
    }

    private Optional<Path> inside(Path folder, String file) {
        Path path = folder.resolve(file);
        return Files.exists(path)
                ? Optional.of(contained(file, path.toString(), path))
                : Optional.empty();
    }

    private static String cmdline(Path folder) {
        Path file = folder.resolve("cmdline");
        if (!Files.exists(file)) {
            return "";
        }
        try {
            String line = Files.size(file) > MAX_CMDLINE ? "\n" : Files.readString(file).strip();
            if (!line.chars().allMatch(c -> c >= 0x20 && c < 0x7f)) {
                throw DriverException.permanent(
                        file + ": expected one line of at most 2048 ASCII characters");
            }
            return line;
        } catch (IOException e) {
            throw DriverException.passing("cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    private static List<Path> entries(Path folder) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> all = Files.list(folder)) {
            return all.sorted(Comparator.comparingInt(ImageFolders::rank).thenComparing(p -> p))
                    .toList();
        } catch (IOException e) {
            throw DriverException.passing("cannot list " + folder + ": " + e.getMessage(), e);
        }
    }

    private static int rank(Path entry) {
        String file = entry.getFileName().toString();
        for (int i = 0; i < DISK_ENDINGS.size(); i++) {
            if (file.endsWith(DISK_ENDINGS.get(i))) {
                return i;
            }
        }
        return DISK_ENDINGS.size();
    }

    private static Optional<String> nameOf(Path entry) {
        String file = entry.getFileName().toString();
        int rank = rank(entry);
        boolean disk = rank < DISK_ENDINGS.size();
        boolean usable =
                disk
                        ? Files.isRegularFile(entry)
                        : Files.exists(entry.resolve("kernel"))
                                || Files.exists(entry.resolve("disk.qcow2"))
                                || Files.exists(entry.resolve("disk.raw"));
        String name =
                disk ? file.substring(0, file.length() - DISK_ENDINGS.get(rank).length()) : file;
        return usable && NAME.matcher(name).matches() ? Optional.of(name) : Optional.empty();
    }

    private Image describe(String name, Path entry) {
        try {
            long bytes = 0;
            if (Files.isDirectory(entry)) {
                try (Stream<Path> files = Files.list(entry)) {
                    for (Path file : files.toList()) {
                        bytes += Files.size(file);
                    }
                }
            } else {
                bytes = Files.size(entry);
            }
            Instant made = Files.getLastModifiedTime(entry).toInstant();
            return Image.newBuilder()
                    .setId(
                            type.name().replace("INSTANCE_TYPE_", "").toLowerCase(Locale.ROOT)
                                    + "/"
                                    + name)
                    .setName(name)
                    .setSizeBytes(bytes)
                    .setType(type)
                    .setCreatedAt(
                            Timestamp.newBuilder()
                                    .setSeconds(made.getEpochSecond())
                                    .setNanos(made.getNano()))
                    .build();
        } catch (IOException e) {
            throw DriverException.passing("cannot read image " + entry + ": " + e.getMessage(), e);
        }
    }

    private static String printable(String reference) {
        String cut = reference.length() <= 128 ? reference : reference.substring(0, 128) + "...";
        return cut.replaceAll("[^\\x20-\\x7e]", "?");
    }
}
