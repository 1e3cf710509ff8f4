package io.hypervisor.console;

import io.hypervisor.api.v1.CreateNetworkRequest;
import io.hypervisor.api.v1.DeleteNetworkRequest;
import io.hypervisor.api.v1.ListNetworksRequest;
import io.hypervisor.api.v1.ListNetworksResponse;
import io.hypervisor.api.v1.ListVTEPsRequest;
import io.hypervisor.api.v1.ListVTEPsResponse;
import io.hypervisor.api.v1.Network;
import io.hypervisor.api.v1.NetworkType;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

import java.util.List;

@Command(
        name = "network",
        aliases = {"networks", "net"},
        synopsisSubcommandLabel = "VERB",
        commandListHeading = "%nVerbs:%n",
        description = "Layer 2 segments: overlays, VLANs, and the networks outside.")
final class NetworkCommand {
    @ParentCommand Hvctl hvctl;

    /** What a new network is like. */
    static final class Shape {
        @Option(
                names = "--type",
                paramLabel = "TYPE",
                description = "vxlan (default), vlan, flat or bridge.")
        NetworkType type = NetworkType.NETWORK_TYPE_UNSPECIFIED;

        @Option(names = "--vni", description = "VNI of an overlay. Default: a free one.")
        int vni;

        @Option(names = "--vlan", description = "VLAN id, for type vlan.")
        int vlan;

        @Option(names = "--mtu", description = "Largest packet. Default: 1450 or 1500.")
        int mtu;

        @Option(
                names = "--physical",
                defaultValue = "",
                description = "Physical network that carries it. Default: default.")
        String physical;

        @Option(names = "--shared", description = "Other tenants may use it.")
        boolean shared;

        @Option(names = "--external", description = "It leads out of the cluster.")
        boolean external;
    }

    @Command(description = "List the networks.")
    void list(@Mixin Tenant tenant, @Mixin Limit limit) {
        ListNetworksResponse all =
                new NetworkLookup(hvctl.session())
                        .networks(
                                ListNetworksRequest.newBuilder().setTenantId(tenant.name).build(),
                                limit.items());
        hvctl.output().list(all, all.getNetworksList(), columns());
    }

    @Command(description = "Show all that is known about a network.")
    void get(@Parameters(paramLabel = "NETWORK", description = "Its name or id.") String named) {
        Network network = find(named);
        hvctl.output().details(network, network, columns());
    }

    @Command(description = "Create a network.")
    void create(
            @Parameters(paramLabel = "NAME", description = "Unique within the tenant.") String name,
            @Mixin Tenant tenant,
            @Mixin Shape shape) {
        Network network =
                hvctl.session()
                        .network()
                        .createNetwork(
                                CreateNetworkRequest.newBuilder()
                                        .setName(name)
                                        .setTenantId(tenant.name)
                                        .setType(shape.type)
                                        .setVni(shape.vni)
                                        .setVlanId(shape.vlan)
                                        .setMtu(shape.mtu)
                                        .setPhysicalNetwork(shape.physical)
                                        .setShared(shape.shared)
                                        .setExternal(shape.external)
                                        .build())
                        .getNetwork();
        hvctl.output().row(network, network, columns());
    }

    @Command(
            description =
                    "Show what would happen to a packet that a port sends, flow by flow, and what"
                            + " drops it. Sends nothing. Exit code 5: it is dropped.")
    int trace(
            @Parameters(paramLabel = "PORT", description = "Its name, address or id.") String named,
            @Mixin TraceView.Shape packet) {
        String portId = new NetworkLookup(hvctl.session()).port(named).getId();
        return new TraceView(hvctl).show(packet.request(portId));
    }

    @Command(description = "Delete a network that has no subnets and no ports.")
    void delete(
            @Parameters(paramLabel = "NETWORK", arity = "1..*", description = "Names or ids.")
                    List<String> named) {
        for (String each : named) {
            Network network = find(each);
            var _ =
                    hvctl.session()
                            .network()
                            .deleteNetwork(
                                    DeleteNetworkRequest.newBuilder()
                                            .setNetworkId(network.getId())
                                            .build());
            hvctl.say(network.getName() + " deleted");
        }
    }

    @Command(description = "List the nodes' tunnel endpoints.")
    void vteps(@Mixin Limit limit) {
        ListVTEPsResponse all =
                Session.pages(
                        limit.items(),
                        (size, token) ->
                                hvctl.session()
                                        .network()
                                        .listVTEPs(
                                                ListVTEPsRequest.newBuilder()
                                                        .setPageSize(size)
                                                        .setPageToken(token)
                                                        .build()));
        hvctl.output().list(all, all.getVtepsList(), NetworkColumns.VTEPS);
    }

    private Network find(String named) {
        return new NetworkLookup(hvctl.session()).network(named);
    }

    private List<Column<Network>> columns() {
        return NetworkColumns.networks(hvctl.surroundings().clock().instant());
    }
}
