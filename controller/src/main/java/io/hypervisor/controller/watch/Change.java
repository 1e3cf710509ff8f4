package io.hypervisor.controller.watch;

import com.google.protobuf.Timestamp;

import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceEvent;
import io.hypervisor.api.v1.NetworkEvent;
import io.hypervisor.api.v1.Node;
import io.hypervisor.api.v1.NodeEvent;

import java.util.SortedMap;

/** What one revision changed, as the API shows it, by id. */
record Change(
        long revision,
        Timestamp at,
        SortedMap<String, Delta<Instance, InstanceEvent>> instances,
        SortedMap<String, Delta<Node, NodeEvent>> nodes,
        SortedMap<String, Delta<NetworkItem, NetworkEvent>> network) {
    /** How many resources it changed. */
    int size() {
        return instances.size() + nodes.size() + network.size();
    }
}
