package io.hypervisor.network.compiler;

import io.hypervisor.network.model.LogicalNetwork;
import io.hypervisor.network.model.LogicalPort;
import io.hypervisor.network.model.NodeView;

import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** View and wiring side by side: what all tables are written from. */
final class Scene {
    final NodeView view;
    final Wiring wiring;
    final SortedMap<String, Local> locals = new TreeMap<>();
    private final Map<String, Integer> routerKeys;

    Scene(NodeView view, Wiring wiring) {
        this.view = view;
        this.wiring = wiring;
        this.routerKeys = Numbers.of(view.routers().keySet());
        wiring.ports()
                .forEach(
                        (id, plug) -> {
                            LogicalPort port = view.ports().get(id);
                            if (port != null && port.nodeId().equals(wiring.nodeId())) {
                                LogicalNetwork network = view.networks().get(port.networkId());
                                if (wiring.carries(network)) {
                                    locals.put(
                                            id,
                                            new Local(port, network, plug.ofport(), plug.zone()));
                                }
                            }
                        });
    }

    /** The networks whose frames this node can take, by id. */
    List<LogicalNetwork> networks() {
        return view.networks().values().stream().filter(wiring::carries).toList();
    }

    /** The plugged ports of a network that pass packets, by id. */
    List<Local> locals(LogicalNetwork network) {
        return locals.values().stream()
                .filter(local -> local.network().id().equals(network.id()) && local.up())
                .toList();
    }

    long key(LogicalNetwork network) {
        return wiring.key(network);
    }

    /** The value of {@link Field#ROUTER}. */
    int routerKey(String routerId) {
        return routerKeys.get(routerId);
    }
}
