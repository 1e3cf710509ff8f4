package io.hypervisor.agent.driver.libvirt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypervisor.agent.driver.Console;
import io.hypervisor.agent.driver.Found;
import io.hypervisor.agent.driver.Target;
import io.hypervisor.agent.driver.guest.Acceleration;
import io.hypervisor.agent.driver.guest.GuestSwitch;
import io.hypervisor.agent.driver.guest.KvmProbe;
import io.hypervisor.agent.driver.libvirt.LibvirtConfig.MachineType;
import io.hypervisor.agent.image.TestCache;
import io.hypervisor.api.internal.v1.Nic;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.Metadata;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.VirtualTasks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;

/** A driver over a private libvirtd, and what tests do with it. */
final class LibvirtScene implements AutoCloseable {
    static final Duration PATIENCE = Duration.ofSeconds(40);

    final LibvirtDriver driver;
    final Queue<String> events = new ConcurrentLinkedQueue<>();
    private final LibvirtDaemon daemon;
    private final Path images;
    private final Optional<GuestSwitch> network;
    private final Tasks tasks = new VirtualTasks();

    LibvirtScene(LibvirtDaemon daemon, Path images) {
        this(daemon, images, Optional.empty());
    }

    LibvirtScene(LibvirtDaemon daemon, Path images, Optional<GuestSwitch> network) {
        this.daemon = daemon;
        this.images = images;
        this.network = network;
        driver = connect(daemon.home());
        driver.events(events::add);
    }

    LibvirtDriver connect(Path home) {
        return new LibvirtDriver(
                new LibvirtConfig(
                        daemon.uri(), List.of(images), Acceleration.TCG, MachineType.PC, network),
                home,
                TestCache.beside(home, images, tasks),
                new KvmProbe(home),
                Clock.system(),
                tasks);
    }

    static Target target(InstanceSpec spec, Nic... nics) {
        return new Target(
                UUID.randomUUID().toString(),
                1,
                1,
                "guest",
                false,
                spec,
                Metadata.getDefaultInstance(),
                List.of(nics));
    }

    Target started(InstanceSpec spec, Nic... nics) {
        Target target = target(spec, nics);
        driver.create(target);
        driver.start(target);
        return target;
    }

    Found found(Target target) {
        return found(driver, target);
    }

    Found found(LibvirtDriver from, Target target) {
        return from.list().stream()
                .filter(f -> f.instanceId().equals(target.instanceId()))
                .findFirst()
                .orElseThrow();
    }

    /** Replaces what the domain says of itself, as an agent that dies right after it would. */
    void write(Target target, DomainRecord record) {
        try (Daemon connection = new Daemon(daemon.uri(), tasks)) {
            new Domains(connection, daemon.home(), Clock.system())
                    .write(target.instanceId(), record);
        }
    }

    String log(Target target) {
        Path log = driver.console(target.instanceId()).log();
        try {
            return Files.exists(log) ? Files.readString(log, StandardCharsets.ISO_8859_1) : "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void awaitLog(Target target, String text) {
        awaitLog(target, text, PATIENCE);
    }

    void awaitLog(Target target, String text, Duration patience) {
        await().atMost(patience).until(() -> log(target).contains(text));
    }

    void type(Target target, String line) {
        try (Console console = driver.console(target.instanceId())) {
            console.write((line + "\n").getBytes(StandardCharsets.UTF_8));
        }
    }

    /** Destroys what there is, and checks that nothing is left. */
    @Override
    public void close() throws IOException {
        driver.list().forEach(found -> driver.destroy(found.instanceId()));
        driver.close();
        tasks.close();
        assertThat(daemon.virsh("list", "--all", "--name")).isBlank();
        if (Files.exists(daemon.home())) {
            try (Stream<Path> left = Files.list(daemon.home())) {
                assertThat(left).isEmpty();
            }
        }
    }
}
