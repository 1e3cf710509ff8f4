package io.hypervisor.network.compiler;

import io.hypervisor.network.model.LogicalFloatingIp;
import io.hypervisor.network.model.LogicalRouter;
import io.hypervisor.network.model.NodeView;

import java.util.SortedSet;
import java.util.TreeSet;

/** Turns a node's view of the network into flows. */
public final class FlowCompiler {
    private FlowCompiler() {}

    /** What the node's switch has to do. */
    public static FlowTable compile(NodeView view, Wiring wiring) {
        Flows flows = new Flows();
        Scene scene = new Scene(view, wiring);
        Classify.write(scene, flows);
        PortSecurity.write(scene, flows);
        NdSecurity.write(scene, flows);
        Learn.write(scene, flows);
        Answer.write(scene, flows);
        Ask.write(scene, flows);
        Tracking.write(scene, flows);
        Rules.write(scene, flows);
        Switching.write(scene, flows);
        Routers.write(scene, flows);
        Routes.write(scene, flows);
        External.write(scene, flows);
        Neighbours.write(scene, flows);
        Deliver.write(scene, flows);
        return flows.table();
    }

    /**
     * Ids of the routers that translate addresses on a node, each of which needs a conntrack zone.
     */
    public static SortedSet<String> translating(NodeView view, String nodeId) {
        SortedSet<String> routers = new TreeSet<>();
        for (LogicalRouter router : view.routers().values()) {
            if (router.gateway().filter(g -> g.nodeId().equals(nodeId)).isPresent()) {
                routers.add(router.id());
            }
        }
        for (LogicalFloatingIp floating : view.floatingIps().values()) {
            if (floating.nodeId().equals(nodeId)) {
                routers.add(floating.routerId());
            }
        }
        return routers;
    }
}
