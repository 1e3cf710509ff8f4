package io.hypervisor.console;

import picocli.CommandLine.Option;

/** Whose resources a verb is about. */
final class Tenant {
    @Option(
            names = "--tenant",
            paramLabel = "TENANT",
            defaultValue = "",
            description = "The tenant. Default: all in lists, default in creates.")
    String name;
}
