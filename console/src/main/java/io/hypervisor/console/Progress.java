package io.hypervisor.console;

import java.io.PrintStream;

/** One line on stderr that is written over and over, if that is a terminal; otherwise nothing. */
final class Progress implements AutoCloseable {
    private final PrintStream err;
    private final boolean shown;
    private int length;

    Progress(Surroundings surroundings) {
        this.err = surroundings.err();
        this.shown = surroundings.progress();
    }

    void show(String text) {
        if (shown) {
            err.print("\r" + text + " ".repeat(Math.max(0, length - text.length())));
            err.flush();
            length = text.length();
        }
    }

    /** Wipes the line. */
    @Override
    public void close() {
        if (length > 0) {
            err.print("\r" + " ".repeat(length) + "\r");
            err.flush();
        }
    }
}
