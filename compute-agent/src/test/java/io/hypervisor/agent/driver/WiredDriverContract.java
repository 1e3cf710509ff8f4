package io.hypervisor.agent.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypervisor.api.internal.v1.Nic;
import io.hypervisor.api.v1.InstanceSpec;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/** What drivers that give instances network interfaces promise beyond {@link InstanceDriver}. */
public abstract class WiredDriverContract extends DriverOutagesContract {
    private final List<Nic> made = new ArrayList<>();

    /** MAC addresses of the interfaces that an instance has in truth, by port id. */
    protected abstract Map<String, String> interfaces(String instanceId);

    /** Runs, and gives interfaces back when it is asked to. */
    protected InstanceSpec attentive() {
        return lasting();
    }

    /** Waits until what runs can take and give back interfaces. */
    protected void awaitAttentive(String instanceId) {}

    /** Whether interfaces come and go while an instance runs. */
    protected boolean plugsIntoWhatRuns() {
        return true;
    }

    /** The interfaces of this test. */
    protected final List<Nic> made() {
        return List.copyOf(made);
    }

    /** Leaves what wiring that was killed midway leaves; the instance does not run. */
    protected abstract void leaveHalfWired(Target target);

    @AfterEach
    final void noDeviceIsLeft() {
        // Before what the contract's own cleaning finds.
        assertThat(made)
                .as("devices left behind")
                .allSatisfy(
                        nic ->
                                patiently()
                                        .until(
                                                () ->
                                                        gone(nic)
                                                                || ids().stream()
                                                                        .anyMatch(this::has)));
    }

    private boolean has(String instanceId) {
        return !interfaces(instanceId).isEmpty();
    }

    private static boolean gone(Nic nic) {
        Path device = Path.of("/sys/class/net", Nics.device(nic));
        return !Files.exists(device, LinkOption.NOFOLLOW_LINKS);
    }

    /** An interface for a port of its own. */
    protected final Nic nic(int number) {
        String port = UUID.randomUUID().toString();
        Nic nic =
                Nic.newBuilder()
                        .setPortId(port)
                        .setMacAddress("02:68:76:00:00:%02x".formatted(number))
                        .setMtu(1400)
                        .addAddresses("10.99.%d.5/24".formatted(number))
                        .addAddresses("fd99:%x::5/64".formatted(number))
                        .addGateways("10.99.%d.1".formatted(number))
                        .addGateways("fd99:%x::1".formatted(number))
                        .addDnsServers("10.99.%d.1".formatted(number))
                        .build();
        made.add(nic);
        return nic;
    }

    private Nic misnamed() {
        return nic(9).toBuilder().setDeviceName("x; reboot").build();
    }

    private Target with(Target target, Nic... nics) {
        return new Target(
                target.instanceId(),
                target.epoch(),
                target.runGeneration(),
                target.name(),
                target.local(),
                target.spec(),
                target.metadata(),
                List.of(nics));
    }

    private Target running(Nic... nics) {
        return running(lasting(), nics);
    }

    private Target running(InstanceSpec spec, Nic... nics) {
        Target target = with(target(spec), nics);
        driver().create(target);
        driver().start(target);
        return target;
    }

    private void wire(Target target, Nic... nics) {
        driver().hotPlug().orElseThrow().wire(with(target, nics));
    }

    /**
     * A guest may take its time to give an interface back; until then wiring fails and is repeated.
     */
    private void wireInTime(Target target, Nic... nics) {
        patiently()
                .ignoreException(DriverException.class)
                .until(
                        () -> {
                            wire(target, nics);
                            return true;
                        });
    }

    private static Map<String, String> macs(Nic... nics) {
        Map<String, String> macs = new TreeMap<>();
        List.of(nics).forEach(nic -> macs.put(nic.getPortId(), nic.getMacAddress()));
        return macs;
    }

    private void assertHas(Target target, Nic... nics) {
        assertThat(new TreeMap<>(interfaces(target.instanceId()))).isEqualTo(macs(nics));
    }

    @Test
    final void hasItsInterfacesWhenItRuns() {
        Nic first = nic(1);
        Nic second = nic(2);
        assertHas(running(first, second), first, second);
    }

    @Test
    final void interfacesStayTheSameOverStopAndStart() {
        Nic nic = nic(1);
        Target target = running(nic);
        driver().stop(target.instanceId(), Duration.ZERO);
        driver().start(next(target, 1, 2));
        assertHas(target, nic);
    }

    @Test
    final void interfacesComeAndGoWhileItRuns() {
        Nic first = nic(1);
        Nic second = nic(2);
        Target target = running(attentive(), first);
        awaitAttentive(target.instanceId());
        Target both = rewired(target, first, second);
        Target other = rewired(both, second);
        assertThat(found(target).state()).isEqualTo(Found.State.RUNNING);
        driver().stop(target.instanceId(), Duration.ZERO);
        driver().start(next(other, 1, other.runGeneration() + 1));
        assertHas(target, second);
    }

    @Test
    final void firstInterfaceComesAndLastGoesWhileItRuns() {
        Target target = running(attentive());
        awaitAttentive(target.instanceId());
        assertHas(target);
        var _ = rewired(rewired(target, nic(1)));
    }

    /** Where nothing is plugged into what runs, that is said, and a start brings it. */
    private Target rewired(Target target, Nic... wanted) {
        Nic[] has = target.nics().toArray(Nic[]::new);
        Target wired = with(target, wanted);
        if (!plugsIntoWhatRuns()) {
            assertThatThrownBy(() -> wire(target, wanted))
                    .isInstanceOf(DriverException.class)
                    .hasMessageContaining("when it is started again");
            assertHas(target, has);
            driver().stop(target.instanceId(), Duration.ZERO);
            wired = next(wired, 1, target.runGeneration() + 1);
            driver().start(wired);
        } else if (wired.nics().containsAll(target.nics())) {
            wire(target, wanted);
        } else {
            wireInTime(target, wanted);
        }
        assertHas(wired, wanted);
        return wired;
    }

    @Test
    final void interfacesChangeWhileItIsStopped() {
        Nic first = nic(1);
        Nic second = nic(2);
        Target target = running(first);
        driver().stop(target.instanceId(), Duration.ZERO);
        wire(target, second);
        driver().start(next(with(target, second), 1, 2));
        assertHas(target, second);
    }

    @Test
    final void interfacesChangeBeforeTheFirstStart() {
        Nic nic = nic(1);
        Target target = created(lasting());
        wire(target, nic);
        driver().start(with(target, nic));
        assertHas(target, nic);
    }

    @Test
    final void whatRunsIsLeftAloneByAnInterfaceThatCannotBe() {
        Nic first = nic(1);
        Target target = running(first);
        assertThatThrownBy(() -> wire(target, first, misnamed()))
                .isInstanceOf(DriverException.class)
                .hasMessageContaining("nics[1].device_name: value: x; reboot (expected: ")
                .matches(e -> ((DriverException) e).isPermanent());
        assertHas(target, first);
        assertThat(found(target).state()).isEqualTo(Found.State.RUNNING);
    }

    @Test
    final void wiringTwiceIsWiringOnce() {
        Nic first = nic(1);
        Nic second = nic(2);
        Target target = plugsIntoWhatRuns() ? running(first) : running(first, second);
        wire(target, first, second);
        Found before = found(target);
        wire(target, first, second);
        assertHas(target, first, second);
        assertThat(found(target)).isEqualTo(before);
    }

    @Test
    final void wiringOfWhatDoesNotExistDoesNothing() {
        Target target = target(lasting());
        wire(target, nic(1));
        assertThat(ids()).doesNotContain(target.instanceId());
    }

    @Test
    final void halfWiredIsWiredByStart() {
        Nic nic = nic(1);
        Target target = with(target(lasting()), nic);
        driver().create(target);
        leaveHalfWired(target);
        driver().start(target);
        assertHas(target, nic);
    }

    @Test
    final void halfWiredIsDestroyed() {
        Target target = with(target(lasting()), nic(1));
        driver().create(target);
        leaveHalfWired(target);
        driver().destroy(target.instanceId());
        assertThat(ids()).doesNotContain(target.instanceId());
    }

    @Test
    final void noDeviceStaysWithoutARun() {
        Nic nic = nic(1);
        Target target = running(nic);
        driver().stop(target.instanceId(), Duration.ZERO);
        patiently().until(() -> gone(nic));
    }

    @Test
    final void anInterfaceThatMeansMoreThanItSaysIsRefused() {
        Target target = with(target(lasting()), misnamed());
        assertThatThrownBy(() -> driver().create(target))
                .isInstanceOf(DriverException.class)
                .hasMessageContaining("nics[0].device_name: value: x; reboot (expected: ")
                .matches(e -> ((DriverException) e).isPermanent());
        assertThat(ids()).doesNotContain(target.instanceId());
    }
}
