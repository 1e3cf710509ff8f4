package io.hypervisor.agent.driver.containerd;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.core.Fault;

/** Texts for states' reasons: one line, printable, bounded. */
final class Wording {
    private static final int MAX_LENGTH = 512;

    private Wording() {}

    static String printable(String text) {
        StringBuilder out = new StringBuilder();
        text.strip()
                .codePoints()
                .limit(MAX_LENGTH)
                .forEach(c -> out.appendCodePoint(Character.isISOControl(c) ? ' ' : c));
        return out.toString();
    }

    /** A field of a spec that cannot be made. */
    static DriverException wrong(String field, Object value, String expected) {
        Fault.Violation violation = Fault.violation(field, value, expected);
        return DriverException.permanent(violation.field() + ": " + violation.description());
    }
}
