package io.hypervisor.core.spec;

import io.hypervisor.api.v1.InstanceType;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The grammar of image names: OCI references for containers, names or paths for VMs. */
public final class ImageRefs {
    /** For violations. */
    public static final String EXPECTED_REFERENCE =
            "an image reference [host[:port]/]path[:tag][@digest] of at most 1024 characters";

    /** For violations. */
    public static final String EXPECTED_FILE =
            "an image name of letters, digits, '.', '_' and '-', or an absolute path without '..',"
                    + " of at most 1024 characters";

    private static final int MAX_LENGTH = 1024;
    private static final int MAX_REPOSITORY = 255;
    private static final String PART = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
    private static final String LABEL = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?";
    private static final String HOST =
            "(?:" + LABEL + "(?:\\." + LABEL + ")*|\\[[0-9a-fA-F:]+\\])(?::[0-9]{1,5})?";
    private static final Pattern REFERENCE =
            Pattern.compile(
                    "(?<name>(?:(?<host>%s)/)?(?<path>%s(?:/%s)*+))".formatted(HOST, PART, PART)
                            + "(?::(?<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?"
                            + "(?:@(?<digest>[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*"
                            + ":[0-9a-fA-F]{32,}))?");
    private static final Pattern IMAGE_NAME =
            Pattern.compile("[A-Za-z0-9]([A-Za-z0-9._-]{0,1023})");
    private static final String DEFAULT_HOST = "docker.io";

    private ImageRefs() {}

    /** Whether a text is a reference to a container image. */
    public static boolean isReference(String text) {
        if (text.length() > MAX_LENGTH) {
            return false;
        }
        Matcher matcher = REFERENCE.matcher(text);
        return matcher.matches() && matcher.group("name").length() <= MAX_REPOSITORY;
    }

    /** Whether a text is a VM image's name or path. */
    public static boolean isFile(String text) {
        return text.startsWith("/")
                ? text.length() <= MAX_LENGTH && Texts.isSafePath(text)
                : IMAGE_NAME.matcher(text).matches();
    }

    /**
     * One spelling for all references to the same container image: with host, and with tag "latest"
     * unless there is a tag or a digest. Other texts are returned as they are.
     */
    public static String canonical(InstanceType type, String name) {
        if (type != InstanceType.INSTANCE_TYPE_CONTAINER || name.length() > MAX_LENGTH) {
            return name;
        }
        Matcher matcher = REFERENCE.matcher(name);
        if (!matcher.matches()) {
            return name;
        }
        boolean bare = matcher.group("tag") == null && matcher.group("digest") == null;
        return withHost(name) + (bare ? ":latest" : "");
    }

    /**
     * A first part is a host if it looks like none of a repository: it has a dot, a port, or is
     * localhost.
     */
    private static String withHost(String name) {
        int slash = name.indexOf('/');
        String first = slash < 0 ? "" : name.substring(0, slash);
        boolean host =
                first.contains(".")
                        || first.contains(":")
                        || first.equals("localhost")
                        || first.chars().anyMatch(Character::isUpperCase);
        if (host) {
            return name;
        }
        return DEFAULT_HOST + (slash < 0 ? "/library/" : "/") + name;
    }
}
