package io.hypervisor.controller.state;

import com.google.protobuf.Message;
import com.google.protobuf.Parser;

import io.hypervisor.api.internal.v1.AllocationRecord;
import io.hypervisor.api.internal.v1.ClusterRecord;
import io.hypervisor.api.internal.v1.FloatingIPRecord;
import io.hypervisor.api.internal.v1.HistoryRecord;
import io.hypervisor.api.internal.v1.ImageRecord;
import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.internal.v1.LeaderRecord;
import io.hypervisor.api.internal.v1.LocalRecord;
import io.hypervisor.api.internal.v1.NetworkRecord;
import io.hypervisor.api.internal.v1.NodeHealth;
import io.hypervisor.api.internal.v1.NodeNetworkState;
import io.hypervisor.api.internal.v1.NodeRecord;
import io.hypervisor.api.internal.v1.ObservedRecord;
import io.hypervisor.api.internal.v1.PlacementRecord;
import io.hypervisor.api.internal.v1.PortRecord;
import io.hypervisor.api.internal.v1.PortState;
import io.hypervisor.api.internal.v1.RouterRecord;
import io.hypervisor.api.internal.v1.SecurityGroupRecord;
import io.hypervisor.api.internal.v1.SubnetRecord;

import java.util.Locale;

/** The kinds of record in the store; a key is {@code table/id}. */
public enum Table {
    CLUSTER(ClusterRecord.parser()),
    LEADER(LeaderRecord.parser()),
    HISTORY(HistoryRecord.parser()),
    NODE(NodeRecord.parser()),
    HEALTH(NodeHealth.parser()),
    INSTANCE(InstanceRecord.parser()),
    PLACEMENT(PlacementRecord.parser()),
    OBSERVED(ObservedRecord.parser()),
    LOCAL(LocalRecord.parser()),
    IMAGE(ImageRecord.parser()),
    NETWORK(NetworkRecord.parser()),
    SUBNET(SubnetRecord.parser()),
    ALLOCATION(AllocationRecord.parser()),
    PORT(PortRecord.parser()),
    SECURITY_GROUP(SecurityGroupRecord.parser()),
    ROUTER(RouterRecord.parser()),
    FLOATING_IP(FloatingIPRecord.parser()),
    PORT_STATE(PortState.parser()),
    NODE_NETWORK(NodeNetworkState.parser());

    /** The id of tables that hold a single record. */
    public static final String SELF = "self";

    private final Parser<? extends Message> parser;
    private final String prefix = name().toLowerCase(Locale.ROOT);

    Table(Parser<? extends Message> parser) {
        this.parser = parser;
    }

    Parser<? extends Message> parser() {
        return parser;
    }

    String prefix() {
        return prefix;
    }
}
