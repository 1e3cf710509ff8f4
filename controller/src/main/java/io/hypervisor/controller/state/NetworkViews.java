package io.hypervisor.controller.state;

import io.hypervisor.api.internal.v1.NetworkRecord;
import io.hypervisor.api.v1.Network;

import java.util.Optional;

/** Joins the network's records to the API's resources. Pure. */
public final class NetworkViews {
    private NetworkViews() {}

    /** The network of this id. */
    public static Optional<Network> network(Snapshot now, String id) {
        return Optional.ofNullable(now.network().networks().get(id)).map(NetworkViews::network);
    }

    private static Network network(Entry<NetworkRecord> entry) {
        return entry.value().getNetwork().toBuilder().setRevision(entry.revision()).build();
    }
}
