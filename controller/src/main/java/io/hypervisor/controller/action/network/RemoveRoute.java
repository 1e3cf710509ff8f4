package io.hypervisor.controller.action.network;

import com.google.protobuf.Timestamp;

import io.hypervisor.api.internal.v1.RouterRecord;
import io.hypervisor.api.v1.RemoveRouteRequest;
import io.hypervisor.api.v1.Route;
import io.hypervisor.api.v1.Router;
import io.hypervisor.controller.action.Action;
import io.hypervisor.controller.network.Lookup;
import io.hypervisor.controller.network.RouterRules;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.core.Fault;
import io.hypervisor.network.model.Prefix;

import java.util.List;

/** Removes a static route from a router. */
public record RemoveRoute(RemoveRouteRequest request, Timestamp at) implements Action<Router> {
    @Override
    public Decision<Router> decide(Snapshot now) {
        String id = request.getRouterId();
        RouterRecord record = Lookup.router(now, id, request.getExpectedRevision());
        String destination = Prefix.parse(request.getDestination()).toString();
        Route route =
                RouterRules.route(record.getRouter(), destination)
                        .orElseThrow(() -> Fault.notFound("route of router " + id, destination));
        List<Route> rest =
                record.getRouter().getRoutesList().stream().filter(r -> !r.equals(route)).toList();
        RouterRecord.Builder next = record.toBuilder();
        next.getRouterBuilder().clearRoutes().addAllRoutes(rest);
        return Answers.router(id, List.of(RouterRules.write(next, at)));
    }
}
