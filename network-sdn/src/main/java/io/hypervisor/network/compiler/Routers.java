package io.hypervisor.network.compiler;

import static io.hypervisor.network.compiler.Action.set;

import io.hypervisor.network.compiler.Action.Copy;
import io.hypervisor.network.compiler.Action.Resubmit;
import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.LogicalRouter;
import io.hypervisor.network.model.Prefix;

import java.util.List;

/**
 * What a router takes itself, and what it never forwards. Its addresses answer pings: the packet is
 * turned round and routed.
 *
 * <pre>
 * table=50, priority=120,icmp,reg6=0x1f,nw_dst=10.0.0.1,icmp_type=8
 *     actions=move:nw_src[]-&gt;nw_dst[],set_field:10.0.0.1-&gt;nw_src,set_field:0-&gt;icmp_type,…,resubmit(,51)
 * table=50, priority=90,ip,nw_ttl=1 actions=drop
 * </pre>
 */
final class Routers {
    // It counts down once on its way back.
    private static final int TTL = 65;
    private static final List<Prefix> NEVER_TO =
            List.of(
                    Prefix.parse("127.0.0.0/8"),
                    Prefix.parse("169.254.0.0/16"),
                    Prefix.parse("224.0.0.0/3"),
                    Prefix.parse("fe80::/10"),
                    Prefix.parse("ff00::/8"));
    private static final List<Prefix> NEVER_FROM =
            List.of(
                    Prefix.parse("127.0.0.0/8"),
                    Prefix.parse("169.254.0.0/16"),
                    Prefix.parse("0.0.0.0/32"),
                    Prefix.parse("::/128"),
                    Prefix.parse("fe80::/10"));

    private Routers() {}

    static void write(Scene scene, Flows flows) {
        for (boolean v6 : new boolean[] {false, true}) {
            for (int ttl : new int[] {0, 1}) {
                flows.in(Stage.ROUTER, 90, "packets at their last hop")
                        .ip(v6)
                        .is(Field.TTL, ttl)
                        .drop();
            }
            flows.in(Stage.ROUTER, 0, "").ip(v6).then(new Resubmit(Stage.ROUTE));
        }
        String never = "addresses that are not routed";
        NEVER_TO.forEach(prefix -> flows.in(Stage.ROUTER, 80, never).to(prefix).drop());
        NEVER_FROM.forEach(prefix -> flows.in(Stage.ROUTER, 80, never).from(prefix).drop());
        for (LogicalRouter router : scene.routers().values()) {
            if (router.up()) {
                ofRouter(scene, router, flows);
            }
        }
    }

    private static void ofRouter(Scene scene, LogicalRouter router, Flows flows) {
        int key = scene.routerKey(router.id());
        String serves = "router " + router.id();
        for (LogicalRouter.Interface end : router.interfaces()) {
            echo(key, end.address(), serves, flows);
            flows.in(Stage.ROUTER, 100, serves)
                    .is(Field.ROUTER, key)
                    .to(Prefix.of(end.address()))
                    .drop();
        }
        if (!scene.gatewayHere(router)) {
            return;
        }
        for (var own : router.gateway().orElseThrow().addresses()) {
            echo(key, own.address(), serves, flows);
            // From inside, replies to what the router translates go this way.
            flows.in(Stage.ROUTER, 100, serves)
                    .is(Field.ROUTER, key)
                    .is(Field.ORIGIN, Origin.PHYSICAL)
                    .to(Prefix.of(own.address()))
                    .drop();
        }
    }

    private static void echo(int key, Address address, String serves, Flows flows) {
        boolean v6 = address.v6();
        Field type = v6 ? Field.ICMP6_TYPE : Field.ICMP_TYPE;
        Field source = v6 ? Field.IP6_SRC : Field.IP_SRC;
        flows.in(Stage.ROUTER, 120, serves)
                .is(Field.ROUTER, key)
                .to(Prefix.of(address))
                .is(Field.IP_PROTO, v6 ? Match.ICMP6 : Match.ICMP)
                .is(type, v6 ? Icmp6.ECHO_REQUEST : 8)
                .then(
                        new Copy(source, v6 ? Field.IP6_DST : Field.IP_DST),
                        set(source, address),
                        set(type, v6 ? Icmp6.ECHO_REPLY : 0),
                        set(Field.TTL, TTL),
                        set(Field.ORIGIN, Origin.HERE),
                        new Resubmit(Stage.ROUTE));
    }
}
