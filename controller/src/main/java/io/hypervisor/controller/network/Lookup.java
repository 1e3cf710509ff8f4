package io.hypervisor.controller.network;

import io.hypervisor.api.internal.v1.AllocationRecord;
import io.hypervisor.api.internal.v1.FloatingIPRecord;
import io.hypervisor.api.internal.v1.NetworkRecord;
import io.hypervisor.api.internal.v1.NodeRecord;
import io.hypervisor.api.internal.v1.PortRecord;
import io.hypervisor.api.internal.v1.RequestMark;
import io.hypervisor.api.internal.v1.RouterRecord;
import io.hypervisor.api.internal.v1.SecurityGroupRecord;
import io.hypervisor.api.internal.v1.SubnetRecord;
import io.hypervisor.controller.state.Entry;
import io.hypervisor.controller.state.NetworkKeys;
import io.hypervisor.controller.state.NetworkState;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Fault;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Finds records by their ids, or says that there are none. An expected revision of 0 is any; a
 * record that was written after it is ABORTED.
 */
public final class Lookup {
    private Lookup() {}

    /** NOT_FOUND, or ABORTED. */
    public static NetworkRecord network(Snapshot now, String id, long expectedRevision) {
        return find(Table.NETWORK, now.network().networks(), id, expectedRevision);
    }

    /** NOT_FOUND, or ABORTED. */
    public static SubnetRecord subnet(Snapshot now, String id, long expectedRevision) {
        return find(Table.SUBNET, now.network().subnets(), id, expectedRevision);
    }

    /** NOT_FOUND, or ABORTED. */
    public static PortRecord port(Snapshot now, String id, long expectedRevision) {
        return find(Table.PORT, now.network().ports(), id, expectedRevision);
    }

    /** NOT_FOUND, or ABORTED. */
    public static SecurityGroupRecord securityGroup(
            Snapshot now, String id, long expectedRevision) {
        return find(Table.SECURITY_GROUP, now.network().securityGroups(), id, expectedRevision);
    }

    /** NOT_FOUND, or ABORTED. */
    public static Entry<SecurityGroupRecord> securityGroupEntry(
            Snapshot now, String id, long expectedRevision) {
        securityGroup(now, id, expectedRevision);
        return now.network().securityGroups().get(id);
    }

    /** NOT_FOUND, or ABORTED. */
    public static RouterRecord router(Snapshot now, String id, long expectedRevision) {
        return find(Table.ROUTER, now.network().routers(), id, expectedRevision);
    }

    /** NOT_FOUND, or ABORTED. */
    public static FloatingIPRecord floatingIp(Snapshot now, String id, long expectedRevision) {
        return find(Table.FLOATING_IP, now.network().floatingIps(), id, expectedRevision);
    }

    /** NOT_FOUND if nothing holds the address, or ABORTED. */
    public static AllocationRecord allocation(Snapshot now, String id, long expectedRevision) {
        return find(Table.ALLOCATION, now.network().allocations(), id, expectedRevision);
    }

    /** NOT_FOUND unless the cluster or a node has the instance. */
    public static void requireInstance(Snapshot now, String id) {
        if (now.instance(id).isEmpty() && !now.locals().containsKey(id)) {
            throw Fault.notFound(type(Table.INSTANCE), id);
        }
    }

    /** NOT_FOUND. */
    public static NodeRecord node(Snapshot now, String id) {
        return find(Table.NODE, now.nodes(), id, 0);
    }

    private static <T> T find(
            Table table, Map<String, Entry<T>> records, String id, long expectedRevision) {
        Entry<T> entry =
                Optional.ofNullable(records.get(id))
                        .orElseThrow(() -> Fault.notFound(type(table), id));
        unchanged(table, id, entry, expectedRevision);
        return entry.value();
    }

    static void unchanged(Table table, String id, Entry<?> entry, long expectedRevision) {
        if (expectedRevision > 0 && entry.revision() > expectedRevision) {
            throw Fault.conflict(type(table), id, entry.revision(), expectedRevision);
        }
    }

    /** A table's resource as errors name it. */
    public static String type(Table table) {
        return switch (table) {
            case FLOATING_IP -> "floating IP";
            case SECURITY_GROUP -> "security group";
            default -> table.name().toLowerCase(Locale.ROOT);
        };
    }

    /**
     * What a request made when it came first; empty if it has not come yet, or has no id.
     *
     * @throws Fault INVALID_ARGUMENT if another request came under this id
     */
    public static Optional<String> repeated(Snapshot now, Table table, RequestMark mark) {
        if (mark.getId().isEmpty()) {
            return Optional.empty();
        }
        Set<String> made = now.network().find(NetworkKeys.ofRequest(table, mark.getId()));
        for (String id : made) {
            if (!mark(now.network(), table, id).getDigest().equals(mark.getDigest())) {
                throw Fault.invalid(
                        "request_id",
                        mark.getId(),
                        "a new one: "
                                + type(table)
                                + " "
                                + id
                                + " was created under it from another request");
            }
        }
        return made.stream().findFirst();
    }

    private static RequestMark mark(NetworkState state, Table table, String id) {
        return switch (table) {
            case NETWORK -> state.networks().get(id).value().getRequest();
            case SUBNET -> state.subnets().get(id).value().getRequest();
            case ALLOCATION -> state.allocations().get(id).value().getRequest();
            case PORT -> state.ports().get(id).value().getRequest();
            case SECURITY_GROUP -> state.securityGroups().get(id).value().getRequest();
            case ROUTER -> state.routers().get(id).value().getRequest();
            case FLOATING_IP -> state.floatingIps().get(id).value().getRequest();
            default -> throw new IllegalArgumentException(table + " is not made by requests");
        };
    }

    /** Throws ALREADY_EXISTS if another record than {@code id} has the key of a name. */
    public static void requireFree(Snapshot now, Table table, String key, String name, String id) {
        now.network().find(key).stream()
                .filter(taken -> !taken.equals(id))
                .findFirst()
                .ifPresent(
                        taken -> {
                            throw taken(table, taken, "name", name);
                        });
    }

    /** ALREADY_EXISTS: a record has this value of a field, which is unique. */
    public static Fault taken(Table table, String id, String field, Object value) {
        return Fault.alreadyExists(
                type(table),
                id,
                field
                        + ": value: "
                        + value
                        + " (expected: one that is free; "
                        + type(table)
                        + " "
                        + id
                        + " has it)");
    }
}
