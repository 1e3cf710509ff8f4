package io.hypervisor.network.compiler;

import static io.hypervisor.network.compiler.Action.set;

import io.hypervisor.network.compiler.Action.ClearTracking;
import io.hypervisor.network.compiler.Action.Resubmit;
import io.hypervisor.network.model.LogicalFloatingIp;
import io.hypervisor.network.model.LogicalNetwork;
import io.hypervisor.network.model.LogicalPort;
import io.hypervisor.network.model.LogicalRouter;
import io.hypervisor.network.model.Mac;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Where a frame goes by its MAC address: a local port, another node, the physical network, or a
 * router. What comes from elsewhere stays here. What is for all is sent to the ports and to those
 * nodes that carry ports of the network, a hundred per flow, because a flow has room for some 450.
 *
 * <pre>
 * table=40, priority=100,reg0=0x1388,dl_dst=02:68:76:00:00:05
 *     actions=set_field:0x4-&gt;reg3,set_field:0x9-&gt;reg4,resubmit(,60)
 * table=40, priority=100,reg0=0x1388,reg5=0x0,dl_dst=02:68:76:00:00:06
 *     actions=set_field:0x1388-&gt;tun_id,set_field:192.0.2.2-&gt;tun_dst,output:1
 * </pre>
 */
final class Switching {
    private static final Match TO_MANY =
            Match.masked(Field.ETH_DST, 0x0100_0000_0000L, 0x0100_0000_0000L);

    private static final int PART = 100;
    private static final int FIRST_OF_TUNNELS = 0x10000;

    private final Scene scene;
    private final Flows flows;

    private Switching(Scene scene, Flows flows) {
        this.scene = scene;
        this.flows = flows;
    }

    static void write(Scene scene, Flows flows) {
        Switching switching = new Switching(scene, flows);
        scene.networks().forEach(switching::ofNetwork);
        scene.view.routers().values().forEach(switching::toRouter);
        for (LogicalFloatingIp floating : scene.floatingIpsHere()) {
            switching.enter(
                    floating.networkId(),
                    floating.mac(),
                    floating.routerId(),
                    "floating IP " + floating.id());
        }
        for (LogicalRouter router : scene.gatewaysHere()) {
            LogicalRouter.Gateway gateway = router.gateway().orElseThrow();
            switching.enter(
                    gateway.networkId(), gateway.mac(), router.id(), "router " + router.id());
        }
    }

    private void ofNetwork(LogicalNetwork network) {
        for (LogicalPort port : scene.view.portsOf(network.id())) {
            if (!port.ofRouter() && !port.nodeId().isEmpty()) {
                toPort(network, port);
            }
        }
        String serves = "network " + network.id();
        flows.in(Stage.SWITCH, 50, serves)
                .is(Field.NETWORK, scene.key(network))
                .is(TO_MANY)
                .then(toLocals(network));
        from(Origin.HERE, network, 60, serves).is(TO_MANY).then(toAll(network));
        if (!network.overlay()) {
            from(Origin.HERE, network, 10, serves).then(scene.physical(network));
        }
    }

    private void toPort(LogicalNetwork network, LogicalPort port) {
        String serves = "port " + port.id();
        Local local = scene.locals.get(port.id());
        if (local != null) {
            Flows.Draft draft =
                    flows.in(Stage.SWITCH, 100, local.up() ? serves : local.reasonDown())
                            .is(Field.NETWORK, scene.key(network))
                            .is(Field.ETH_DST, port.mac());
            draft.then(local.up() ? deliver(local) : List.of());
        } else if (network.overlay() && !scene.here(port.nodeId())) {
            List<Action> tunnel = scene.tunnel(network, port.nodeId());
            if (!tunnel.isEmpty()) {
                from(Origin.HERE, network, 100, serves).is(Field.ETH_DST, port.mac()).then(tunnel);
            }
        }
    }

    private static List<Action> deliver(Local local) {
        return List.of(
                set(Field.TARGET, local.ofport()),
                set(Field.TARGET_ZONE, local.zone()),
                new Resubmit(Stage.INGRESS_TRACK));
    }

    private List<Action> toLocals(LogicalNetwork network) {
        return inParts(network, 0, scene.locals(network).stream().map(Switching::deliver).toList());
    }

    /** What is done to a frame for each who gets it; parts are numbered from the first. */
    private List<Action> inParts(LogicalNetwork network, int first, List<List<Action>> each) {
        if (each.size() <= PART) {
            return each.stream().flatMap(List::stream).toList();
        }
        List<Action> actions = new ArrayList<>();
        for (int from = 0; from < each.size(); from += PART) {
            int part = first + from / PART;
            flows.in(Stage.FLOOD, 100, "network " + network.id())
                    .is(Field.NETWORK, scene.key(network))
                    .is(Field.TARGET_ZONE, part)
                    .then(
                            each.subList(from, Math.min(from + PART, each.size())).stream()
                                    .flatMap(List::stream)
                                    .toList());
            // What needs a zone sets it anew.
            actions.add(set(Field.TARGET_ZONE, part));
            actions.add(new Resubmit(Stage.FLOOD));
        }
        return actions;
    }

    private List<Action> toAll(LogicalNetwork network) {
        List<Action> actions = new ArrayList<>();
        if (!network.overlay()) {
            actions.addAll(toLocals(network));
            // Last, because of the tag.
            actions.addAll(scene.physical(network));
            return actions;
        }
        SortedSet<String> nodes = new TreeSet<>();
        scene.view.portsOf(network.id()).forEach(port -> nodes.add(port.nodeId()));
        nodes.remove("");
        nodes.remove(scene.wiring.nodeId());
        // IPv6 endpoints first: an IPv4 endpoint that is set wins over them.
        List<List<Action>> tunnels =
                nodes.stream()
                        .map(node -> scene.tunnel(network, node))
                        .filter(tunnel -> !tunnel.isEmpty())
                        .sorted(
                                Comparator.comparing(
                                        tunnel -> !tunnel.get(1).text().endsWith("ipv6_dst")))
                        .toList();
        actions.addAll(inParts(network, FIRST_OF_TUNNELS, tunnels));
        actions.addAll(toLocals(network));
        return actions;
    }

    private void toRouter(LogicalRouter router) {
        for (LogicalRouter.Interface end : router.interfaces()) {
            if (!scene.reaches(end.networkId())) {
                continue;
            }
            LogicalNetwork network = scene.network(end.networkId());
            take(
                    from(Origin.HERE, network, 100, serves(router)).is(Field.ETH_DST, end.mac()),
                    router);
            if (network.overlay()) {
                // Guests that asked for their gateway before it had this router still call it so.
                take(
                        from(Origin.HERE, network, 100, serves(router))
                                .is(Field.ETH_DST, Mac.GATEWAY)
                                .from(end.subnet()),
                        router);
            }
            if (network.overlay() && scene.gatewayHere(router)) {
                take(
                        from(Origin.ELSEWHERE, network, 100, serves(router))
                                .is(Field.ETH_DST, end.mac()),
                        router);
            } else if (!network.overlay()) {
                // The network may have several routers, but each of its subnets has one at most.
                take(
                        from(Origin.PHYSICAL, network, 100, serves(router))
                                .is(Field.ETH_DST, scene.wiring.mac())
                                .from(end.subnet()),
                        router,
                        set(Field.ORIGIN, Origin.ELSEWHERE));
            }
        }
    }

    private static String serves(LogicalRouter router) {
        return "router " + router.id() + (router.up() ? "" : ", down");
    }

    // From inside, whatever its way to here.
    private void take(Flows.Draft draft, LogicalRouter router, Action... first) {
        List<Action> actions = new ArrayList<>(List.of(first));
        actions.addAll(toRouter(router.id(), new Resubmit(Stage.ROUTER)));
        draft.then(router.up() ? actions : List.of());
    }

    // From here on it has left its interface, and may go back there.
    private List<Action> toRouter(String routerId, Action... then) {
        List<Action> actions = new ArrayList<>();
        actions.add(set(Field.IN_PORT, 0));
        actions.add(set(Field.SOURCE, 0));
        actions.add(set(Field.ROUTER, scene.routerKey(routerId)));
        actions.add(new ClearTracking());
        actions.addAll(List.of(then));
        return actions;
    }

    private void enter(String networkId, Mac mac, String routerId, String serves) {
        flows.in(Stage.SWITCH, 100, serves)
                .is(Field.NETWORK, scene.key(scene.network(networkId)))
                .is(Field.ETH_DST, mac)
                .then(
                        toRouter(
                                routerId,
                                set(Field.ORIGIN, Origin.PHYSICAL),
                                new Resubmit(Stage.ENTER)));
    }

    private Flows.Draft from(Origin origin, LogicalNetwork network, int priority, String serves) {
        return flows.in(Stage.SWITCH, priority, serves)
                .is(Field.NETWORK, scene.key(network))
                .is(Field.ORIGIN, origin);
    }
}
