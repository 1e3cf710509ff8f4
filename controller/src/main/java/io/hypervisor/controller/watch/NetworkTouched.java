package io.hypervisor.controller.watch;

import io.hypervisor.api.v1.NetworkResource;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.NetworkKeys;
import io.hypervisor.controller.state.Snapshot;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Finds the resources of the network that edits may have changed as the API shows them. Pure. */
final class NetworkTouched {
    private final Snapshot before;
    private final Snapshot after;
    private final Set<String> keys = new TreeSet<>();

    private NetworkTouched(Snapshot before, Snapshot after) {
        this.before = before;
        this.after = after;
    }

    /** Their keys, as {@link NetworkItem#of} reads them. */
    static Set<String> keys(Snapshot before, Snapshot after, List<Edit> edits) {
        NetworkTouched touched = new NetworkTouched(before, after);
        edits.forEach(touched::touch);
        return touched.keys;
    }

    private void touch(Edit edit) {
        String id = edit.id();
        switch (edit.table()) {
            case NETWORK -> add(NetworkResource.NETWORK_RESOURCE_NETWORK, id);
            case SUBNET -> add(NetworkResource.NETWORK_RESOURCE_SUBNET, id);
            case SECURITY_GROUP -> add(NetworkResource.NETWORK_RESOURCE_SECURITY_GROUP, id);
            case FLOATING_IP -> add(NetworkResource.NETWORK_RESOURCE_FLOATING_IP, id);
            case PORT, PORT_STATE -> port(id);
            case ROUTER -> {
                add(NetworkResource.NETWORK_RESOURCE_ROUTER, id);
                // Whether anybody can answer for its floating IPs depends on its gateway's node.
                for (Snapshot at : List.of(before, after)) {
                    var router = at.network().routers().get(id);
                    if (router != null) {
                        String outside =
                                router.value().getRouter().getExternalGateway().getNetworkId();
                        floatingIps(at, NetworkKeys.floatingIpOfNetwork(outside));
                    }
                }
            }
            case PLACEMENT -> {
                for (Snapshot at : List.of(before, after)) {
                    at.network().portsOfInstance(id).forEach(this::port);
                }
            }
            case NODE, HEALTH, NODE_NETWORK -> node(id);
            case CLUSTER, LEADER, HISTORY, IMAGE, INSTANCE, OBSERVED, LOCAL, ALLOCATION -> {}
        }
    }

    private void add(NetworkResource kind, String id) {
        keys.add(NetworkItem.key(kind, id));
    }

    /** A port, and the floating IPs whose status is the port's. */
    private void port(String id) {
        add(NetworkResource.NETWORK_RESOURCE_PORT, id);
        for (Snapshot at : List.of(before, after)) {
            floatingIps(at, NetworkKeys.floatingIpOfPort(id));
        }
    }

    private void floatingIps(Snapshot at, String key) {
        at.network().find(key).forEach(ip -> add(NetworkResource.NETWORK_RESOURCE_FLOATING_IP, ip));
    }

    /** What is ACTIVE only when this node has done its part. */
    private void node(String id) {
        for (Snapshot at : List.of(before, after)) {
            at.portsOn(id)
                    .forEach(
                            port -> {
                                floatingIps(at, NetworkKeys.floatingIpOfPort(port));
                                String network =
                                        at.network()
                                                .ports()
                                                .get(port)
                                                .value()
                                                .getPort()
                                                .getNetworkId();
                                routers(at, NetworkKeys.routerOfNetwork(network));
                            });
            routers(at, NetworkKeys.routerOfGatewayNode(id));
        }
    }

    private void routers(Snapshot at, String key) {
        at.network()
                .find(key)
                .forEach(router -> add(NetworkResource.NETWORK_RESOURCE_ROUTER, router));
    }
}
