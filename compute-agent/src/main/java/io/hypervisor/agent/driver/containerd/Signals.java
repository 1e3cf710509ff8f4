package io.hypervisor.agent.driver.containerd;

import java.util.Locale;
import java.util.Map;

/** Signals by their Linux numbers. */
final class Signals {
    static final int KILL = 9;
    static final int TERM = 15;

    private static final int REALTIME_FIRST = 34;
    private static final int REALTIME_LAST = 64;
    private static final Map<String, Integer> NUMBERS =
            Map.of(
                    "HUP", 1, "INT", 2, "QUIT", 3, "ABRT", 6, "KILL", KILL, "USR1", 10, "USR2", 12,
                    "TERM", TERM, "PWR", 30, "WINCH", 28);

    private Signals() {}

    /**
     * The number of what an image calls its stop signal; TERM if it has none or nobody knows it.
     */
    static int number(String name) {
        String plain = name.toUpperCase(Locale.ROOT).replaceFirst("^SIG", "");
        if (NUMBERS.containsKey(plain)) {
            return NUMBERS.get(plain);
        }
        if (plain.matches("RTMIN(\\+[0-9]{1,2})?")) {
            int offset = plain.equals("RTMIN") ? 0 : Integer.parseInt(plain.substring(6));
            return REALTIME_FIRST + offset <= REALTIME_LAST ? REALTIME_FIRST + offset : TERM;
        }
        if (plain.matches("[0-9]{1,2}")) {
            int number = Integer.parseInt(plain);
            return number >= 1 && number <= REALTIME_LAST ? number : TERM;
        }
        return TERM;
    }
}
