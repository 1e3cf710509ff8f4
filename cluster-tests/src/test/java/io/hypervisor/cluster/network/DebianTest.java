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
 * and the user logs in from outside.
 */
@Tag("real")
@ExtendWith(NetworkCluster.Extension.class)
class DebianTest {
    private static final Duration BOOT = Duration.ofMinutes(5);
    private static final Path IMAGES = Path.of("target/images").toAbsolutePath();
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
            String address = guest.publicAddress();
            await().atMost(BOOT).until(() -> ssh(outside, key, address, "true").ok());
            String all = "cloud-init status --wait; hostname; whoami; sudo -n cat /root/begun; ";
            String first = ssh(outside, key, address, all + "df -BM --output=size /").output();
            assertThat(first)
                    .contains("status: done\nbookworm\ndebian\nbookworm begins\n")
                    .containsPattern("\n *2[89]..M\n");
            assertThat(ssh(outside, folder.resolve("none"), address, "true").output())
                    .contains("Permission denied");

            String boot =
                    ssh(outside, key, address, "cat /proc/sys/kernel/random/boot_id").output();
            guest.restart();
            await().atMost(BOOT)
                    .until(
                            () -> {
                                Command.Ended again =
                                        ssh(
                                                outside,
                                                key,
                                                address,
                                                "cat /proc/sys/kernel/random/boot_id");
                                return again.ok() && !again.output().equals(boot);
                            });
            assertThat(ssh(outside, key, address, all).output())
                    .endsWith("status: done\nbookworm\ndebian\nbookworm begins\n");
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

    private static Command.Ended ssh(Outside outside, Path key, String address, String command) {
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
}
