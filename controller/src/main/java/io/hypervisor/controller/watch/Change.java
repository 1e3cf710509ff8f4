package io.hypervisor.controller.watch;

import com.google.protobuf.Timestamp;

import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.Node;

import java.util.SortedMap;

/** What one revision changed, as the API shows it, by id. */
record Change(
        long revision,
        Timestamp at,
        SortedMap<String, Delta<Instance>> instances,
        SortedMap<String, Delta<Node>> nodes,
        SortedMap<String, Delta<NetworkItem>> network) {
    /** How many resources it changed. */
    int size() {
        return instances.size() + nodes.size() + network.size();
    }
}
