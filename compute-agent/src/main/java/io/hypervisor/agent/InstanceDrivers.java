package io.hypervisor.agent;

import io.hypervisor.agent.driver.InstanceDriver;
import io.hypervisor.agent.driver.PooledDriver;
import io.hypervisor.agent.driver.containerd.ContainerdConfig;
import io.hypervisor.agent.driver.containerd.ContainerdDriver;
import io.hypervisor.agent.driver.fake.FakeDriver;
import io.hypervisor.agent.driver.fake.FakeScript;
import io.hypervisor.agent.driver.fake.FakeScript.Call;
import io.hypervisor.agent.driver.fake.FakeWorld;
import io.hypervisor.agent.driver.guest.GuestSwitch;
import io.hypervisor.agent.driver.guest.KvmProbe;
import io.hypervisor.agent.driver.libvirt.LibvirtConfig;
import io.hypervisor.agent.driver.libvirt.LibvirtDriver;
import io.hypervisor.agent.driver.microvm.MicroVmConfig;
import io.hypervisor.agent.driver.microvm.MicroVmDriver;
import io.hypervisor.agent.image.ImageCache;
import io.hypervisor.agent.node.NodeFacts;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.config.ConfigException;
import io.micrometer.core.instrument.MeterRegistry;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Makes the drivers that the configuration enables. */
final class InstanceDrivers {
    private static final String VMS = "vm";
    private static final String MICROVMS = "microvm";

    private InstanceDrivers() {}

    static List<InstanceDriver> of(
            AgentConfig config, Clock clock, Tasks tasks, MeterRegistry metrics) {
        List<InstanceDriver> drivers = new ArrayList<>();
        if (config.drivers().vm().enabled() || config.drivers().microvm().enabled()) {
            drivers.addAll(machines(config, clock, tasks));
        }
        if (config.drivers().container().enabled()) {
            drivers.add(container(config, clock, tasks, metrics));
        }
        if (config.drivers().fake().enabled()) {
            drivers.addAll(fakes(config, clock, tasks));
        }
        long types = drivers.stream().map(InstanceDriver::type).distinct().count();
        if (drivers.isEmpty() || types < drivers.size()) {
            throw new ConfigException(
                    "drivers: "
                            + drivers.stream().map(d -> NodeFacts.typeName(d.type())).toList()
                            + " enabled (expected: at least one, and one per type)");
        }
        return drivers;
    }

    private static List<InstanceDriver> fakes(AgentConfig config, Clock clock, Tasks tasks) {
        AgentConfig.Fake fake = config.drivers().fake();
        List<InstanceDriver> drivers = new ArrayList<>();
        for (AgentConfig.FakeType type : fake.types()) {
            FakeScript script =
                    new FakeScript()
                            .takes(Call.CREATE, fake.createLatency())
                            .takes(Call.START, fake.startLatency())
                            .takes(Call.STOP, fake.stopLatency());
            String folder = NodeFacts.typeName(type.type());
            FakeWorld world = FakeWorld.at(config.dataDir().resolve("fake").resolve(folder));
            drivers.add(new FakeDriver(type.type(), world, script, clock, tasks));
        }
        return drivers;
    }

    private static List<InstanceDriver> machines(AgentConfig config, Clock clock, Tasks tasks) {
        List<InstanceDriver> drivers = new ArrayList<>();
        // What VMs and microVMs boot from is kept once, and KVM looked at once.
        ImageCache cache = cache(config, clock, tasks);
        KvmProbe probe = new KvmProbe(config.dataDir());
        if (config.drivers().vm().enabled()) {
            drivers.add(vm(config, cache, probe, clock, tasks));
        }
        if (config.drivers().microvm().enabled()) {
            drivers.add(microVm(config, cache, probe, clock, tasks));
        }
        return drivers;
    }

    private static ImageCache cache(AgentConfig config, Clock clock, Tasks tasks) {
        AgentConfig.Drivers drivers = config.drivers();
        return new ImageCache(
                config.dataDir().resolve("images"),
                Stream.of(drivers.vm().imageDirs(), drivers.microvm().imageDirs())
                        .flatMap(List::stream)
                        .distinct()
                        .toList(),
                List.of(config.dataDir().resolve(VMS), config.dataDir().resolve(MICROVMS)),
                drivers.vm().cache(),
                clock,
                tasks);
    }

    private static InstanceDriver vm(
            AgentConfig config, ImageCache cache, KvmProbe probe, Clock clock, Tasks tasks) {
        AgentConfig.Vm vm = config.drivers().vm();
        LibvirtConfig libvirt =
                new LibvirtConfig(
                        vm.uri(),
                        vm.imageDirs(),
                        vm.accelerator(),
                        vm.machine(),
                        guestSwitch(config.network()));
        Path home = config.dataDir().resolve(VMS);
        LibvirtDriver driver = new LibvirtDriver(libvirt, home, cache, probe, clock, tasks);
        return new PooledDriver(driver, tasks, vm.threads());
    }

    private static InstanceDriver microVm(
            AgentConfig config, ImageCache cache, KvmProbe probe, Clock clock, Tasks tasks) {
        AgentConfig.MicroVm microVm = config.drivers().microvm();
        MicroVmConfig qemu =
                new MicroVmConfig(
                        microVm.imageDirs(),
                        microVm.accelerator(),
                        microVm.user(),
                        config.network().offload());
        MicroVmDriver driver =
                new MicroVmDriver(
                        qemu, config.dataDir().resolve(MICROVMS), cache, probe, clock, tasks);
        return new PooledDriver(driver, tasks, microVm.threads());
    }

    private static Optional<GuestSwitch> guestSwitch(AgentConfig.Network network) {
        return network.enabled() == AgentConfig.Presence.FALSE
                ? Optional.empty()
                : Optional.of(new GuestSwitch(network.integrationBridge(), network.offload()));
    }

    private static InstanceDriver container(
            AgentConfig config, Clock clock, Tasks tasks, MeterRegistry metrics) {
        AgentConfig.Container container = config.drivers().container();
        ContainerdConfig containerd =
                new ContainerdConfig(
                        container.address(),
                        container.namespace(),
                        config.dataDir(),
                        config.deviceMark(),
                        config.network().offload(),
                        container.logBytes(),
                        container.hostPaths());
        ContainerdDriver driver =
                new ContainerdDriver(containerd, config.registries(), clock, tasks, metrics);
        return new PooledDriver(driver, tasks, container.threads());
    }
}
