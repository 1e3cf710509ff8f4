package io.hypervisor.console;

import io.hypervisor.api.v1.AssociateFloatingIPRequest;
import io.hypervisor.api.v1.CreateFloatingIPRequest;
import io.hypervisor.api.v1.DeleteFloatingIPRequest;
import io.hypervisor.api.v1.DisassociateFloatingIPRequest;
import io.hypervisor.api.v1.FloatingIP;
import io.hypervisor.api.v1.ListFloatingIPsRequest;
import io.hypervisor.api.v1.ListFloatingIPsResponse;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

import java.util.List;

@Command(
        name = "floating-ip",
        aliases = {"floating-ips", "fip"},
        synopsisSubcommandLabel = "VERB",
        commandListHeading = "%nVerbs:%n",
        description = "Public addresses, mapped one to one to ports.")
final class FloatingIpCommand {
    @ParentCommand Hvctl hvctl;

    @Command(description = "List the floating IPs.")
    void list(@Mixin Tenant tenant, @Mixin Limit limit) {
        ListFloatingIPsResponse all =
                lookup().floatingIps(
                                ListFloatingIPsRequest.newBuilder()
                                        .setTenantId(tenant.name)
                                        .build(),
                                limit.items());
        hvctl.output().list(all, all.getFloatingIpsList(), columns());
    }

    @Command(description = "Show all that is known about a floating IP.")
    void get(@Parameters(paramLabel = "ADDRESS", description = "It, or its id.") String named) {
        FloatingIP ip = find(named);
        hvctl.output().details(ip, ip, columns());
    }

    @Command(description = "Take a public address.")
    void create(
            @Option(names = "--network", required = true, description = "External network.")
                    String network,
            @Mixin Tenant tenant) {
        show(
                hvctl.session()
                        .network()
                        .createFloatingIP(
                                CreateFloatingIPRequest.newBuilder()
                                        .setFloatingNetworkId(lookup().network(network).getId())
                                        .setTenantId(tenant.name)
                                        .build())
                        .getFloatingIp());
    }

    @Command(description = "Map it to a port, from wherever it mapped to before.")
    void associate(
            @Parameters(paramLabel = "ADDRESS", description = "It, or its id.") String named,
            @Parameters(paramLabel = "PORT", description = "Name, address or id.") String port) {
        show(
                hvctl.session()
                        .network()
                        .associateFloatingIP(
                                AssociateFloatingIPRequest.newBuilder()
                                        .setFloatingIpId(find(named).getId())
                                        .setPortId(lookup().port(port).getId())
                                        .build())
                        .getFloatingIp());
    }

    @Command(description = "End the mapping; the address stays yours.")
    void disassociate(
            @Parameters(paramLabel = "ADDRESS", description = "It, or its id.") String named) {
        show(
                hvctl.session()
                        .network()
                        .disassociateFloatingIP(
                                DisassociateFloatingIPRequest.newBuilder()
                                        .setFloatingIpId(find(named).getId())
                                        .build())
                        .getFloatingIp());
    }

    @Command(description = "Give public addresses back.")
    void delete(
            @Parameters(paramLabel = "ADDRESS", arity = "1..*", description = "They, or ids.")
                    List<String> named) {
        for (String each : named) {
            FloatingIP ip = find(each);
            var _ =
                    hvctl.session()
                            .network()
                            .deleteFloatingIP(
                                    DeleteFloatingIPRequest.newBuilder()
                                            .setFloatingIpId(ip.getId())
                                            .build());
            hvctl.say(ip.getFloatingIp() + " deleted");
        }
    }

    private void show(FloatingIP ip) {
        hvctl.output().row(ip, ip, columns());
    }

    private NetworkLookup lookup() {
        return new NetworkLookup(hvctl.session());
    }

    private FloatingIP find(String named) {
        return new NetworkLookup(hvctl.session()).floatingIp(named);
    }

    private List<Column<FloatingIP>> columns() {
        return NetworkColumns.floatingIps(hvctl.surroundings().clock().instant());
    }
}
