package io.hypervisor.console;

import picocli.CommandLine.Option;

import java.time.Duration;

/** How long to wait for what a verb is about. */
final class Timeout {
    @Option(
            names = "--timeout",
            paramLabel = "TIME",
            defaultValue = "60s",
            description = "How long to wait. Default: ${DEFAULT-VALUE}.")
    Duration time;
}
