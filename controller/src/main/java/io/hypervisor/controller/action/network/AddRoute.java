package io.hypervisor.controller.action.network;

import com.google.protobuf.Timestamp;

import io.hypervisor.api.internal.v1.RouterRecord;
import io.hypervisor.api.v1.AddRouteRequest;
import io.hypervisor.api.v1.Route;
import io.hypervisor.api.v1.Router;
import io.hypervisor.controller.action.Action;
import io.hypervisor.controller.network.Lookup;
import io.hypervisor.controller.network.RouterRules;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.core.Fault;
import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.Prefix;

import java.util.List;
import java.util.Optional;

/** Adds a static route to a router. */
public record AddRoute(AddRouteRequest request, Timestamp at) implements Action<Router> {
    private static final int MAX_ROUTES = 64;

    @Override
    public Decision<Router> decide(Snapshot now) {
        String id = request.getRouterId();
        RouterRecord record = Lookup.router(now, id, request.getExpectedRevision());
        Route route =
                Route.newBuilder()
                        .setDestination(Prefix.parse(request.getDestination()).toString())
                        .setNexthop(Address.parse(request.getNexthop()).toString())
                        .build();
        Optional<Route> there = RouterRules.route(record.getRouter(), route.getDestination());
        if (there.isPresent()) {
            requireSame(there.get(), route);
            return Answers.router(id, List.of());
        }
        if (record.getRouter().getRoutesCount() >= MAX_ROUTES) {
            throw Fault.of(
                    Fault.Kind.RESOURCE_EXHAUSTED,
                    "TOO_MANY_ROUTES",
                    "router " + id + ": has " + MAX_ROUTES + " routes (expected: fewer)");
        }
        RouterRules.requireNextHop(now, record, route);
        RouterRecord.Builder next = record.toBuilder();
        next.getRouterBuilder().addRoutes(route);
        return Answers.router(id, List.of(RouterRules.write(next, at)));
    }

    private static void requireSame(Route there, Route route) {
        if (!there.equals(route)) {
            throw Fault.alreadyExists(
                    "route",
                    there.getDestination(),
                    "nexthop: value: "
                            + route.getNexthop()
                            + " (expected: "
                            + there.getNexthop()
                            + ", the next hop that "
                            + there.getDestination()
                            + " has; remove that route first)");
        }
    }
}
