package io.hypervisor.network.compiler;

import static io.hypervisor.network.compiler.Action.set;

import io.hypervisor.network.compiler.Action.DecrementTtl;
import io.hypervisor.network.compiler.Action.Resubmit;
import io.hypervisor.network.compiler.Action.Translate;
import io.hypervisor.network.compiler.Action.Untranslate;
import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.LogicalFloatingIp;
import io.hypervisor.network.model.LogicalNetwork;
import io.hypervisor.network.model.LogicalRouter;
import io.hypervisor.network.model.Mac;
import io.hypervisor.network.model.Prefix;

import java.util.ArrayList;
import java.util.List;

/**
 * The border to an external network, in both directions. An address with a floating IP goes out
 * under it, on the node that answers for it; others go out on the router's gateway node, in IPv4
 * under the router's address if it translates. What came in does not go out again. Where the border
 * is elsewhere, the packet goes there unchanged.
 *
 * <pre>
 * table=52, priority=100,ip,reg6=0x1f,nw_src=10.0.0.5 actions=set_field:0x80002000-&gt;reg0,
 *     set_field:02:68:76:0f:00:01-&gt;dl_src,dec_ttl,…,ct(commit,table=55,zone=7,nat(src=203.0.113.9))
 * table=53, priority=100,ip,reg6=0x1f,nw_dst=203.0.113.9 actions=ct(commit,table=50,zone=7,nat(dst=10.0.0.5))
 * </pre>
 */
final class External {
    private final Scene scene;
    private final Flows flows;

    private External(Scene scene, Flows flows) {
        this.scene = scene;
        this.flows = flows;
    }

    static void write(Scene scene, Flows flows) {
        flows.in(Stage.EXTERNAL, 200, "packets from outside that would leave again")
                .is(Field.ORIGIN, Origin.PHYSICAL)
                .drop();
        flows.in(Stage.EXTERNAL, 0, "").then(new Resubmit(Stage.FORWARD));
        External external = new External(scene, flows);
        scene.floatingIpsHere().forEach(external::ofFloatingIp);
        scene.gatewaysHere().forEach(external::ofGateway);
        for (LogicalRouter router : scene.routers().values()) {
            router.gateway()
                    .filter(gateway -> router.up() && !gateway.nodeId().isEmpty())
                    .filter(gateway -> !scene.here(gateway.nodeId()))
                    .ifPresent(gateway -> external.forward(router, gateway));
        }
    }

    private void ofFloatingIp(LogicalFloatingIp floating) {
        String serves = "floating IP " + floating.id();
        int router = scene.routerKey(floating.routerId());
        int zone = scene.wiring().routerZones().get(floating.routerId());
        List<Action> actions = leave(floating.networkId(), floating.mac(), floating.address());
        actions.add(new Translate(zone, true, floating.address(), Stage.NEIGHBOUR));
        flows.in(Stage.EXTERNAL, 100, serves)
                .is(Field.ROUTER, router)
                .from(Prefix.of(floating.fixed()))
                .then(actions);
        flows.in(Stage.ENTER, 100, serves)
                .is(Field.ROUTER, router)
                .to(Prefix.of(floating.address()))
                .then(new Translate(zone, false, floating.fixed(), Stage.ROUTER));
    }

    private void ofGateway(LogicalRouter router) {
        LogicalRouter.Gateway gateway = router.gateway().orElseThrow();
        int zone = scene.wiring().routerZones().get(router.id());
        for (LogicalRouter.GatewayAddress own : gateway.addresses()) {
            boolean v6 = own.address().v6();
            Resubmit neighbour = new Resubmit(Stage.NEIGHBOUR);
            List<Action> leave = leave(gateway.networkId(), gateway.mac(), own.address());
            List<Action> plain = new ArrayList<>(leave);
            plain.add(neighbour);
            if (v6 || !gateway.snat()) {
                in(Stage.EXTERNAL, 50, router).ip(v6).then(plain);
                in(Stage.ENTER, 50, router).ip(v6).then(new Resubmit(Stage.ROUTER));
                continue;
            }
            List<Action> translated = new ArrayList<>(leave);
            translated.add(new Translate(zone, true, own.address(), Stage.NEIGHBOUR));
            in(Stage.EXTERNAL, 50, router).ip(false).then(translated);
            // What the router says itself.
            in(Stage.EXTERNAL, 150, router).from(Prefix.of(own.address())).then(plain);
            in(Stage.ENTER, 100, router)
                    .to(Prefix.of(own.address()))
                    .then(new Untranslate(zone, Stage.ROUTER));
        }
    }

    private List<Action> leave(String networkId, Mac mac, Address asker) {
        List<Action> actions = new ArrayList<>();
        actions.add(set(Field.NETWORK, scene.key(scene.network(networkId))));
        actions.add(set(Field.ETH_SRC, mac));
        actions.add(new DecrementTtl());
        actions.add(set(Field.ORIGIN, Origin.HERE));
        if (!asker.v6()) {
            actions.add(set(Field.ASKER, asker));
        }
        return actions;
    }

    private void forward(LogicalRouter router, LogicalRouter.Gateway gateway) {
        for (LogicalRouter.Interface end : router.interfaces()) {
            if (!scene.reaches(end.networkId())) {
                continue;
            }
            LogicalNetwork network = scene.network(end.networkId());
            List<Action> actions = new ArrayList<>();
            if (network.overlay()) {
                actions.addAll(scene.tunnel(network, gateway.nodeId()));
            } else {
                actions.add(set(Field.ETH_SRC, scene.wiring().mac()));
                actions.add(set(Field.ETH_DST, Mac.ofNode(gateway.nodeId())));
                actions.addAll(scene.physical(network));
            }
            if (!actions.isEmpty()) {
                in(Stage.FORWARD, 100, router)
                        .is(Field.NETWORK, scene.key(network))
                        .is(Field.ORIGIN, Origin.HERE)
                        .then(actions);
            }
        }
    }

    private Flows.Draft in(Stage stage, int priority, LogicalRouter router) {
        return flows.in(stage, priority, "router " + router.id())
                .is(Field.ROUTER, scene.routerKey(router.id()));
    }
}
