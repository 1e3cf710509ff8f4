package io.hypervisor.console;

import io.hypervisor.api.v1.BindPortRequest;
import io.hypervisor.api.v1.CreatePortRequest;
import io.hypervisor.api.v1.DeletePortRequest;
import io.hypervisor.api.v1.ListPortsRequest;
import io.hypervisor.api.v1.ListPortsResponse;
import io.hypervisor.api.v1.Port;
import io.hypervisor.api.v1.UnbindPortRequest;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

import java.util.List;

@Command(
        name = "port",
        aliases = {"ports"},
        synopsisSubcommandLabel = "VERB",
        commandListHeading = "%nVerbs:%n",
        description = "Connection points of networks, with their MAC and IP addresses.")
final class PortCommand {
    @ParentCommand Hvctl hvctl;

    @Command(description = "List the ports.")
    void list(
            @Option(names = "--network", defaultValue = "", description = "Only of this network.")
                    String network,
            @Option(names = "--instance", defaultValue = "", description = "Only of this one.")
                    String instance,
            @Option(names = "--node", defaultValue = "", description = "Only on this node.")
                    String node,
            @Mixin Limit limit) {
        ListPortsRequest.Builder request = ListPortsRequest.newBuilder();
        if (!network.isEmpty()) {
            request.setNetworkId(lookup().network(network).getId());
        }
        if (!instance.isEmpty()) {
            request.setInstanceId(new Lookup(hvctl.session()).instance(instance).getId());
        }
        if (!node.isEmpty()) {
            request.setNodeId(new Lookup(hvctl.session()).node(node).getId());
        }
        ListPortsResponse all = lookup().ports(request.build(), limit.items());
        hvctl.output().list(all, all.getPortsList(), columns());
    }

    @Command(description = "Show all that is known about a port.")
    void get(
            @Parameters(paramLabel = "PORT", description = "Its name, address or id.")
                    String named) {
        Port port = find(named);
        hvctl.output().details(port, port, columns());
    }

    @Command(description = "Create a port; it is bound to nothing yet.")
    void create(
            @Parameters(paramLabel = "[NAME]", arity = "0..1", defaultValue = "") String name,
            @Option(names = "--network", required = true, description = "Its network.")
                    String network,
            @Option(names = "--subnet", defaultValue = "", description = "Default: any.")
                    String subnet,
            @Option(names = "--ip", defaultValue = "", description = "Default: a free one.")
                    String ip,
            @Option(names = "--mac", defaultValue = "", description = "Default: a new one.")
                    String mac,
            @Option(names = "--group", split = ",", description = "Default: default.")
                    List<String> groups) {
        CreatePortRequest.Builder request =
                CreatePortRequest.newBuilder()
                        .setName(name)
                        .setNetworkId(lookup().network(network).getId())
                        .setIpAddress(ip)
                        .setMacAddress(mac);
        if (!subnet.isEmpty()) {
            request.setSubnetId(lookup().subnet(subnet).getId());
        }
        if (groups != null) {
            groups.forEach(group -> request.addSecurityGroups(lookup().group(group).getId()));
        }
        show(hvctl.session().network().createPort(request.build()).getPort());
    }

    @Command(description = "Delete ports that are not bound.")
    void delete(
            @Parameters(paramLabel = "PORT", arity = "1..*", description = "Names or ids.")
                    List<String> named) {
        for (String each : named) {
            Port port = find(each);
            var _ =
                    hvctl.session()
                            .network()
                            .deletePort(
                                    DeletePortRequest.newBuilder().setPortId(port.getId()).build());
            hvctl.say(each + " deleted");
        }
    }

    @Command(description = "Bind a port to an instance, or to a device of a node.")
    void bind(
            @Parameters(paramLabel = "PORT", description = "Its name, address or id.") String named,
            @Option(names = "--instance", defaultValue = "", description = "The instance.")
                    String instance,
            @Option(names = "--node", defaultValue = "", description = "The node of a device.")
                    String node,
            @Option(names = "--device", defaultValue = "", description = "Interface on the node.")
                    String device) {
        BindPortRequest.Builder request =
                BindPortRequest.newBuilder().setPortId(find(named).getId()).setDeviceName(device);
        if (!instance.isEmpty()) {
            request.setInstanceId(new Lookup(hvctl.session()).instance(instance).getId());
        }
        if (!node.isEmpty()) {
            request.setNodeId(new Lookup(hvctl.session()).node(node).getId());
        }
        show(hvctl.session().network().bindPort(request.build()).getPort());
    }

    @Command(description = "Take a port off what it is bound to.")
    void unbind(
            @Parameters(paramLabel = "PORT", description = "Its name, address or id.")
                    String named) {
        UnbindPortRequest request =
                UnbindPortRequest.newBuilder().setPortId(find(named).getId()).build();
        show(hvctl.session().network().unbindPort(request).getPort());
    }

    private void show(Port port) {
        hvctl.output().row(port, port, columns());
    }

    private NetworkLookup lookup() {
        return new NetworkLookup(hvctl.session());
    }

    private Port find(String named) {
        return new NetworkLookup(hvctl.session()).port(named);
    }

    private List<Column<Port>> columns() {
        return NetworkColumns.ports(hvctl.surroundings().clock().instant());
    }
}
