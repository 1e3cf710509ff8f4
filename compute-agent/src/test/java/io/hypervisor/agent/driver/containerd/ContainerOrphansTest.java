package io.hypervisor.agent.driver.containerd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypervisor.agent.driver.Found;
import io.hypervisor.agent.driver.Target;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/** What exists without a record is found and removed if it is ours, and else never touched. */
@Tag("real")
class ContainerOrphansTest {
    @AutoClose private static final ContainerScene scene = new ContainerScene();

    @AfterEach
    void nothingIsLeft() {
        scene.clear();
    }

    /** What may be left, and how it comes to be. */
    enum Left {
        TASK("a folder, state of the runtime"),
        FOLDER("a folder"),
        RUNTIME_STATE("state of the runtime"),
        NAMESPACE("a network namespace");

        private final String words;

        Left(String words) {
            this.words = words;
        }

        String leave() throws IOException {
            String id = UUID.randomUUID().toString();
            Path data = scene.daemon.data();
            switch (this) {
                case TASK -> {
                    id = scene.started(ContainerScene.shell("cat")).instanceId();
                    removeRecord(id);
                }
                case FOLDER ->
                        Files.writeString(
                                Files.createDirectories(data.resolve("container").resolve(id))
                                        .resolve("console.log"),
                                "said");
                case RUNTIME_STATE ->
                        Files.createDirectories(data.resolve("runc/hypervisor").resolve(id));
                case NAMESPACE -> namespace(id, scene.daemon.config().mark() + " " + id);
            }
            return id;
        }
    }

    private static void removeRecord(String id) {
        try (Daemon connection =
                new Daemon(scene.daemon.config(), scene.tasks.concurrent("containerd"))) {
            new Containers(connection, scene.daemon.config()).delete(id);
        }
    }

    private static void namespace(String id, String alias) {
        NamedSpaces.ip("netns", "add", NamedSpaces.name(id));
        NamedSpaces.ip("-n", NamedSpaces.name(id), "link", "set", "dev", "lo", "alias", alias);
    }

    private static Path space(String id) {
        return Path.of("/run/netns", NamedSpaces.name(id));
    }

    @ParameterizedTest
    @EnumSource
    void whatIsLeftOfOursIsFoundAndRemoved(Left left) throws IOException {
        String id = left.leave();
        assertThat(scene.driver.list())
                .singleElement()
                .satisfies(
                        found -> {
                            assertThat(found.instanceId()).isEqualTo(id);
                            assertThat(found.state()).isEqualTo(Found.State.PARTIAL);
                            assertThat(found.local()).isFalse();
                            assertThat(found.reason())
                                    .isEqualTo("left without a record: " + left.words);
                        });
        scene.driver.destroy(id);
        assertThat(scene.driver.list()).isEmpty();
        assertThat(space(id)).doesNotExist();
        assertThat(scene.daemon.data().resolve("container").resolve(id)).doesNotExist();
        assertThat(scene.daemon.data().resolve("runc/hypervisor").resolve(id)).doesNotExist();
        assertThat(new Cgroups(id).exists()).isFalse();
        assertThat(scene.daemon.mounts()).isEmpty();
        assertThat(scene.daemon.ctr("snapshots", "list")).doesNotContain(id);
        await().atMost(ContainerScene.PATIENCE)
                .until(() -> scene.daemon.processes().stream().noneMatch(p -> p.contains(id)));
    }

    @Test
    void whoseItWasIsRemembered() {
        Target target = scene.started(ContainerScene.shell("cat"));
        removeRecord(target.instanceId());
        assertThat(scene.found(target).epoch()).isEqualTo(target.epoch());
        scene.driver.create(target);
        assertThat(scene.found(target).state()).isEqualTo(Found.State.STOPPED);
        scene.driver.start(target);
        assertThat(scene.found(target).state()).isEqualTo(Found.State.RUNNING);
    }

    @Test
    void whatIsNotOursIsNotTouched() throws IOException {
        String stranger = UUID.randomUUID().toString();
        String other = UUID.randomUUID().toString();
        namespace(stranger, "another agent " + stranger);
        NamedSpaces.ip("netns", "add", NamedSpaces.name(other));
        scene.daemon.ctr("run", "-d", "docker.io/" + ContainerdDaemon.IMAGE, "theirs", "cat");
        Path notes = Files.createDirectories(scene.daemon.data().resolve("runc/hypervisor/notes"));
        try {
            assertThat(scene.driver.list()).isEmpty();
            for (String id : new String[] {stranger, other}) {
                scene.driver.destroy(id);
                assertThat(space(id)).exists();
            }
            assertThat(notes).exists();
            assertThat(scene.daemon.ctr("tasks", "list")).contains("theirs");
        } finally {
            NamedSpaces.ip("netns", "delete", NamedSpaces.name(stranger));
            NamedSpaces.ip("netns", "delete", NamedSpaces.name(other));
            scene.daemon.ctr("tasks", "delete", "--force", "theirs");
            scene.daemon.ctr("containers", "delete", "theirs");
        }
    }
}
