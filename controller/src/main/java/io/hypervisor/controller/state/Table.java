package io.hypervisor.controller.state;

import com.google.protobuf.Message;
import com.google.protobuf.Parser;

import io.hypervisor.api.internal.v1.ClusterRecord;
import io.hypervisor.api.internal.v1.HistoryRecord;
import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.internal.v1.LeaderRecord;
import io.hypervisor.api.internal.v1.LocalRecord;
import io.hypervisor.api.internal.v1.NodeHealth;
import io.hypervisor.api.internal.v1.NodeRecord;
import io.hypervisor.api.internal.v1.ObservedRecord;
import io.hypervisor.api.internal.v1.PlacementRecord;

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
    LOCAL(LocalRecord.parser());

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
