package io.hypervisor.console;

import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Everything outside of hvctl that it reads or writes, apart from the network.
 *
 * @param interactive stdin and stdout are both a terminal
 * @param colour stdout is a terminal that may be sent colour
 * @param progress stderr is a terminal, so a line may be rewritten there
 * @param config the file with the user's contexts, which may be missing
 * @param requestIds makes the ids by which a repeated create is recognised
 */
record Surroundings(
        InputStream in,
        PrintStream out,
        PrintStream err,
        boolean interactive,
        boolean colour,
        boolean progress,
        Map<String, String> environment,
        Path config,
        InstantSource clock,
        Supplier<String> requestIds,
        Supplier<RawTerminal> terminal) {

    /** A variable's value, empty if it is not set. */
    String variable(String name) {
        return environment.getOrDefault(name, "");
    }
}
