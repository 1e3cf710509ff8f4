package io.hypervisor.console;

import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Whether and how long to wait. */
final class Patience {
    @Option(names = "--no-wait", description = "Return once the request is recorded.")
    boolean noWait;

    @Mixin Timeout timeout;
}
