package io.hypervisor.sim;

/** Stack traces of what should never have been thrown; shown when somebody looks at one seed. */
final class Defects {
    private static volatile boolean shown;

    private Defects() {}

    static void showAll() {
        shown = true;
    }

    static void show(Throwable defect) {
        if (shown) {
            defect.printStackTrace(System.out);
        }
    }
}
