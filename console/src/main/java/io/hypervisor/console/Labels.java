package io.hypervisor.console;

import picocli.CommandLine.Option;

import java.util.HashMap;
import java.util.Map;

/** Which labels a list's items have. */
final class Labels {
    @Option(
            names = {"-l", "--label"},
            paramLabel = "KEY=VALUE",
            description = "Only those with this label. May be repeated.")
    Map<String, String> all = new HashMap<>();
}
