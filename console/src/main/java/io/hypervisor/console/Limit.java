package io.hypervisor.console;

import picocli.CommandLine.Option;

/** How much of a list to read. */
final class Limit {
    @Option(
            names = "--limit",
            paramLabel = "N",
            defaultValue = "0",
            description = "At most so many; all by default.")
    int limit;

    /** The most items to read. */
    int items() {
        if (limit < 0) {
            throw Problem.usage("--limit " + limit + " (expected: >= 0)", "0 for all");
        }
        return limit == 0 ? Integer.MAX_VALUE : limit;
    }
}
