package io.hypervisor.agent;

import io.hypervisor.agent.driver.Nics;
import io.hypervisor.agent.driver.containerd.ContainerdConfig;
import io.hypervisor.agent.driver.guest.Acceleration;
import io.hypervisor.agent.driver.libvirt.LibvirtConfig.MachineType;
import io.hypervisor.agent.image.ImageCacheConfig;
import io.hypervisor.agent.registry.RegistryConfig;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.core.Violations;
import io.hypervisor.core.config.ConfigException;
import io.hypervisor.core.config.Default;
import io.hypervisor.core.server.HostPort;
import io.hypervisor.core.server.TlsConfig;
import io.hypervisor.network.ovs.SwitchConfig;

import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The agent's configuration; deploy/config/agent.yaml explains every key.
 *
 * @param grpcAddr where AgentService listens; port 0 picks a free one
 * @param metricsAddr where metrics are served over HTTP; none: nowhere
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
        Optional<HostPort> metricsAddr,
        Optional<String> advertiseIp,
        Optional<String> hostname,
        List<HostPort> controllers,
        @Default("/var/lib/hypervisor/agent") Path dataDir,
        @Default("") String region,
        @Default("") String zone,
        @Default("worker") Role role,
        Map<String, String> labels,
        Drivers drivers,
        Network network,
        RegistryConfig registries,
        Reserve reserve,
        TlsConfig tls,
        @Default("false") boolean stopInstancesOnExit,
        @Default("10s") Duration stopGrace,
        @Default("10s") Duration listPeriod,
        @Default("10s") Duration factsPeriod) {

    private static final String ADDRESS = "an IPv4 or IPv6 address";
    private static final int MOST_THREADS = 1024;

    /** Checks what no single key shows. */
    public AgentConfig {
        dataDir = dataDir.toAbsolutePath().normalize();
        Violations v = new Violations();
        hostname.ifPresent(name -> v.hostname("hostname", name));
        advertiseIp.ifPresent(ip -> v.check(isAddress(ip), "advertise_ip", ip, ADDRESS));
        v.labelValue("region", region).labelValue("zone", zone).labels("labels", labels);
        v.throwIfAny();
        boolean anywhere = grpcAddr.host().equals("0.0.0.0") || grpcAddr.host().equals("::");
        boolean nameOnly = !controllers.isEmpty() && !isAddress(grpcAddr.host());
        if ((anywhere || nameOnly) && advertiseIp.isEmpty()) {
            throw new ConfigException(
                    "advertise_ip: missing (expected: the address that the controller reaches this"
                            + " node at, because grpc_addr is "
                            + (anywhere ? "all addresses" : "a name")
                            + ")");
        }
        positive("list_period", listPeriod);
        positive("facts_period", factsPeriod);
    }

    private static boolean isAddress(String text) {
        try {
            return InetAddress.ofLiteral(text) != null;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private static void checkThreads(int threads) {
        new Violations().range("threads", threads, 1, MOST_THREADS).throwIfAny();
    }

    private static void positive(String key, Duration value) {
        if (value.isZero()) {
            throw ConfigException.of(key, "0", "more");
        }
    }

    /** What the node does in the cluster. */
    public enum Role {
        MASTER,
        WORKER
    }

    /** What runs instances; at least one is enabled. */
    public record Drivers(Vm vm, Container container, MicroVm microvm, Fake fake) {}

    /**
     * Virtual machines of libvirt.
     *
     * @param threads calls that change something at the same time
     * @param uri libvirt's connection URI
     * @param imageDirs folders with images, searched in order
     * @param accelerator auto: KVM if it is proven to work, else emulation
     * @param machine QEMU's machine type
     * @param cache what is kept of images that come from elsewhere
     */
    public record Vm(
            @Default("false") boolean enabled,
            @Default("8") int threads,
            @Default("qemu:///system") String uri,
            List<Path> imageDirs,
            @Default("auto") Acceleration accelerator,
            @Default("pc") MachineType machine,
            ImageCacheConfig cache) {
        /** Checks the threads. */
        public Vm {
            checkThreads(threads);
        }
    }

    /**
     * Containers of containerd.
     *
     * @param address containerd's unix socket
     * @param namespace containerd namespace that belongs to this agent alone
     * @param logBytes how much of what a container writes is kept
     * @param volumes files and folders of the machine that containers may mount, by the volume's
     *     name: PATH, or PATH:ro
     */
    public record Container(
            @Default("false") boolean enabled,
            @Default("32") int threads,
            @Default("/run/containerd/containerd.sock") Path address,
            @Default("hypervisor") String namespace,
            @Default("16MiB") long logBytes,
            Map<String, String> volumes) {
        private static final long LEAST_LOG = 64 * 1024;
        private static final Pattern VOLUME = Pattern.compile("[a-z]([a-z0-9-]{0,61}[a-z0-9])?");

        /** Checks each key. */
        public Container {
            checkThreads(threads);
            if (logBytes < LEAST_LOG) {
                throw ConfigException.of("log_bytes", logBytes, "at least " + LEAST_LOG);
            }
            volumes.forEach(
                    (name, path) -> {
                        if (!VOLUME.matcher(name).matches()) {
                            throw ConfigException.of(
                                    "volumes",
                                    name,
                                    "names of volumes: lower-case letters, digits and hyphens");
                        }
                        if (!path.startsWith("/")) {
                            throw ConfigException.of(
                                    "volumes." + name,
                                    path,
                                    "an absolute path, which may end in :ro");
                        }
                    });
        }

        Map<String, ContainerdConfig.HostPath> hostPaths() {
            return volumes.entrySet().stream()
                    .collect(
                            Collectors.toUnmodifiableMap(
                                    Map.Entry::getKey,
                                    e -> ContainerdConfig.HostPath.parse(e.getValue())));
        }
    }

    /**
     * MicroVMs of QEMU, without libvirt.
     *
     * @param imageDirs folders with images, searched in order
     * @param accelerator auto: KVM if it is proven to work, else emulation
     * @param user whom QEMU becomes once it has opened what it needs; empty: nobody else
     */
    public record MicroVm(
            @Default("false") boolean enabled,
            @Default("8") int threads,
            List<Path> imageDirs,
            @Default("auto") Acceleration accelerator,
            @Default("nobody") String user) {
        private static final Pattern USER = Pattern.compile("|[a-z_][a-z0-9_-]{0,31}");

        /** Checks threads and name. */
        public MicroVm {
            checkThreads(threads);
            if (!USER.matcher(user).matches()) {
                throw ConfigException.of("user", user, "the name of a user");
            }
        }
    }

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

    /** Whether the node has a switch. */
    public enum Presence {
        /** If one answers. */
        AUTO,
        /** It should: one that does not answer is a problem of the node. */
        TRUE,
        FALSE
    }

    /** Where Open vSwitch moves packets. */
    public enum Datapath {
        /** In its own process: needs no module of the kernel. */
        NETDEV,
        /** In the kernel. */
        SYSTEM
    }

    /**
     * The node's part in virtual networks.
     *
     * @param ovsdb socket of Open vSwitch's database; those of its switch are beside it
     * @param integrationBridge the bridge that this agent makes and keeps; no other agent uses it
     * @param vtepIp the node's address for tunnels to other nodes; none: networks of type VXLAN end
     *     at the node
     * @param vtepPort UDP port of tunnels
     * @param bridgeMappings the Open vSwitch bridge of each physical network that the node has
     * @param dnsDomain what names of instances end in; the same on all nodes
     * @param resolvConf names the DNS servers that guests' queries for other names are passed on to
     */
    public record Network(
            @Default("auto") Presence enabled,
            @Default("/run/openvswitch/db.sock") Path ovsdb,
            @Default("br-int") String integrationBridge,
            @Default("netdev") Datapath datapath,
            Optional<String> vtepIp,
            @Default("4789") int vtepPort,
            Map<String, String> bridgeMappings,
            @Default("hv.internal") String dnsDomain,
            @Default("/etc/resolv.conf") Path resolvConf) {
        private static final Pattern DEVICE = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,14}");
        private static final Pattern NAME = Pattern.compile("[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?");
        private static final String LABEL = "[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?";
        private static final Pattern DOMAIN = Pattern.compile(LABEL + "(\\." + LABEL + "){0,3}");
        // A path of a unix socket has room for 107 bytes.
        private static final int MAX_SOCKET = 107;

        /** Checks each key. */
        public Network {
            int longest = SwitchConfig.MOST_NAME;
            if (!DEVICE.matcher(integrationBridge).matches()
                    || integrationBridge.length() > longest) {
                throw ConfigException.of(
                        "integration_bridge",
                        integrationBridge,
                        "the name of a bridge, at most " + longest + " characters");
            }
            Path beside = ovsdb.resolveSibling(integrationBridge + ".mgmt");
            if (!ovsdb.isAbsolute() || beside.toString().length() > MAX_SOCKET) {
                throw ConfigException.of(
                        "ovsdb", ovsdb, "an absolute path of a unix socket, at most 107 bytes");
            }
            if (vtepIp.filter(ip -> !isAddress(ip)).isPresent()) {
                throw ConfigException.of("vtep_ip", vtepIp.get(), ADDRESS);
            }
            if (vtepPort < 1 || vtepPort > 65_535) {
                throw ConfigException.of("vtep_port", vtepPort, "1 to 65535");
            }
            checkDns(dnsDomain, resolvConf);
            bridgeMappings.forEach(
                    (network, bridge) -> {
                        if (!NAME.matcher(network).matches()) {
                            throw ConfigException.of(
                                    "bridge_mappings",
                                    network,
                                    "names of physical networks: lower-case letters, digits and"
                                            + " ._-");
                        }
                        if (!DEVICE.matcher(bridge).matches() || bridge.equals(integrationBridge)) {
                            throw ConfigException.of(
                                    "bridge_mappings." + network,
                                    bridge,
                                    "the name of another bridge");
                        }
                    });
        }

        /** Names of instances, of at most 63 characters, must fit before the domain. */
        private static void checkDns(String domain, Path resolvConf) {
            if (!DOMAIN.matcher(domain).matches()) {
                throw ConfigException.of(
                        "dns_domain",
                        domain,
                        "up to four labels of lower-case letters, digits and -, with dots between");
            }
            if (!resolvConf.isAbsolute()) {
                throw ConfigException.of("resolv_conf", resolvConf, "an absolute path");
            }
        }

        /** Whether guests may leave checksums to the host. */
        public boolean offload() {
            return datapath == Datapath.SYSTEM;
        }

        /** As the switch's own configuration. */
        public SwitchConfig ovs() {
            return new SwitchConfig(
                    ovsdb,
                    integrationBridge,
                    datapath.name().toLowerCase(Locale.ROOT),
                    vtepIp.orElse(""),
                    vtepPort,
                    bridgeMappings);
        }
    }

    /** What the node keeps for itself; its reported capacity is less by this. Sizes in bytes. */
    public record Reserve(
            @Default("0") int cpuCores,
            @Default("0") long memoryBytes,
            @Default("0") long diskBytes) {
        /** Checks that nothing is negative. */
        public Reserve {
            new Violations()
                    .range("cpu_cores", cpuCores, 0, Integer.MAX_VALUE)
                    .range("memory_bytes", memoryBytes, 0, Long.MAX_VALUE)
                    .range("disk_bytes", diskBytes, 0, Long.MAX_VALUE)
                    .throwIfAny();
        }
    }

    /** What network devices of the agent's containers are marked with. */
    String deviceMark() {
        return Nics.mark(dataDir);
    }

    /** The address that the controller reaches the node at. */
    public String reachableIp() {
        return advertiseIp.orElse(grpcAddr.host());
    }
}
