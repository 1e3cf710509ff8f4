package io.hypervisor.agent;

import io.hypervisor.agent.driver.libvirt.LibvirtConfig.Acceleration;
import io.hypervisor.agent.driver.libvirt.LibvirtConfig.MachineType;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.core.config.ConfigException;
import io.hypervisor.core.config.Default;
import io.hypervisor.core.server.HostPort;
import io.hypervisor.core.server.TlsConfig;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The agent's configuration; deploy/config/agent.yaml explains every key.
 *
 * @param grpcAddr where AgentService listens; port 0 picks a free one
 * @param advertiseIp the address that the controller reaches the node at
 * @param hostname the node's name in the cluster
 * @param controllers their gRPC addresses; none: the node stays alone
 * @param dataDir journal, identity, disks and logs; one agent per folder
 * @param stopInstancesOnExit stop instances at an orderly exit; they start with the next agent
 * @param stopGrace how long guests may take to stop then
 * @param listPeriod between full lists of what the drivers run
 * @param factsPeriod between looks at the node's health
 */
public record AgentConfig(
        @Default("127.0.0.1:50052") HostPort grpcAddr,
        Optional<String> advertiseIp,
        Optional<String> hostname,
        List<HostPort> controllers,
        @Default("/var/lib/hypervisor/agent") Path dataDir,
        @Default("") String region,
        @Default("") String zone,
        @Default("worker") Role role,
        Map<String, String> labels,
        Drivers drivers,
        Reserve reserve,
        TlsConfig tls,
        @Default("false") boolean stopInstancesOnExit,
        @Default("10s") Duration stopGrace,
        @Default("10s") Duration listPeriod,
        @Default("10s") Duration factsPeriod) {

    /** Checks what no single key shows. */
    public AgentConfig {
        dataDir = dataDir.toAbsolutePath().normalize();
        boolean anywhere = grpcAddr.host().equals("0.0.0.0") || grpcAddr.host().equals("::");
        if (anywhere && advertiseIp.isEmpty()) {
            throw new ConfigException(
                    "advertise_ip: missing (expected: the address that the controller reaches this"
                            + " node at, because grpc_addr is all addresses)");
        }
        positive("list_period", listPeriod);
        positive("facts_period", factsPeriod);
    }

    private static void positive(String key, Duration value) {
        if (value.isZero()) {
            throw new ConfigException(key + ": value: 0 (expected: more)");
        }
    }

    /** What the node does in the cluster. */
    public enum Role {
        MASTER,
        WORKER
    }

    /** What runs instances; at least one is enabled. */
    public record Drivers(Vm vm, Container container, Fake fake) {}

    /**
     * Virtual machines of libvirt.
     *
     * @param threads calls that change something at the same time
     * @param uri libvirt's connection URI
     * @param imageDirs folders with images, searched in order
     * @param accelerator auto: KVM if it is proven to work, else emulation
     * @param machine QEMU's machine type
     */
    public record Vm(
            @Default("false") boolean enabled,
            @Default("8") int threads,
            @Default("qemu:///system") String uri,
            List<Path> imageDirs,
            @Default("auto") Acceleration accelerator,
            @Default("pc") MachineType machine) {}

    /**
     * Containers of containerd.
     *
     * @param address containerd's unix socket
     * @param namespace containerd namespace that belongs to this agent alone
     */
    public record Container(
            @Default("false") boolean enabled,
            @Default("32") int threads,
            @Default("/run/containerd/containerd.sock") Path address,
            @Default("hypervisor") String namespace) {}

    /** Instances on paper, for trials and simulations. */
    public record Fake(
            @Default("false") boolean enabled,
            List<FakeType> types,
            @Default("0ms") Duration createLatency,
            @Default("0ms") Duration startLatency,
            @Default("0ms") Duration stopLatency) {}

    /** A type that the fake driver plays. */
    public enum FakeType {
        VM(InstanceType.INSTANCE_TYPE_VM),
        CONTAINER(InstanceType.INSTANCE_TYPE_CONTAINER),
        MICROVM(InstanceType.INSTANCE_TYPE_MICROVM);

        private final InstanceType type;

        FakeType(InstanceType type) {
            this.type = type;
        }

        InstanceType type() {
            return type;
        }
    }

    /** What the node keeps for itself; its reported capacity is less by this. Sizes in bytes. */
    public record Reserve(
            @Default("0") int cpuCores,
            @Default("0") long memoryBytes,
            @Default("0") long diskBytes) {}

    /** The address that the controller reaches the node at. */
    public String reachableIp() {
        return advertiseIp.orElse(grpcAddr.host());
    }
}
