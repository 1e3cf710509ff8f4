package io.hypervisor.agent.driver.libvirt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypervisor.agent.driver.Found;
import io.hypervisor.agent.driver.Target;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** What guests say that run Debian's guest agent, or one that means no good. */
@Tag("real")
class GuestAgentsTest {
    private static final Duration PATIENCE = LibvirtScene.PATIENCE.multipliedBy(2);

    @TempDir private static Path images;
    @AutoClose private static LibvirtDaemon daemon;

    /** The demo guest, with the agent of this machine in its initial RAM disk. */
    @BeforeAll
    static void startDaemon() throws IOException {
        Path image = Files.createDirectory(images.resolve("demo-guest"));
        Path demo = DemoGuest.images().resolve("demo-guest");
        for (String file : List.of("kernel", "initrd", "cmdline")) {
            Files.copy(demo.resolve(file), image.resolve(file));
        }
        LibvirtDaemon.run(
                "sh",
                "-euc",
                """
                agent=/usr/sbin/qemu-ga
                libraries=$(ldd "$agent" | sed -n 's/.*[[:space:]]\\(\\/[^ ]*\\) .*/\\1/p')
                for file in "$agent" $libraries; do
                    install -D "$file" "$0/root$file"
                done
                mkdir -p "$0/root/var/run"
                cd "$0/root"
                find . | cpio --quiet --create --format=newc --owner=0:0 >>"$1"
                """,
                images.toString(),
                image.resolve("initrd").toString());
        daemon = LibvirtDaemon.start();
    }

    /** The port of the agent's channel; no udev names it here. */
    private static void load(LibvirtScene scene, Target target) {
        scene.awaitLog(target, "demo-guest ready");
        scene.type(target, "modprobe virtio_console; p=/dev/$(cd /sys/class/virtio-ports; echo *)");
    }

    @Test
    void aGuestsAddressIsShownAndOneThatOnlyPretendsToAnswerDelaysNothing() throws IOException {
        try (LibvirtScene scene = new LibvirtScene(daemon, images)) {
            Target silent = scene.started(DemoGuest.shell());
            Target honest = scene.started(DemoGuest.shell());
            load(scene, silent);
            // It says that it is there, and nothing more.
            scene.type(
                    silent,
                    "exec 3<>$p; echo on'line'; while read -r l <&3; do case $l in *sync*)"
                            + " i=${l##*:}; echo \"{\\\"return\\\":${i%%\\}*}}\" >&3;; esac; done");
            scene.awaitLog(silent, "online");
            load(scene, honest);
            scene.type(
                    honest,
                    "ip addr add 192.0.2.7/32 dev lo; /usr/sbin/qemu-ga -p $p -d && echo on'line'");
            scene.awaitLog(honest, "online");
            await().atMost(PATIENCE)
                    .until(() -> scene.found(honest).guestAddress().equals("192.0.2.7"));
            assertThat(scene.events).contains(honest.instanceId());
            assertThat(scene.found(silent).guestAddress()).isEmpty();
            assertThat(scene.found(silent).state()).isEqualTo(Found.State.RUNNING);

            scene.driver.stop(honest.instanceId(), Duration.ZERO);
            assertThat(scene.found(honest).guestAddress()).isEmpty();
            scene.driver.stop(silent.instanceId(), Duration.ZERO);
        }
    }
}
