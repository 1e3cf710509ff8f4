package io.hypervisor.controller.store.history;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/** All checks by name, and what they say about a history. */
final class Checks {
    /** Calls the consumer with each violation that it finds. */
    interface Check extends BiConsumer<History, Consumer<String>> {}

    // One bug breaks the same promise thousands of times.
    private static final int TOLD = 10;

    private Checks() {}

    static Map<String, Check> all() {
        Map<String, Check> checks = new LinkedHashMap<>();
        checks.put("acknowledged writes are there", CommitChecks::acknowledged);
        checks.put("refused writes are nowhere", CommitChecks::refused);
        checks.put("ambiguous writes happened once at most", CommitChecks::ambiguous);
        checks.put("commits are whole", CommitChecks::whole);
        checks.put("real-time order", CommitChecks::realTime);
        checks.put("loads equal the replay", CommitChecks::loads);
        checks.put("general search", CommitChecks::search);
        checks.put("terms are contiguous", CommitChecks::contiguous);
        checks.put("terms write while their key is there", CommitChecks::reigns);
        checks.put("watch ordered", WatchChecks::ordered);
        checks.put("watch unique", WatchChecks::unique);
        checks.put("watch atomic", WatchChecks::atomic);
        checks.put("watch reliable", WatchChecks::reliable);
        checks.put("watch resumable", WatchChecks::resumable);
        checks.put("watch never from the future", WatchChecks::future);
        checks.put("watch lost with a reason", WatchChecks::lost);
        return checks;
    }

    /** What is wrong, each line beginning with the name of the check. */
    static List<String> violations(History history) {
        List<String> found = new ArrayList<>();
        all().forEach(
                        (name, check) -> {
                            List<String> own = new ArrayList<>();
                            check.accept(history, own::add);
                            own.stream().limit(TOLD).forEach(line -> found.add(name + ": " + line));
                            if (own.size() > TOLD) {
                                found.add(name + ": " + (own.size() - TOLD) + " more");
                            }
                        });
        return found;
    }
}
