package io.hypervisor.console;

import java.util.List;

/** Why a verb could not do its work, as the user reads it. */
final class Problem extends RuntimeException {
    private static final long serialVersionUID = 1;

    static final int FAILED = 1;
    static final int USAGE = 2;
    static final int NOT_PLACED = 3;
    static final int TIMED_OUT = 4;
    static final int DROPPED = 5;

    private final int exitCode;
    private final transient List<String> causes;
    private final String advice;

    /**
     * @param message one line, without "error:"
     * @param causes one line each, may be empty
     * @param advice what to do next, as a command or a sentence; may be empty
     */
    Problem(int exitCode, String message, List<String> causes, String advice) {
        super(message, null, false, false);
        this.exitCode = exitCode;
        this.causes = List.copyOf(causes);
        this.advice = advice;
    }

    static Problem failed(String message, String advice) {
        return new Problem(FAILED, message, List.of(), advice);
    }

    static Problem usage(String message, String advice) {
        return new Problem(USAGE, message, List.of(), advice);
    }

    static Problem timedOut(String message, String advice) {
        return new Problem(TIMED_OUT, message, List.of(), advice);
    }

    int exitCode() {
        return exitCode;
    }

    List<String> causes() {
        return causes;
    }

    String advice() {
        return advice;
    }

    /** The lines for stderr: what is wrong, why, what to do. */
    String text() {
        StringBuilder text = new StringBuilder("error: ").append(getMessage()).append('\n');
        causes.forEach(cause -> text.append("  ").append(cause).append('\n'));
        if (!advice.isEmpty()) {
            text.append("try: ").append(advice).append('\n');
        }
        return text.toString();
    }
}
