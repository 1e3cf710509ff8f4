package io.hypervisor.console;

import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;
import java.util.UUID;
import java.util.logging.Level;
import java.util.logging.Logger;

/** Starts hvctl. */
public final class Main {
    private static final int BUFFER_BYTES = 8192;
    // Kept, because loggers are otherwise forgotten together with their level.
    private static final Logger ROOT = Logger.getLogger("");

    private Main() {}

    /** Runs one command line and exits with its code. */
    public static void main(String[] args) {
        // What the network library has to say is in the error that the user reads.
        ROOT.setLevel(Level.OFF);
        int code = Hvctl.run(surroundings(System.getenv()), args);
        System.exit(code);
    }

    private static Surroundings surroundings(Map<String, String> environment) {
        // Only the launcher can ask which streams are terminals: digits 0, 1 and 2.
        String terminals = System.getProperty("hvctl.terminals", "");
        boolean colour =
                terminals.contains("1") && environment.getOrDefault("NO_COLOR", "").isEmpty();
        return new Surroundings(
                System.in,
                stream(FileDescriptor.out),
                stream(FileDescriptor.err),
                terminals.contains("0") && terminals.contains("1"),
                colour,
                terminals.contains("2"),
                environment,
                config(environment),
                InstantSource.system(),
                () -> UUID.randomUUID().toString(),
                JLineTerminal::open);
    }

    private static Path config(Map<String, String> environment) {
        String base = environment.getOrDefault("XDG_CONFIG_HOME", "");
        Path folder =
                base.isEmpty()
                        ? Path.of(System.getProperty("user.home"), ".config")
                        : Path.of(base);
        return folder.resolve("hvctl").resolve("config.yaml");
    }

    private static PrintStream stream(FileDescriptor descriptor) {
        return new PrintStream(
                new BufferedOutputStream(new FileOutputStream(descriptor), BUFFER_BYTES),
                false,
                StandardCharsets.UTF_8);
    }
}
