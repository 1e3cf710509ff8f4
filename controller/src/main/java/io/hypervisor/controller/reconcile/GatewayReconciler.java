package io.hypervisor.controller.reconcile;

import io.hypervisor.api.internal.v1.RouterRecord;
import io.hypervisor.controller.action.Committer;
import io.hypervisor.controller.action.network.MoveGateway;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Entry;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Outcome;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Keeps each router's gateway on a node that is in touch and on the external network. */
public final class GatewayReconciler implements Reconciler {
    private static final Logger log = LoggerFactory.getLogger(GatewayReconciler.class);

    private final Committer committer;

    /** A reconciler that decides through the committer. */
    public GatewayReconciler(Committer committer) {
        this.committer = committer;
    }

    @Override
    public String name() {
        return "gateway";
    }

    @Override
    public Outcome reconcile(String routerId) {
        if (isMisplaced(committer.snapshot(), routerId)
                && committer.submit(new MoveGateway(routerId)).join()) {
            log.info("router={}: its gateway moved to another node", routerId);
        }
        return Outcome.done();
    }

    private static boolean isMisplaced(Snapshot now, String routerId) {
        Entry<RouterRecord> entry = now.network().routers().get(routerId);
        return entry != null
                && !MoveGateway.node(now, entry.value()).equals(entry.value().getGatewayNodeId());
    }

    /** Nodes that come, go, or tell of other wires may move any gateway. */
    @Override
    public Set<String> woken(Snapshot before, Snapshot after, List<Edit> edits) {
        boolean nodes =
                edits.stream()
                        .anyMatch(
                                edit -> edit.table() == Table.NODE || edit.table() == Table.HEALTH);
        if (nodes) {
            return due(after);
        }
        Set<String> routers = new HashSet<>();
        edits.stream()
                .filter(edit -> edit.table() == Table.ROUTER)
                .filter(edit -> isMisplaced(after, edit.id()))
                .forEach(edit -> routers.add(edit.id()));
        return routers;
    }

    @Override
    public Set<String> due(Snapshot now) {
        Set<String> due = new HashSet<>();
        now.network().routers().keySet().stream()
                .filter(id -> isMisplaced(now, id))
                .forEach(due::add);
        return due;
    }
}
