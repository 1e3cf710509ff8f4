package io.hypervisor.cluster.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypervisor.api.v1.CreateInstanceRequest;
import io.hypervisor.api.v1.DiskSpec;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.Metadata;
import io.hypervisor.api.v1.NetworkSpec;
import io.hypervisor.cluster.OneNodeCluster;
import io.hypervisor.core.Command;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Debian as its users know it: its own systemd, cloud-init, DHCP client and OpenSSH boot on a node,
 * and the user logs in from outside. With -Ddebian=true alone, because it takes its time: its image
 * is made of packages, and its processors are emulated.
 */
@Tag("real")
@EnabledIfSystemProperty(named = "debian", matches = "true")
@ExtendWith(NetworkCluster.Extension.class)
class DebianTest {
    private static final Duration BOOT = Duration.ofMinutes(5);
    private static final Path IMAGES = Path.of("target/images").toAbsolutePath();
    private static final String BOOT_ID = "cat /proc/sys/kernel/random/boot_id";
    // A key of one type is made in less time than three are.
    private static final String USER_DATA =
            """
            #cloud-config
            ssh_genkeytypes: [ed25519]
            runcmd:
              - echo "$(hostname) begins" >>/root/begun
            """;

    @TempDir Path folder;

    @Test
    void aDebianGuestLetsItsUserInAndKnowsWhatItWasTold(NetworkCluster cluster) throws IOException {
        OneNodeCluster.execute("deploy/images/debian-guest/build", IMAGES.toString());
        Path key = folder.resolve("key");
        OneNodeCluster.execute("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key.toString());
        try (RealHost machines = RealHost.ofMachines(cluster, 6, IMAGES);
                Outside outside = new Outside(cluster);
                Group open = Group.open(cluster);
                Lan lan = Lan.overlay(cluster, "10.60.0.0/24", "fd60::/64");
                Routed _ = new Routed(cluster, outside.router(true)).join(lan.v4);
                Running guest =
                        Running.create(cluster, machines.host, debian(lan, open, publicKey(key)))) {
            Login login = new Login(outside, key, guest.publicAddress());
            awaitDone(login, "");
            assertThat(
                            login.run(
                                    "hostname && whoami && sudo -n cat /root/begun && getent"
                                            + " hosts bookworm && df -BM --output=size /"))
                    .contains("bookworm\ndebian\n", "bookworm begins\n")
                    // Of 3 GiB; the image has one.
                    .containsPattern("\n *(29|30)\\d\\dM\n");
            Login other = new Login(outside, folder.resolve("none"), guest.publicAddress());
            assertThat(other.attempt("true").output()).contains("Permission denied");

            String boot = login.run(BOOT_ID);
            guest.restart();
            awaitDone(login, boot);
            assertThat(login.run("sudo -n cat /root/begun")).containsOnlyOnce("bookworm begins\n");
        }
    }

    /** Waits until cloud-init has done all it does in a boot that is not that one. */
    private static void awaitDone(Login login, String boot) {
        await().atMost(BOOT)
                .until(
                        () -> {
                            Command.Ended now = login.attempt(BOOT_ID);
                            return now.ok() && !now.output().equals(boot);
                        });
        await().atMost(BOOT)
                .until(() -> !login.attempt("cloud-init status").output().contains("running"));
        assertThat(login.run("cloud-init status --long")).contains("status: done\n");
    }

    /** How a user logs in. */
    private record Login(Outside outside, Path key, String address) {
        Command.Ended attempt(String command) {
            List<String> ssh = new ArrayList<>(List.of("ssh", "-F", "none", "-i", key.toString()));
            for (String option :
                    List.of(
                            "BatchMode=yes",
                            "IdentitiesOnly=yes",
                            "IdentityAgent=none",
                            "ConnectTimeout=10",
                            "LogLevel=ERROR",
                            "StrictHostKeyChecking=no",
                            "UserKnownHostsFile=/dev/null")) {
                ssh.addAll(List.of("-o", option));
            }
            ssh.addAll(List.of("debian@" + address, command));
            return outside.attempt(ssh.toArray(String[]::new));
        }

        String run(String command) {
            Command.Ended ended = attempt(command);
            assertThat(ended.ok()).as(ended.failure()).isTrue();
            return ended.output();
        }
    }

    private static String publicKey(Path key) throws IOException {
        return Files.readString(Path.of(key + ".pub"));
    }

    private static CreateInstanceRequest.Builder debian(Lan lan, Group group, String publicKey) {
        return CreateInstanceRequest.newBuilder()
                .setName("bookworm")
                .setType(InstanceType.INSTANCE_TYPE_VM)
                .setMetadata(
                        Metadata.newBuilder()
                                .putAnnotations("cloud-init/ssh-authorized-keys", publicKey)
                                .putAnnotations("cloud-init/user-data", USER_DATA))
                .setSpec(
                        InstanceSpec.newBuilder()
                                .setImage("debian-guest")
                                .setCpuCores(2)
                                .setMemoryBytes(384L << 20)
                                .addDisks(
                                        DiskSpec.newBuilder()
                                                .setName("root")
                                                .setBoot(true)
                                                .setSizeBytes(3L << 30))
                                .setNetwork(
                                        NetworkSpec.newBuilder()
                                                .setNetworkId(lan.network.getId())
                                                .setSubnetId(lan.v4.getId())
                                                .addSecurityGroups(group.id())
                                                .setAssignPublicIp(true)));
    }
}
