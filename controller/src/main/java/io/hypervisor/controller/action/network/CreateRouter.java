package io.hypervisor.controller.action.network;

import io.hypervisor.api.internal.v1.RequestMark;
import io.hypervisor.api.internal.v1.RouterRecord;
import io.hypervisor.api.v1.CreateRouterRequest;
import io.hypervisor.api.v1.Router;
import io.hypervisor.controller.action.Action;
import io.hypervisor.controller.network.Fresh;
import io.hypervisor.controller.network.Gateways;
import io.hypervisor.controller.network.Lookup;
import io.hypervisor.controller.network.NetworkConfig;
import io.hypervisor.controller.network.RouterRules;
import io.hypervisor.controller.network.Tenants;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.NetworkKeys;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Makes a router without interfaces, with the addresses of its gateway if it has one. */
public record CreateRouter(
        CreateRouterRequest request, RequestMark mark, Fresh fresh, NetworkConfig config)
        implements Action<Router> {
    /** The router, its gateway's MAC address and the allocations. */
    public static final int RECORDS = 2 + Gateways.MAX_ADDRESSES;

    @Override
    public Decision<Router> decide(Snapshot now) {
        Optional<String> earlier = Lookup.repeated(now, Table.ROUTER, mark);
        if (earlier.isPresent()) {
            return Answers.router(earlier.get(), List.of());
        }
        String id = fresh.id();
        String tenant = Tenants.orDefault(request.getTenantId());
        Lookup.requireFree(
                now,
                Table.ROUTER,
                NetworkKeys.routerNamed(tenant, request.getName()),
                request.getName(),
                id);
        Router router =
                Router.newBuilder()
                        .setId(id)
                        .setName(request.getName())
                        .setTenantId(tenant)
                        .setAdminState(true)
                        .setDistributed(true)
                        .setCreatedAt(fresh.at())
                        .setUpdatedAt(fresh.at())
                        .build();
        RouterRecord record = RouterRecord.newBuilder().setRouter(router).setRequest(mark).build();
        List<Edit> edits = new ArrayList<>();
        if (request.hasExternalGateway()) {
            Gateways.Wish wish =
                    new Gateways.Wish("external_gateway", request.getExternalGateway(), List.of());
            record = RouterRules.withGateway(now, config, record, wish, fresh, edits);
        }
        edits.add(Edit.put(Table.ROUTER, id, record));
        return Answers.router(id, edits);
    }
}
