package io.hypervisor.console;

import io.hypervisor.api.v1.TerminalSize;

import java.io.InputStream;
import java.io.OutputStream;

/** A terminal that hands over every key as it is typed. Closing it restores its old mode. */
interface RawTerminal extends AutoCloseable {
    /** What is typed, byte by byte. */
    InputStream input();

    /** What is shown. */
    OutputStream output();

    /** Its size now; zeros where it cannot tell. */
    TerminalSize size();

    /** Calls back whenever its size has changed. */
    void onResize(Runnable changed);

    @Override
    void close();
}
