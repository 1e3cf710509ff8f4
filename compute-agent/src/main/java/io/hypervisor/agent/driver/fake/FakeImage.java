package io.hypervisor.agent.driver.fake;

import io.hypervisor.agent.driver.Found;

import java.time.Duration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** An image whose name says what an instance of it does; see the package. */
record FakeImage(String name) {
    private static final Pattern EXITS = Pattern.compile("exit-(\\d{1,3})(?:-after-(\\d{1,6})s)?");

    boolean missing() {
        return name.startsWith("missing");
    }

    boolean deaf() {
        return name.equals("deaf");
    }

    /** How long it runs before it ends by itself; empty if it runs on. */
    Optional<Duration> runsFor() {
        Matcher exits = EXITS.matcher(name);
        if (!exits.matches()) {
            return Optional.empty();
        }
        String seconds = exits.group(2);
        return Optional.of(Duration.ofSeconds(seconds == null ? 0 : Long.parseLong(seconds)));
    }

    int exitCode() {
        Matcher exits = EXITS.matcher(name);
        return exits.matches() ? Integer.parseInt(exits.group(1)) : 0;
    }

    Found.Exit exit() {
        return exitCode() == 0 ? Found.Exit.CLEAN : Found.Exit.FAILED;
    }
}
