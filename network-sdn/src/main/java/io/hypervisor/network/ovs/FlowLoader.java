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
import java.util.Map;

/**
 * Makes a bridge's flow table what it should be, by ovs-ofctl, all at once or not at all. While the
 * connection stands over which it loaded all, it sends what changes; else the difference to what
 * the switch really holds. Not for several threads.
 */
final class FlowLoader {
    // 10,000 flows take 0.2 s.
    private static final Duration DEADLINE = Duration.ofSeconds(60);

    private final String bridge;
    private final List<Integer> learned;
    private long loadedOver;

    /**
     * Nothing is known of the bridge yet.
     *
     * @param openflow where the bridge speaks OpenFlow
     * @param learned tables that the switch fills by itself, which are left alone
     */
    FlowLoader(Path openflow, Collection<Integer> learned) {
        this.bridge = "unix:" + openflow;
        this.learned = List.copyOf(learned);
    }

    /**
     * Loads flows, in the syntax of ovs-ofctl(8).
     *
     * @param all that there shall be
     * @param changes what turns the former ones into these
     * @param connection which one: another than last time means that the switch may have forgotten
     */
    void load(Collection<String> all, Changes changes, long connection) {
        if (connection == loadedOver) {
            if (!changes.isEmpty()) {
                loadedOver = 0;
                run("add-flows", changes.lines());
            }
        } else {
            loadedOver = 0;
            List<String> lines = new ArrayList<>(all);
            learned.forEach(table -> lines.addAll(present(table)));
            run("replace-flows", lines);
        }
        loadedOver = connection;
    }

    /**
     * Changes of flows.
     *
     * @param removed what they match
     * @param put flows by what they match
     */
    record Changes(Collection<String> removed, Map<String, String> put) {
        static final Changes NONE = new Changes(List.of(), Map.of());

        boolean isEmpty() {
            return removed.isEmpty() && put.isEmpty();
        }

        List<String> lines() {
            List<String> lines = new ArrayList<>();
            removed.forEach(match -> lines.add("delete_strict " + match));
            put.values().forEach(flow -> lines.add("add " + flow));
            return lines;
        }
    }

    /** The flows of a table, as they are read in again. */
    List<String> present(int table) {
        Command.Ended ended = ofctl("--no-stats", "dump-flows", bridge, "table=" + table);
        return ended.output()
                .lines()
                .map(String::strip)
                .filter(line -> line.contains(" actions="))
                .toList();
    }

    private void run(String command, List<String> flows) {
        try {
            Path file = Files.createTempFile("flows", ".txt");
            try {
                Files.write(file, flows, StandardCharsets.UTF_8);
                ofctl("--bundle", command, bridge, file.toString());
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new SwitchException("cannot write flows: " + e.getMessage(), e);
        }
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
