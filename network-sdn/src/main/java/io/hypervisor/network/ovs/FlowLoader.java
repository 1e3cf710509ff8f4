package io.hypervisor.network.ovs;

import io.hypervisor.core.Command;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * Makes a bridge's flow table what it should be, whatever it holds, by ovs-ofctl, all at once or
 * not at all: what is right already is left as it is.
 */
final class FlowLoader {
    // 10,000 flows take 0.2 s.
    private static final Duration DEADLINE = Duration.ofSeconds(60);

    private final String bridge;
    private final List<Integer> learned;

    /**
     * For the bridge of a socket.
     *
     * @param openflow where the bridge speaks OpenFlow
     * @param learned tables that the switch fills by itself, which are left alone
     */
    FlowLoader(Path openflow, Collection<Integer> learned) {
        this.bridge = "unix:" + openflow;
        this.learned = List.copyOf(learned);
    }

    /** Loads flows, in the syntax of ovs-ofctl(8). */
    void load(List<String> flows) {
        List<String> all = new ArrayList<>(flows);
        learned.forEach(table -> all.addAll(present(table)));
        try {
            Path file = Files.createTempFile("flows", ".txt");
            try {
                Files.write(file, all, StandardCharsets.UTF_8);
                ofctl("--bundle", "replace-flows", bridge, file.toString());
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new SwitchException("cannot write flows: " + e.getMessage(), e);
        }
    }

    /** The flows of a table, as they are read in again. */
    private List<String> present(int table) {
        Command.Ended ended = ofctl("--no-stats", "dump-flows", bridge, "table=" + table);
        return ended.output()
                .lines()
                .map(String::strip)
                .filter(line -> line.contains(" actions="))
                .toList();
    }

    private static Command.Ended ofctl(String... arguments) {
        List<String> command = new ArrayList<>(List.of("ovs-ofctl", "--protocols=OpenFlow15"));
        command.addAll(List.of(arguments));
        Command.Ended ended = Command.run(DEADLINE, command);
        if (!ended.ok()) {
            throw new SwitchException(ended.failure());
        }
        return ended;
    }
}
