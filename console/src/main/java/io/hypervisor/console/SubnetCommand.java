package io.hypervisor.console;

import io.hypervisor.api.v1.CreateSubnetRequest;
import io.hypervisor.api.v1.DeleteSubnetRequest;
import io.hypervisor.api.v1.ListAllocationsRequest;
import io.hypervisor.api.v1.ListAllocationsResponse;
import io.hypervisor.api.v1.ListSubnetsRequest;
import io.hypervisor.api.v1.ListSubnetsResponse;
import io.hypervisor.api.v1.Subnet;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

import java.util.List;

@Command(
        name = "subnet",
        aliases = {"subnets"},
        synopsisSubcommandLabel = "VERB",
        commandListHeading = "%nVerbs:%n",
        description = "Ranges of addresses of a network.")
final class SubnetCommand {
    @ParentCommand Hvctl hvctl;

    @Command(description = "List the subnets.")
    void list(
            @Option(names = "--network", defaultValue = "", description = "Only of this network.")
                    String network,
            @Mixin Limit limit) {
        ListSubnetsRequest.Builder request = ListSubnetsRequest.newBuilder();
        if (!network.isEmpty()) {
            request.setNetworkId(lookup().network(network).getId());
        }
        ListSubnetsResponse all = lookup().subnets(request.build(), limit.items());
        hvctl.output().list(all, all.getSubnetsList(), columns());
    }

    @Command(description = "Show all that is known about a subnet.")
    void get(@Parameters(paramLabel = "SUBNET", description = "Its name or id.") String named) {
        Subnet subnet = find(named);
        hvctl.output().details(subnet, subnet, columns());
    }

    @Command(description = "Create a subnet.")
    void create(
            @Parameters(paramLabel = "NAME", description = "Unique within the network.")
                    String name,
            @Option(names = "--network", required = true, description = "Its network.")
                    String network,
            @Option(names = "--cidr", required = true, description = "10.0.0.0/24, fd00::/64.")
                    String cidr,
            @Option(names = "--gateway", defaultValue = "", description = "Default: the first.")
                    String gateway,
            @Option(names = "--dns", split = ",", description = "Default: the gateway.")
                    List<String> dns,
            @Option(names = "--no-dhcp", description = "Instances get no address by DHCP.")
                    boolean noDhcp) {
        CreateSubnetRequest.Builder request =
                CreateSubnetRequest.newBuilder()
                        .setName(name)
                        .setNetworkId(lookup().network(network).getId())
                        .setCidr(cidr)
                        .setGatewayIp(gateway)
                        .setEnableDhcp(!noDhcp);
        if (dns != null) {
            request.addAllDnsServers(dns);
        }
        Subnet subnet = hvctl.session().network().createSubnet(request.build()).getSubnet();
        hvctl.output().row(subnet, subnet, columns());
    }

    @Command(description = "Delete a subnet that has no ports.")
    void delete(
            @Parameters(paramLabel = "SUBNET", arity = "1..*", description = "Names or ids.")
                    List<String> named) {
        for (String each : named) {
            Subnet subnet = find(each);
            var _ =
                    hvctl.session()
                            .network()
                            .deleteSubnet(
                                    DeleteSubnetRequest.newBuilder()
                                            .setSubnetId(subnet.getId())
                                            .build());
            hvctl.say(subnet.getName() + " deleted");
        }
    }

    @Command(description = "List the addresses of a subnet that are held, and by what.")
    void addresses(
            @Parameters(paramLabel = "SUBNET", description = "Its name or id.") String named,
            @Mixin Limit limit) {
        String id = find(named).getId();
        ListAllocationsResponse all =
                Session.pages(
                        limit.items(),
                        (size, token) ->
                                hvctl.session()
                                        .network()
                                        .listAllocations(
                                                ListAllocationsRequest.newBuilder()
                                                        .setSubnetId(id)
                                                        .setPageSize(size)
                                                        .setPageToken(token)
                                                        .build()));
        hvctl.output().list(all, all.getAllocationsList(), NetworkColumns.ALLOCATIONS);
    }

    private NetworkLookup lookup() {
        return new NetworkLookup(hvctl.session());
    }

    private Subnet find(String named) {
        return new NetworkLookup(hvctl.session()).subnet(named);
    }

    private List<Column<Subnet>> columns() {
        return NetworkColumns.subnets(hvctl.surroundings().clock().instant());
    }
}
