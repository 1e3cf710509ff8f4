package io.hypervisor.network.compiler;

import java.util.List;
import java.util.SortedSet;

/**
 * What turns a node's table into the next one.
 *
 * @param removed flows that are gone
 * @param put flows that are new, or do something else than before
 * @param meters all that there are then
 * @param conflicts see {@link FlowTable#conflicts}
 * @param size how many flows there are then
 */
public record FlowChanges(
        List<Flow> removed,
        List<Flow> put,
        SortedSet<Meter> meters,
        List<String> conflicts,
        int size) {}
