package io.hypervisor.network.compiler;

/**
 * What some flows are written from, all of it: of two that are equal the flows are equal. So a part
 * that did not change need not be written again.
 */
sealed interface Part permits PortPart, Flooding, Rules, Scene {
    /** Tells it from the other parts of a table. */
    String name();

    void write(Flows flows);
}
