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
import java.util.List;

/**
 * Where a frame goes by its MAC address: a local port, another node, the physical network, or a
 * router. What comes from elsewhere stays here. What is for all: {@link Flooding}.
 *
 * <pre>
 * table=40, priority=100,reg0=0x1388,dl_dst=02:68:76:00:00:05
 *     actions=set_field:0x4-&gt;reg3,set_field:0x9-&gt;reg4,resubmit(,60)
 * table=40, priority=100,reg0=0x1388,reg5=0x0,dl_dst=02:68:76:00:00:06
 *     actions=set_field:0x1388-&gt;tun_id,set_field:192.0.2.2-&gt;tun_dst,output:1
 * </pre>
 */
final class Switching {
    private final Scene scene;
    private final Flows flows;

    private Switching(Scene scene, Flows flows) {
        this.scene = scene;
        this.flows = flows;
    }

    static void write(Scene scene, Flows flows) {
        Switching switching = new Switching(scene, flows);
        scene.active().forEach(switching::ofNetwork);
        scene.routers().values().forEach(switching::toRouter);
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
        if (!network.overlay()) {
            from(Origin.HERE, network, 10, "network " + network.id()).then(scene.physical(network));
        }
    }

    static void toPort(PortPart part, Flows flows) {
        LogicalPort port = part.port();
        if (!part.segment().active() || port.ofRouter()) {
            return;
        }
        String serves = part.name();
        if (part.local().isPresent()) {
            Local local = part.local().get();
            flows.in(Stage.SWITCH, 100, local.up() ? serves : local.reasonDown())
                    .is(Field.NETWORK, part.segment().key())
                    .is(Field.ETH_DST, port.mac())
                    .then(local.up() ? deliver(local.ofport(), local.zone()) : List.of());
        } else if (!part.tunnel().isEmpty()) {
            flows.in(Stage.SWITCH, 100, serves)
                    .is(Field.NETWORK, part.segment().key())
                    .is(Field.ORIGIN, Origin.HERE)
                    .is(Field.ETH_DST, port.mac())
                    .then(part.tunnel());
        }
    }

    static List<Action> deliver(int ofport, int zone) {
        return List.of(
                set(Field.TARGET, ofport),
                set(Field.TARGET_ZONE, zone),
                new Resubmit(Stage.INGRESS_TRACK));
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
                                .is(Field.ETH_DST, scene.wiring().mac())
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
