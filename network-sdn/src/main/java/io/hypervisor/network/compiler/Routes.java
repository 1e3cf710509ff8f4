package io.hypervisor.network.compiler;

import static io.hypervisor.network.compiler.Action.set;

import io.hypervisor.network.compiler.Action.Copy;
import io.hypervisor.network.compiler.Action.DecrementTtl;
import io.hypervisor.network.compiler.Action.Resubmit;
import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.LogicalNetwork;
import io.hypervisor.network.model.LogicalRouter;
import io.hypervisor.network.model.Prefix;

import java.util.ArrayList;
import java.util.List;

/**
 * The way to a destination: the longest prefix, of equal ones an attached subnet before a static
 * route before the gateway's default. On the node where a packet starts it is routed to the network
 * where it ends; only the way out of the cluster may be another node.
 *
 * <pre>
 * table=51, priority=108,ip,reg6=0x1f,nw_dst=10.0.1.0/24
 *     actions=set_field:0x1389-&gt;reg0,set_field:02:68:76:00:01:01-&gt;dl_src,dec_ttl,move:nw_dst[]-&gt;reg8[],
 *     set_field:0x0-&gt;reg5,resubmit(,55)
 * </pre>
 */
final class Routes {
    /** Of routes with equal prefixes the higher one wins. */
    private enum Kind {
        DEFAULT,
        STATIC,
        ATTACHED
    }

    private final Scene scene;
    private final LogicalRouter router;
    private final Flows flows;

    private Routes(Scene scene, LogicalRouter router, Flows flows) {
        this.scene = scene;
        this.router = router;
        this.flows = flows;
    }

    static void write(Scene scene, Flows flows) {
        for (LogicalRouter router : scene.routers().values()) {
            if (router.up()) {
                new Routes(scene, router, flows).write();
            }
        }
    }

    private void write() {
        for (LogicalRouter.Interface end : router.interfaces()) {
            route(end.subnet(), Kind.ATTACHED).then(into(end, toItself(end.subnet().v6())));
        }
        for (LogicalRouter.Route route : router.routes()) {
            List<Action> actions = through(route.nextHop());
            if (!actions.isEmpty()) {
                route(route.destination(), Kind.STATIC).then(actions);
            }
        }
        router.gateway().ifPresent(this::outside);
    }

    private void outside(LogicalRouter.Gateway gateway) {
        for (LogicalRouter.GatewayAddress address : gateway.addresses()) {
            boolean v6 = address.address().v6();
            route(address.subnet(), Kind.ATTACHED).then(toItself(v6), new Resubmit(Stage.EXTERNAL));
            route(Prefix.all(v6), Kind.DEFAULT).then(outBy(address.nextHop()));
        }
    }

    private List<Action> through(Address nextHop) {
        for (LogicalRouter.Interface end : router.interfaces()) {
            if (end.subnet().contains(nextHop)) {
                return into(end, set(hop(nextHop.v6()), nextHop));
            }
        }
        boolean outside =
                router.gateway().stream()
                        .flatMap(gateway -> gateway.addresses().stream())
                        .anyMatch(address -> address.subnet().contains(nextHop));
        return outside ? outBy(nextHop) : List.of();
    }

    private static List<Action> outBy(Address nextHop) {
        return List.of(set(hop(nextHop.v6()), nextHop), new Resubmit(Stage.EXTERNAL));
    }

    private List<Action> into(LogicalRouter.Interface end, Action nextHop) {
        if (!scene.reaches(end.networkId())) {
            return List.of(new Resubmit(Stage.FORWARD));
        }
        LogicalNetwork network = scene.network(end.networkId());
        List<Action> actions = new ArrayList<>();
        actions.add(set(Field.NETWORK, scene.key(network)));
        actions.add(set(Field.ETH_SRC, network.overlay() ? end.mac() : scene.wiring().mac()));
        actions.add(new DecrementTtl());
        actions.add(nextHop);
        if (!network.overlay() && !end.address().v6()) {
            actions.add(set(Field.ASKER, end.address()));
        }
        actions.add(set(Field.ORIGIN, Origin.HERE));
        actions.add(new Resubmit(Stage.NEIGHBOUR));
        return actions;
    }

    private static Action toItself(boolean v6) {
        return new Copy(v6 ? Field.IP6_DST : Field.IP_DST, hop(v6));
    }

    private static Field hop(boolean v6) {
        return v6 ? Field.NEXT_HOP6 : Field.NEXT_HOP;
    }

    private Flows.Draft route(Prefix destination, Kind kind) {
        int rank =
                switch (kind) {
                    case DEFAULT -> 0;
                    case STATIC -> 1;
                    case ATTACHED -> 2;
                };
        return flows.in(Stage.ROUTE, 10 + 4 * destination.length() + rank, "router " + router.id())
                .is(Field.ROUTER, scene.routerKey(router.id()))
                .to(destination);
    }
}
