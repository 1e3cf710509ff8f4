package io.hypervisor.console;

import io.hypervisor.api.v1.AddRouteRequest;
import io.hypervisor.api.v1.AddRouterInterfaceRequest;
import io.hypervisor.api.v1.CreateRouterRequest;
import io.hypervisor.api.v1.DeleteRouterRequest;
import io.hypervisor.api.v1.ListRoutersRequest;
import io.hypervisor.api.v1.ListRoutersResponse;
import io.hypervisor.api.v1.RemoveRouteRequest;
import io.hypervisor.api.v1.RemoveRouterInterfaceRequest;
import io.hypervisor.api.v1.Router;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

import java.util.List;

@Command(
        name = "router",
        aliases = {"routers"},
        synopsisSubcommandLabel = "VERB",
        commandListHeading = "%nVerbs:%n",
        description = "What joins subnets with each other and with the outside.")
final class RouterCommand {
    @ParentCommand Hvctl hvctl;

    @Command(description = "List the routers.")
    void list(@Mixin Tenant tenant, @Mixin Limit limit) {
        ListRoutersResponse all =
                lookup().routers(
                                ListRoutersRequest.newBuilder().setTenantId(tenant.name).build(),
                                limit.items());
        hvctl.output().list(all, all.getRoutersList(), columns());
    }

    @Command(description = "Show all that is known about a router.")
    void get(@Parameters(paramLabel = "ROUTER", description = "Its name or id.") String named) {
        Router router = find(named);
        hvctl.output().details(router, router, columns());
    }

    @Command(description = "Create a router.")
    void create(
            @Parameters(paramLabel = "NAME", description = "Unique within the tenant.") String name,
            @Mixin Tenant tenant,
            @Option(
                            names = "--external",
                            defaultValue = "",
                            description = "Network of its gateway.")
                    String external,
            @Option(names = "--no-snat", description = "Leave source addresses as they are.")
                    boolean noSnat) {
        CreateRouterRequest.Builder request =
                CreateRouterRequest.newBuilder().setName(name).setTenantId(tenant.name);
        if (!external.isEmpty()) {
            request.getExternalGatewayBuilder()
                    .setNetworkId(lookup().network(external).getId())
                    .setEnableSnat(!noSnat);
        }
        show(hvctl.session().network().createRouter(request.build()).getRouter());
    }

    @Command(description = "Delete routers without interfaces.")
    void delete(
            @Parameters(paramLabel = "ROUTER", arity = "1..*", description = "Names or ids.")
                    List<String> named) {
        for (String each : named) {
            Router router = find(each);
            var _ =
                    hvctl.session()
                            .network()
                            .deleteRouter(
                                    DeleteRouterRequest.newBuilder()
                                            .setRouterId(router.getId())
                                            .build());
            hvctl.say(router.getName() + " deleted");
        }
    }

    @Command(description = "Attach a subnet to a router.")
    void attach(
            @Parameters(paramLabel = "ROUTER", description = "Its name or id.") String named,
            @Parameters(paramLabel = "SUBNET", description = "Its name or id.") String subnet) {
        Router router = find(named);
        String port =
                hvctl.session()
                        .network()
                        .addRouterInterface(
                                AddRouterInterfaceRequest.newBuilder()
                                        .setRouterId(router.getId())
                                        .setSubnetId(lookup().subnet(subnet).getId())
                                        .build())
                        .getPortId();
        hvctl.say(subnet + " attached to " + router.getName() + " by port " + port);
    }

    @Command(description = "Detach a subnet from a router.")
    void detach(
            @Parameters(paramLabel = "ROUTER", description = "Its name or id.") String named,
            @Parameters(paramLabel = "SUBNET", description = "Its name or id.") String subnet) {
        Router router = find(named);
        var _ =
                hvctl.session()
                        .network()
                        .removeRouterInterface(
                                RemoveRouterInterfaceRequest.newBuilder()
                                        .setRouterId(router.getId())
                                        .setSubnetId(lookup().subnet(subnet).getId())
                                        .build());
        hvctl.say(subnet + " detached from " + router.getName());
    }

    @Command(name = "add-route", description = "Add a static route.")
    void addRoute(
            @Parameters(paramLabel = "ROUTER", description = "Its name or id.") String named,
            @Parameters(paramLabel = "CIDR", description = "Where packets go to.") String cidr,
            @Parameters(paramLabel = "ADDRESS", description = "Next hop.") String hop) {
        show(
                hvctl.session()
                        .network()
                        .addRoute(
                                AddRouteRequest.newBuilder()
                                        .setRouterId(find(named).getId())
                                        .setDestination(cidr)
                                        .setNexthop(hop)
                                        .build())
                        .getRouter());
    }

    @Command(name = "remove-route", description = "Remove a static route.")
    void removeRoute(
            @Parameters(paramLabel = "ROUTER", description = "Its name or id.") String named,
            @Parameters(paramLabel = "CIDR", description = "Its destination.") String cidr) {
        show(
                hvctl.session()
                        .network()
                        .removeRoute(
                                RemoveRouteRequest.newBuilder()
                                        .setRouterId(find(named).getId())
                                        .setDestination(cidr)
                                        .build())
                        .getRouter());
    }

    private void show(Router router) {
        hvctl.output().row(router, router, columns());
    }

    private NetworkLookup lookup() {
        return new NetworkLookup(hvctl.session());
    }

    private Router find(String named) {
        return new NetworkLookup(hvctl.session()).router(named);
    }

    private List<Column<Router>> columns() {
        return NetworkColumns.routers(hvctl.surroundings().clock().instant());
    }
}
