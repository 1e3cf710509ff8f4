package io.hypervisor.agent.driver.containerd;

import java.util.List;
import java.util.Locale;

/** Signals by their Linux numbers. */
final class Signals {
    static final int KILL = 9;
    static final int TERM = 15;

    private static final int REALTIME_FIRST = 34;
    private static final int REALTIME_LAST = 64;
    // By number, from 1.
    private static final List<String> NAMES =
            List.of(
                    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1",
                    "SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP",
                    "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO",
                    "PWR", "SYS");
    // What a shell, and the runtime too, adds to the number of the signal that ended a process.
    private static final int ENDED_BY = 128;

    private Signals() {}

    /**
     * The number of what an image calls its stop signal; TERM if it has none or nobody knows it.
     */
    static int number(String name) {
        String plain = name.toUpperCase(Locale.ROOT).replaceFirst("^SIG", "");
        if (NAMES.contains(plain)) {
            return NAMES.indexOf(plain) + 1;
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

    /** How a process with this exit status has ended, as a sentence. */
    static String ended(int status) {
        int signal = status - ENDED_BY;
        return signal >= 1 && signal <= NAMES.size()
                ? "exit code %d: ended by signal %s".formatted(status, NAMES.get(signal - 1))
                : "exit code " + status;
    }
}
