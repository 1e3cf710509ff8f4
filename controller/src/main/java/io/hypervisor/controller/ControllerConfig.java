package io.hypervisor.controller;

import io.hypervisor.api.v1.PlacementStrategy;
import io.hypervisor.controller.network.NetworkConfig;
import io.hypervisor.controller.state.PlacementConfig;
import io.hypervisor.controller.store.etcd.EtcdConfig;
import io.hypervisor.core.Ids;
import io.hypervisor.core.Violations;
import io.hypervisor.core.config.ConfigException;
import io.hypervisor.core.config.Default;
import io.hypervisor.core.server.HostPort;
import io.hypervisor.core.server.TlsConfig;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The controller's configuration; {@code deploy/config/controller.yaml} documents every key.
 *
 * @param grpcAddr where to serve gRPC
 * @param httpAddr where to serve HTTP
 * @param advertiseAddr where other replicas and nodes reach this one's gRPC; default grpc_addr
 * @param clusterName the name that a new cluster gets
 * @param dataDir where the local store keeps its file
 * @param store where state is kept
 * @param shutdownGrace how long running calls may go on when the process is asked to stop
 * @param watchBookmarks how long a watch is idle before it gets a bookmark
 * @param supersededTerms the operator's word that the store was restored from an older copy: ids of
 *     terms that it does not have, and whose nodes may follow it
 */
public record ControllerConfig(
        @Default("127.0.0.1:50051") HostPort grpcAddr,
        @Default("127.0.0.1:8080") HostPort httpAddr,
        Optional<HostPort> advertiseAddr,
        @Default("hypervisor") String clusterName,
        @Default("/var/lib/hypervisor/controller") Path dataDir,
        @Default("local") StoreKind store,
        EtcdConfig etcd,
        TlsConfig tls,
        Heartbeat heartbeat,
        Placement placement,
        NetworkConfig network,
        @Default("5s") Duration shutdownGrace,
        @Default("10s") Duration watchBookmarks,
        List<String> supersededTerms) {

    /** Where state is kept. */
    public enum StoreKind {
        LOCAL,
        ETCD
    }

    /**
     * When a node counts as in touch.
     *
     * @param interval how often nodes report at least
     * @param timeout after how long without a report a node is UNREACHABLE
     */
    public record Heartbeat(@Default("3s") Duration interval, @Default("15s") Duration timeout) {
        /** Checks that a single lost report is no alarm. */
        public Heartbeat {
            if (interval.toMillis() < 100) {
                throw ConfigException.of("interval", interval, "at least 100ms");
            }
            if (timeout.compareTo(interval.multipliedBy(2)) < 0) {
                throw ConfigException.of("timeout", timeout, "at least twice the interval");
            }
        }
    }

    /** How to choose among nodes that fit. */
    public enum Strategy {
        SPREAD,
        BIN_PACK
    }

    /**
     * How much of a node may be taken; see {@link PlacementConfig}.
     *
     * @param strategy for instances that do not ask for one
     */
    public record Placement(
            @Default("4.0") double cpuOvercommit,
            @Default("1.0") double memoryOvercommit,
            @Default("1.0") double diskOvercommit,
            @Default("512MiB") long memoryReserveBytes,
            @Default("64MiB") long vmMemoryOverheadBytes,
            @Default("spread") Strategy strategy) {
        /** Checks the ranges. */
        public Placement {
            toConfig(
                    cpuOvercommit,
                    memoryOvercommit,
                    diskOvercommit,
                    memoryReserveBytes,
                    vmMemoryOverheadBytes,
                    strategy);
        }

        PlacementConfig toConfig() {
            return toConfig(
                    cpuOvercommit,
                    memoryOvercommit,
                    diskOvercommit,
                    memoryReserveBytes,
                    vmMemoryOverheadBytes,
                    strategy);
        }

        private static PlacementConfig toConfig(
                double cpu, double memory, double disk, long reserve, long vm, Strategy strategy) {
            return new PlacementConfig(
                    cpu,
                    memory,
                    disk,
                    reserve,
                    vm,
                    switch (strategy) {
                        case SPREAD -> PlacementStrategy.PLACEMENT_STRATEGY_SPREAD;
                        case BIN_PACK -> PlacementStrategy.PLACEMENT_STRATEGY_BIN_PACK;
                    });
        }
    }

    /** Checks what depends on more than one key. */
    public ControllerConfig {
        new Violations().printable("cluster_name", clusterName, 1, 63).throwIfAny();
        supersededTerms = List.copyOf(supersededTerms);
        supersededTerms.stream()
                .filter(term -> !Ids.isId(term))
                .findFirst()
                .ifPresent(
                        term -> {
                            throw ConfigException.of(
                                    "superseded_terms", term, "UUIDs in lower case");
                        });
        if (store == StoreKind.ETCD && etcd.endpoints().isEmpty()) {
            throw ConfigException.of(
                    "etcd.endpoints", "[]", "at least one host:port with store: etcd");
        }
        if (shutdownGrace.isNegative() || shutdownGrace.compareTo(Duration.ofMinutes(5)) > 0) {
            throw ConfigException.of("shutdown_grace", shutdownGrace, "at most 5m");
        }
        if (watchBookmarks.toMillis() < 100) {
            throw ConfigException.of("watch_bookmarks", watchBookmarks, "at least 100ms");
        }
    }
}
