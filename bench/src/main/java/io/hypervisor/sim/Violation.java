package io.hypervisor.sim;

/** A promise that did not hold. */
public final class Violation extends AssertionError {
    private static final long serialVersionUID = 1;

    private final String checker;

    Violation(String checker, String message) {
        super(checker + ": " + message);
        this.checker = checker;
    }

    /** The checker that saw it. */
    public String checker() {
        return checker;
    }
}
