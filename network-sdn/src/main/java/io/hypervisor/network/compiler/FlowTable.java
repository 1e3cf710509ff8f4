package io.hypervisor.network.compiler;

import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;

/**
 * Everything that a node's switch does.
 *
 * @param flows sorted; no two have the same stage, priority and matches
 * @param meters which must be there before the flows that use them
 * @param served what the flows with a cookie serve
 * @param conflicts what could not be compiled because it contradicts something else
 */
public record FlowTable(
        SortedSet<Flow> flows,
        SortedSet<Meter> meters,
        SortedMap<Long, String> served,
        List<String> conflicts) {
    /** What the flows with this cookie serve, such as "port ID"; empty: nothing. */
    public String serves(long cookie) {
        return served.getOrDefault(cookie, "");
    }
}
