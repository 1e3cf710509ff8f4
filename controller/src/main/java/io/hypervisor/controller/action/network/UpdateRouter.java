package io.hypervisor.controller.action.network;

import io.hypervisor.api.internal.v1.RouterRecord;
import io.hypervisor.api.v1.ExternalGateway;
import io.hypervisor.api.v1.FixedIP;
import io.hypervisor.api.v1.Router;
import io.hypervisor.api.v1.UpdateRouterRequest;
import io.hypervisor.controller.action.Action;
import io.hypervisor.controller.network.Fresh;
import io.hypervisor.controller.network.Gateways;
import io.hypervisor.controller.network.Lookup;
import io.hypervisor.controller.network.Masks;
import io.hypervisor.controller.network.NetworkConfig;
import io.hypervisor.controller.network.RouterRules;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.NetworkKeys;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Writes the fields of a router that the mask names. */
public record UpdateRouter(UpdateRouterRequest request, Fresh fresh, NetworkConfig config)
        implements Action<Router> {
    /** What may be written. */
    public static final Set<String> FIELDS = Set.of("name", "admin_state", "external_gateway");

    /** The gateway's MAC address and the allocations. */
    public static final int RECORDS = 2 + Gateways.MAX_ADDRESSES;

    @Override
    public Decision<Router> decide(Snapshot now) {
        String id = request.getRouter().getId();
        RouterRecord record = Lookup.router(now, id, request.getExpectedRevision());
        Router old = record.getRouter();
        Router next = Masks.write(old, request.getRouter(), request.getUpdateMask());
        Lookup.requireFree(
                now,
                Table.ROUTER,
                NetworkKeys.routerNamed(next.getTenantId(), next.getName()),
                next.getName(),
                id);
        List<Edit> edits = new ArrayList<>();
        RouterRecord written = record.toBuilder().setRouter(next).build();
        if (!sameGateway(old, next)) {
            written = withOtherGateway(now, record, next, edits);
        } else if (next.hasExternalGateway()) {
            // The addresses stay, whether the request repeats them or not.
            written =
                    written.toBuilder()
                            .setRouter(
                                    next.toBuilder()
                                            .setExternalGateway(
                                                    old.getExternalGateway().toBuilder()
                                                            .setEnableSnat(
                                                                    next.getExternalGateway()
                                                                            .getEnableSnat())))
                            .build();
        }
        if (written.getRouter().equals(old)) {
            return Answers.router(id, List.of());
        }
        Router stamped = written.getRouter().toBuilder().setUpdatedAt(fresh.at()).build();
        edits.add(Edit.put(Table.ROUTER, id, written.toBuilder().setRouter(stamped).build()));
        return Answers.router(id, edits);
    }

    /** Whether the network stays, and no other addresses are asked for. */
    private static boolean sameGateway(Router old, Router next) {
        return old.hasExternalGateway() == next.hasExternalGateway()
                && old.getExternalGateway()
                        .getNetworkId()
                        .equals(next.getExternalGateway().getNetworkId())
                && (next.getExternalGateway().getExternalFixedIpsCount() == 0
                        || next.getExternalGateway()
                                .getExternalFixedIpsList()
                                .equals(old.getExternalGateway().getExternalFixedIpsList()));
    }

    private RouterRecord withOtherGateway(
            Snapshot now, RouterRecord record, Router next, List<Edit> edits) {
        ExternalGateway before = record.getRouter().getExternalGateway();
        ExternalGateway wanted = next.getExternalGateway();
        boolean leaves = !before.getNetworkId().equals(wanted.getNetworkId());
        RouterRecord written =
                record.toBuilder()
                        .setRouter(next.toBuilder().clearExternalGateway())
                        .clearGatewayNodeId()
                        .clearGatewayMac()
                        .build();
        if (next.hasExternalGateway()) {
            Gateways.Wish wish =
                    new Gateways.Wish(
                            "router.external_gateway", wanted, before.getExternalFixedIpsList());
            written = RouterRules.withGateway(now, config, written, wish, fresh, edits);
        }
        if (leaves && record.getRouter().hasExternalGateway()) {
            RouterRules.requireGatewayUnused(now, record);
        }
        List<FixedIP> left = new ArrayList<>(before.getExternalFixedIpsList());
        left.removeAll(written.getRouter().getExternalGateway().getExternalFixedIpsList());
        edits.addAll(Gateways.free(left));
        return written;
    }
}
