package io.hypervisor.core.spec;

import io.hypervisor.api.v1.ImageSource;
import io.hypervisor.core.Violations;

import java.net.URI;
import java.util.Set;
import java.util.regex.Pattern;

/** Checks where images come from. */
public final class ImageSources {
    private static final int MAX_URL = 2048;
    private static final long MAX_DISK = 64L << 40;
    private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
    private static final Set<String> DISKS = Set.of("", "qcow2", "raw", "vmdk");
    private static final Set<String> BOOTS = Set.of("kernel", "initrd");

    private ImageSources() {}

    /** Adds everything that is wrong. */
    public static void check(Violations v, String field, ImageSource source) {
        v.check(
                isUrl(source.getUrl()),
                field + ".url",
                source.getUrl(),
                "http://, https:// or file:///absolute/path, without user or fragment, at most "
                        + MAX_URL
                        + " characters");
        v.check(
                SHA256.matcher(source.getSha256()).matches(),
                field + ".sha256",
                source.getSha256(),
                "64 hexadecimal digits in lower case");
        v.check(
                isKnown(source),
                field + ".format",
                source.getFormat(),
                "\"\", \"qcow2\", \"raw\", \"vmdk\", \"kernel\" or \"initrd\"");
        long most = isDisk(source) ? MAX_DISK : 0;
        v.range(field + ".virtual_size_bytes", source.getVirtualSizeBytes(), 0, most);
    }

    /** Adds everything that is wrong with what a field of a spec stands for; see {@link #use}. */
    static void check(Violations v, String field, String use, ImageSource source) {
        check(v, field, source);
        v.check(
                !isKnown(source) || use(source).equals(use),
                field + ".format",
                source.getFormat(),
                "a format for spec." + use);
    }

    private static boolean isKnown(ImageSource source) {
        return isDisk(source) || BOOTS.contains(source.getFormat());
    }

    /** Whether it is a disk, and not a kernel or an initial RAM disk. */
    public static boolean isDisk(ImageSource source) {
        return DISKS.contains(source.getFormat());
    }

    /** Which field of a spec may name it: "image", "kernel" or "initrd". */
    public static String use(ImageSource source) {
        return isDisk(source) ? "image" : source.getFormat();
    }

    private static boolean isUrl(String text) {
        if (text.length() > MAX_URL || !text.chars().allMatch(c -> c > 0x20 && c < 0x7f)) {
            return false;
        }
        try {
            URI uri = URI.create(text);
            return switch (String.valueOf(uri.getScheme())) {
                case "http", "https" ->
                        uri.getHost() != null
                                && uri.getPort() < 65_536
                                && uri.getRawUserInfo() == null
                                && uri.getRawFragment() == null;
                case "file" ->
                        uri.getRawAuthority() == null
                                && uri.getRawQuery() == null
                                && uri.getRawFragment() == null
                                && Texts.isSafePath(String.valueOf(uri.getPath()));
                default -> false;
            };
        } catch (IllegalArgumentException e) {
            return false;
        }
    }
}
