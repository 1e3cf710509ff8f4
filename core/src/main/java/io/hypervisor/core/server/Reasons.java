package io.hypervisor.core.server;

import io.grpc.Status;

import java.io.IOException;
import java.io.UncheckedIOException;

/** What to tell people of a failure: one line, and what the system says rather than a library. */
public final class Reasons {
    // What the library says of every connection that fails; why is in the cause.
    private static final String HIDDEN = "io exception";

    private Reasons() {}

    /** The description of a failed call. */
    public static String of(Status status) {
        String said = String.valueOf(status.getDescription());
        return said.equals(HIDDEN) && status.getCause() != null ? root(status.getCause()) : said;
    }

    /** A server that did not get its address, and why: who starts it wants to know both. */
    public static UncheckedIOException cannotListen(HostPort address, Throwable why) {
        String message = "cannot listen on " + address + ": " + root(why);
        return new UncheckedIOException(message, new IOException(why));
    }

    /** What the innermost cause says. */
    public static String root(Throwable thrown) {
        Throwable at = thrown;
        while (at.getCause() != null) {
            at = at.getCause();
        }
        return at.getMessage() == null ? at.toString() : at.getMessage();
    }
}
