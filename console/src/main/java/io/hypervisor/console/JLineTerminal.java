package io.hypervisor.console;

import io.hypervisor.api.v1.TerminalSize;

import org.jline.terminal.Attributes;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;

/** The terminal that hvctl was started on. */
final class JLineTerminal implements RawTerminal {
    private final Terminal terminal;

    private JLineTerminal(Terminal terminal) {
        this.terminal = terminal;
    }

    static RawTerminal open() {
        try {
            Terminal terminal =
                    TerminalBuilder.builder()
                            .system(true)
                            .dumb(false)
                            .nativeSignals(true)
                            .signalHandler(Terminal.SignalHandler.SIG_IGN)
                            .build();
            terminal.enterRawMode();
            // Ctrl-C, Ctrl-Z and Ctrl-\ are for the guest.
            Attributes raw = terminal.getAttributes();
            raw.setLocalFlag(Attributes.LocalFlag.ISIG, false);
            raw.setControlChar(Attributes.ControlChar.VMIN, 1);
            raw.setControlChar(Attributes.ControlChar.VTIME, 0);
            terminal.setAttributes(raw);
            return new JLineTerminal(terminal);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot take over the terminal", e);
        }
    }

    @Override
    public InputStream input() {
        return terminal.input();
    }

    @Override
    public OutputStream output() {
        return terminal.output();
    }

    @Override
    public TerminalSize size() {
        return TerminalSize.newBuilder()
                .setWidth(terminal.getWidth())
                .setHeight(terminal.getHeight())
                .build();
    }

    @Override
    public void onResize(Runnable changed) {
        terminal.handle(Terminal.Signal.WINCH, signal -> changed.run());
    }

    @Override
    public void close() {
        try {
            terminal.close();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot restore the terminal; run: stty sane", e);
        }
    }
}
