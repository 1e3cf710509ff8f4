package io.hypervisor.agent.driver.containerd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypervisor.agent.driver.Console;
import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.Target;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.VolumeMount;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Who a container's process is, where it begins, and what volumes it sees. */
@Tag("real")
class ContainerUsersTest {
    @AutoClose private static final ContainerScene scene = new ContainerScene();

    @AfterEach
    void nothingIsLeft() {
        scene.clear();
    }

    @ParameterizedTest
    @CsvSource({
        "'', 0 0 0 /root",
        "root, 0 0 0 /root",
        "demo, 1000 1000 1000 5 /home",
        "1000, 1000 1000 1000 5 /home",
        "demo:tty, 1000 5 5 /home",
        "demo:77, 1000 77 77 /home",
        "4242, 4242 0 0 /",
        "4242:4343, 4242 4343 4343 /"
    })
    void usersAreAsInDocker(String user, String says) {
        String script = "echo $(id -u) $(id -g) $(id -G) $HOME";
        assertThat(scene.outputOf(ContainerScene.shell(script).setUser(user)))
                .isEqualTo(says + "\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"stranger", "demo:strangers", "2147483648"})
    void usersThatAreNotThereAreAnErrorForGood(String user) {
        refused(ContainerScene.shell("id").setUser(user), "spec.user: value: " + user);
    }

    private static void refused(InstanceSpec.Builder spec, String words) {
        Target target = ContainerScene.target(spec);
        assertThatThrownBy(() -> scene.driver.create(target))
                .isInstanceOfSatisfying(
                        DriverException.class, e -> assertThat(e.isPermanent()).isTrue())
                .hasMessageContaining(words)
                .hasMessageContaining("expected: ");
    }

    @Test
    void aLinkInAnImageDoesNotLeadToTheMachinesUsers() throws IOException {
        assertThat(Files.readString(Path.of("/etc/passwd"))).contains("www-data:");
        TestImage image =
                new TestImage()
                        .stored(
                                new TestImage.Tar()
                                        .folder("etc")
                                        .link("etc/passwd", '2', "../../../../../etc/passwd")
                                        .bytes());
        scene.daemon.importImage(image.archive("docker.io/test/linked:1", "true"));
        refused(
                ContainerScene.shell("id").setImage("test/linked:1").setUser("www-data"),
                "spec.user: value: www-data");
    }

    @Test
    void itBeginsWhereItIsTold() {
        assertThat(scene.outputOf(ContainerScene.shell("pwd"))).isEqualTo("/\n");
        assertThat(scene.outputOf(ContainerScene.shell("pwd").setWorkingDir("/new/one")))
                .isEqualTo("/new/one\n");
    }

    @Test
    void whatOfTheMachineIsAllowedIsSeenAndNotChanged() throws IOException {
        VolumeMount mount = VolumeMount.newBuilder().setName("machine").setMountPath("/m").build();
        InstanceSpec.Builder spec =
                ContainerScene.shell("cat /m/file; echo x >/m/file").addVolumeMounts(mount);
        refused(spec, "spec.volume_mounts[0].name: value: machine");
        Files.writeString(
                Files.createDirectories(scene.daemon.machine()).resolve("file"),
                "of the machine\n");
        assertThat(scene.outputOf(spec)).contains("of the machine\n", "Read-only file system");
    }

    @Test
    void whatItWroteCanBeReadAfterItsEnd() throws IOException {
        Target target = scene.started(ContainerScene.shell("echo said"));
        var _ = scene.ended(target);
        try (Console console = scene.driver.console(target.instanceId())) {
            assertThat(console.log()).hasContent("said\n");
            assertThatThrownBy(() -> console.write(new byte[] {'x'}))
                    .isInstanceOf(DriverException.class)
                    .hasMessageContaining("does not run");
        }
    }

    @Test
    void whatCannotRunIsAnErrorForGood() {
        Target target =
                ContainerScene.target(
                        ContainerScene.shell("").clearCommand().addCommand("/nothing"));
        scene.driver.create(target);
        assertThatThrownBy(() -> scene.driver.start(target))
                .isInstanceOf(DriverException.class)
                .hasMessageContaining("/nothing");
    }

    @Test
    void volumesAreSharedKeptAndReadOnlyWhereAsked() {
        VolumeMount mount = VolumeMount.newBuilder().setName("data").setMountPath("/v").build();
        Target writer =
                scene.started(
                        ContainerScene.shell("echo one >/v/file; cat")
                                .setUser("demo")
                                .addVolumeMounts(mount));
        String read =
                "while [ ! -s /v/file ]; do :; done; cat /v/file; echo two >/v/file; echo end";
        assertThat(
                        scene.outputOf(
                                ContainerScene.shell(read)
                                        .addVolumeMounts(mount.toBuilder().setReadOnly(true))))
                .contains("one\n", "Read-only file system", "end\n");
        scene.driver.destroy(writer.instanceId());
        assertThat(scene.outputOf(ContainerScene.shell("cat /v/file").addVolumeMounts(mount)))
                .isEqualTo("one\n");
    }
}
