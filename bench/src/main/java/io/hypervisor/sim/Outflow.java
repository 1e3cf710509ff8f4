package io.hypervisor.sim;

/** How much one end of a call has sent that the other has not taken. */
final class Outflow {
    private static final int READY = 32 * 1024;

    private final Runnable onReady;
    private int underWay;

    Outflow(Runnable onReady) {
        this.onReady = onReady;
    }

    boolean ready() {
        return underWay < READY;
    }

    void sent(int bytes) {
        underWay += bytes;
    }

    void credited(int bytes) {
        boolean before = ready();
        underWay -= bytes;
        if (!before && ready()) {
            onReady.run();
        }
    }
}
