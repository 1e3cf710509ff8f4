package io.hypervisor.console;

import io.hypervisor.api.v1.AddSecurityRuleRequest;
import io.hypervisor.api.v1.CreateSecurityGroupRequest;
import io.hypervisor.api.v1.DeleteSecurityGroupRequest;
import io.hypervisor.api.v1.EtherType;
import io.hypervisor.api.v1.ListSecurityGroupsRequest;
import io.hypervisor.api.v1.ListSecurityGroupsResponse;
import io.hypervisor.api.v1.RemoveSecurityRuleRequest;
import io.hypervisor.api.v1.SecurityGroup;
import io.hypervisor.api.v1.SecurityGroupRule;
import io.hypervisor.api.v1.SecurityRuleDirection;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

import java.util.List;

@Command(
        name = "security-group",
        aliases = {"security-groups", "sg"},
        synopsisSubcommandLabel = "VERB",
        commandListHeading = "%nVerbs:%n",
        description = "What ports may send and receive.")
final class SecurityGroupCommand {
    @ParentCommand Hvctl hvctl;

    @Command(description = "List the security groups.")
    void list(@Mixin Tenant tenant, @Mixin Limit limit) {
        ListSecurityGroupsResponse all =
                lookup().groups(
                                ListSecurityGroupsRequest.newBuilder()
                                        .setTenantId(tenant.name)
                                        .build(),
                                limit.items());
        hvctl.output().list(all, all.getSecurityGroupsList(), columns());
    }

    @Command(description = "List the rules of a security group.")
    void rules(@Parameters(paramLabel = "GROUP", description = "Its name or id.") String named) {
        SecurityGroup group = find(named);
        hvctl.output().list(group, group.getRulesList(), NetworkColumns.RULES);
    }

    @Command(description = "Show all that is known about a security group.")
    void get(@Parameters(paramLabel = "GROUP", description = "Its name or id.") String named) {
        SecurityGroup group = find(named);
        hvctl.output().details(group, group, columns());
    }

    @Command(description = "Create a security group that lets everything out and nothing in.")
    void create(
            @Parameters(paramLabel = "NAME", description = "Unique within the tenant.") String name,
            @Mixin Tenant tenant,
            @Option(names = "--description", defaultValue = "", description = "Free text.")
                    String description) {
        SecurityGroup group =
                hvctl.session()
                        .network()
                        .createSecurityGroup(
                                CreateSecurityGroupRequest.newBuilder()
                                        .setName(name)
                                        .setTenantId(tenant.name)
                                        .setDescription(description)
                                        .build())
                        .getSecurityGroup();
        hvctl.output().row(group, group, columns());
    }

    @Command(description = "Delete security groups that no port is in.")
    void delete(
            @Parameters(paramLabel = "GROUP", arity = "1..*", description = "Names or ids.")
                    List<String> named) {
        for (String each : named) {
            SecurityGroup group = find(each);
            var _ =
                    hvctl.session()
                            .network()
                            .deleteSecurityGroup(
                                    DeleteSecurityGroupRequest.newBuilder()
                                            .setSecurityGroupId(group.getId())
                                            .build());
            hvctl.say(group.getName() + " deleted");
        }
    }

    @Command(name = "allow", description = "Let something pass: all of what the options say.")
    void allow(
            @Parameters(paramLabel = "GROUP", description = "Its name or id.") String named,
            @Parameters(paramLabel = "DIRECTION", description = "ingress or egress.")
                    SecurityRuleDirection direction,
            @Option(names = "--tcp", paramLabel = "PORT[-PORT]", description = "TCP ports.")
                    String tcp,
            @Option(names = "--udp", paramLabel = "PORT[-PORT]", description = "UDP ports.")
                    String udp,
            @Option(names = "--icmp", description = "ICMP.") boolean icmp,
            @Option(names = "--ipv6", description = "IPv6, where no prefix says so.") boolean ipv6,
            @Option(names = "--cidr", defaultValue = "", description = "Only this other end.")
                    String cidr,
            @Option(names = "--group", defaultValue = "", description = "Only ports of this group.")
                    String other) {
        AddSecurityRuleRequest.Builder request =
                AddSecurityRuleRequest.newBuilder()
                        .setSecurityGroupId(find(named).getId())
                        .setDirection(direction)
                        .setRemoteIpPrefix(cidr);
        if (tcp != null) {
            ports(request.setProtocol("tcp"), tcp);
        } else if (udp != null) {
            ports(request.setProtocol("udp"), udp);
        } else if (icmp) {
            request.setProtocol("icmp");
        }
        if (ipv6) {
            request.setEtherType(EtherType.ETHER_TYPE_IPV6);
        }
        if (!other.isEmpty()) {
            request.setRemoteGroupId(find(other).getId());
        }
        SecurityGroupRule rule =
                hvctl.session().network().addSecurityRule(request.build()).getRule();
        hvctl.output().row(rule, rule, NetworkColumns.RULES);
    }

    private static void ports(AddSecurityRuleRequest.Builder request, String range) {
        String[] ends = range.split("-", 2);
        try {
            request.setPortRangeMin(Integer.parseInt(ends[0]));
            request.setPortRangeMax(Integer.parseInt(ends[ends.length - 1]));
        } catch (NumberFormatException e) {
            throw Problem.usage("ports: " + range, "80 or 8000-8080");
        }
    }

    @Command(description = "Remove a rule; flows that only it allowed end.")
    void revoke(
            @Parameters(paramLabel = "GROUP", description = "Its name or id.") String named,
            @Parameters(paramLabel = "RULE", description = "The rule's id.") String rule) {
        var _ =
                hvctl.session()
                        .network()
                        .removeSecurityRule(
                                RemoveSecurityRuleRequest.newBuilder()
                                        .setSecurityGroupId(find(named).getId())
                                        .setRuleId(rule)
                                        .build());
        hvctl.say(rule + " removed");
    }

    private NetworkLookup lookup() {
        return new NetworkLookup(hvctl.session());
    }

    private SecurityGroup find(String named) {
        return new NetworkLookup(hvctl.session()).group(named);
    }

    private List<Column<SecurityGroup>> columns() {
        return NetworkColumns.groups(hvctl.surroundings().clock().instant());
    }
}
