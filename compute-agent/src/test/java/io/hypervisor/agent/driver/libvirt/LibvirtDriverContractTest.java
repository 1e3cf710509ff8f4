package io.hypervisor.agent.driver.libvirt;

import io.hypervisor.agent.driver.InstanceDriver;
import io.hypervisor.agent.driver.Nics;
import io.hypervisor.agent.driver.PrivateSwitch;
import io.hypervisor.agent.driver.Target;
import io.hypervisor.agent.driver.WiredDriverContract;
import io.hypervisor.agent.driver.guest.Acceleration;
import io.hypervisor.agent.driver.guest.FullDisk;
import io.hypervisor.agent.driver.guest.GuestSwitch;
import io.hypervisor.agent.driver.guest.InstanceFolders;
import io.hypervisor.agent.driver.guest.KvmProbe;
import io.hypervisor.agent.driver.guest.SlowKernel;
import io.hypervisor.agent.driver.guest.TinyGuest;
import io.hypervisor.agent.driver.libvirt.LibvirtConfig.MachineType;
import io.hypervisor.agent.image.TestCache;
import io.hypervisor.api.internal.v1.Nic;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.core.Clock;
import io.hypervisor.core.FaultPoint;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.VirtualTasks;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.stream.Stream;

@Tag("real")
class LibvirtDriverContractTest extends WiredDriverContract {
    private static LibvirtDaemon daemon;
    private static Path images;
    private static Tasks tasks;
    private static PrivateSwitch openvswitch;

    private Optional<SlowKernel> slow = Optional.empty();

    @BeforeAll
    static void startDaemon() {
        tasks = new VirtualTasks();
        images = DemoGuest.images();
        TinyGuest.make(images);
        openvswitch = new PrivateSwitch();
        openvswitch.vsctl(
                "add-br",
                openvswitch.bridge(),
                "--",
                "set",
                "bridge",
                openvswitch.bridge(),
                "datapath_type=netdev");
        daemon = LibvirtDaemon.start(openvswitch.folder());
    }

    @AfterAll
    static void stopDaemon() {
        daemon.close();
        openvswitch.close();
        tasks.close();
    }

    @AfterEach
    void closeSource() {
        slow.ifPresent(SlowKernel::close);
    }

    static Stream<FaultPoint> steps() {
        return stepsOf("LIBVIRT");
    }

    @Override
    protected InstanceDriver connect() {
        return new LibvirtDriver(
                new LibvirtConfig(
                        daemon.uri(),
                        List.of(images),
                        Acceleration.TCG,
                        MachineType.PC,
                        Optional.of(new GuestSwitch(openvswitch.bridge(), false))),
                daemon.home(),
                TestCache.beside(daemon.home(), images, tasks),
                new KvmProbe(daemon.home()),
                Clock.system(),
                tasks);
    }

    @Override
    protected InstanceSpec lasting() {
        return TinyGuest.echo();
    }

    @Override
    protected InstanceSpec attentive() {
        return DemoGuest.shell();
    }

    @Override
    protected InstanceSpec endsCleanly() {
        return TinyGuest.end();
    }

    @Override
    protected InstanceSpec endsWithError() {
        return TinyGuest.panic();
    }

    @Override
    protected OptionalInt errorCode() {
        return OptionalInt.empty();
    }

    @Override
    protected InstanceSpec missingImage() {
        return DemoGuest.shell().toBuilder().setImage("no-such-image").build();
    }

    @Override
    protected void leaveHalfMade(InstanceDriver connected, Target target) {
        DomainRecord record = DomainRecord.of(target, daemon.home().toString());
        new InstanceFolders(daemon.home(), LibvirtDriver.RECORD)
                .write(target.instanceId(), record.xml().toString());
    }

    @Override
    protected void killBehindItsBack(String instanceId) {
        daemon.qemu(instanceId).orElseThrow().destroyForcibly();
    }

    @Override
    protected Map<String, String> interfaces(String instanceId) {
        // As libvirt and as Open vSwitch see it: both must agree.
        Map<String, String> found = new TreeMap<>();
        for (Nic nic : InterfaceXml.parse(daemon.virsh("dumpxml", instanceId))) {
            String device = Nics.device(nic);
            String port = openvswitch.vsctl("get", "Interface", device, "external_ids:iface-id");
            found.put(port.replace("\"", ""), nic.getMacAddress());
        }
        return found;
    }

    @Override
    protected void leaveHalfWired(Target target) {
        // A libvirtd that was killed leaves ports of the switch without a device.
        for (Nic nic : target.nics()) {
            String device = Nics.device(nic);
            openvswitch.vsctl(
                    "add-port",
                    openvswitch.bridge(),
                    device,
                    "--",
                    "set",
                    "Interface",
                    device,
                    "external_ids:iface-id=" + nic.getPortId());
        }
    }

    @Override
    protected void awaitAttentive(String instanceId) {
        Path log = daemon.home().resolve(instanceId).resolve("console.log");
        patiently().until(() -> Files.readString(log).contains("demo-guest ready"));
    }

    @Override
    protected Runnable fillDisk() {
        return FullDisk.over(daemon.home());
    }

    @Override
    protected SlowImage slowImage() {
        slow = Optional.of(new SlowKernel(images.resolve("tiny-echo/kernel")));
        return new SlowImage(slow.get().spec(), slow.get()::come);
    }

    @Override
    protected void restartDaemon() {
        daemon.kill();
        daemon.restart();
    }

    @Override
    protected int slowness() {
        return 4;
    }
}
