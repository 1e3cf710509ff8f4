package io.hypervisor.core;

/** What controller and agent call themselves. */
public final class Release {
    /** As in the pom, without what Maven says of a version that is not released yet. */
    public static final String VERSION = "0.1.0";

    private Release() {}
}
