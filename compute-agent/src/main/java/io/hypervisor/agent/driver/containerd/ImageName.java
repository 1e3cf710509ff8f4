package io.hypervisor.agent.driver.containerd;

/**
 * Short and full names of images. {@code busybox} is docker.io/library/busybox:latest and {@code
 * demo/busybox} is docker.io/demo/busybox:latest; a first part with a dot or a colon, or {@code
 * localhost}, is a registry and stays.
 */
final class ImageName {
    private static final String REGISTRY = "docker.io/";
    private static final String LIBRARY = "library/";

    private ImageName() {}

    /** The name in containerd's store of what a spec calls by any name. */
    static String full(String name) {
        int slash = name.indexOf('/');
        String first = slash < 0 ? "" : name.substring(0, slash);
        boolean hasRegistry =
                first.contains(".") || first.contains(":") || first.equals("localhost");
        String path = hasRegistry ? name : REGISTRY + (slash < 0 ? LIBRARY : "") + name;
        boolean hasTag = path.lastIndexOf(':') > path.lastIndexOf('/');
        return hasTag || path.contains("@") ? path : path + ":latest";
    }

    /** The shortest name that stands for a full one; with its tag. */
    static String brief(String full) {
        if (!full.startsWith(REGISTRY)) {
            return full;
        }
        String rest = full.substring(REGISTRY.length());
        String shorter = rest.startsWith(LIBRARY) ? rest.substring(LIBRARY.length()) : rest;
        return full(shorter).equals(full) ? shorter : full;
    }
}
