package io.hypervisor.cluster.network;

import io.hypervisor.api.v1.AddSecurityRuleRequest;
import io.hypervisor.api.v1.CreateSecurityGroupRequest;
import io.hypervisor.api.v1.DeleteSecurityGroupRequest;
import io.hypervisor.api.v1.EtherType;
import io.hypervisor.api.v1.GetSecurityGroupRequest;
import io.hypervisor.api.v1.RemoveSecurityRuleRequest;
import io.hypervisor.api.v1.SecurityGroup;
import io.hypervisor.api.v1.SecurityRuleDirection;

import java.util.UUID;

/** A security group that is gone when closed. */
record Group(NetworkCluster cluster, SecurityGroup group) implements AutoCloseable {
    /** As groups are made: everything goes out, nothing comes in. */
    static Group create(NetworkCluster cluster) {
        return new Group(
                cluster,
                cluster.network()
                        .createSecurityGroup(
                                CreateSecurityGroupRequest.newBuilder()
                                        .setName("group-" + UUID.randomUUID())
                                        .build())
                        .getSecurityGroup());
    }

    /** Everything comes in, too. */
    static Group open(NetworkCluster cluster) {
        Group group = create(cluster);
        group.allow(ingress("any"));
        group.allow(ingress("any").setEtherType(EtherType.ETHER_TYPE_IPV6));
        return group;
    }

    /** Of IPv4 unless said otherwise. */
    static AddSecurityRuleRequest.Builder ingress(String protocol) {
        return AddSecurityRuleRequest.newBuilder()
                .setDirection(SecurityRuleDirection.SECURITY_RULE_DIRECTION_INGRESS)
                .setProtocol(protocol);
    }

    String id() {
        return group.getId();
    }

    String allow(AddSecurityRuleRequest.Builder rule) {
        return cluster.network()
                .addSecurityRule(rule.setSecurityGroupId(id()).build())
                .getRule()
                .getId();
    }

    void remove(String rule) {
        var _ =
                cluster.network()
                        .removeSecurityRule(
                                RemoveSecurityRuleRequest.newBuilder()
                                        .setSecurityGroupId(id())
                                        .setRuleId(rule)
                                        .build());
    }

    /** The revision of its last write. */
    long revision() {
        return cluster.network()
                .getSecurityGroup(
                        GetSecurityGroupRequest.newBuilder().setSecurityGroupId(id()).build())
                .getSecurityGroup()
                .getRevision();
    }

    @Override
    public void close() {
        var _ =
                cluster.network()
                        .deleteSecurityGroup(
                                DeleteSecurityGroupRequest.newBuilder()
                                        .setSecurityGroupId(id())
                                        .build());
    }
}
