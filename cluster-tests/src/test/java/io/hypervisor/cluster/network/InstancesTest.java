package io.hypervisor.cluster.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypervisor.api.v1.CreateInstanceRequest;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.NetworkSpec;
import io.hypervisor.cluster.OneNodeCluster;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.nio.file.Path;
import java.time.Duration;

/** Real instances on real nodes. */
@Tag("real")
@ExtendWith(NetworkCluster.Extension.class)
class InstancesTest {
    private static final Duration BOOT = Duration.ofSeconds(60);

    @Test
    void aMachineAndAContainerOnDifferentNodesReachEachOther(NetworkCluster cluster) {
        Path images = cluster.data().resolve("images");
        Path archive = cluster.data().resolve("demo-busybox.tar");
        OneNodeCluster.execute("deploy/images/demo-guest/build", images.toString());
        OneNodeCluster.execute("deploy/images/demo-busybox/build", archive.toString());
        try (RealHost machines = RealHost.ofMachines(cluster, 4, images);
                RealHost containers = RealHost.ofContainers(cluster, 5, archive);
                Outside outside = new Outside(cluster);
                Group open = Group.open(cluster);
                Lan lan = Lan.overlay(cluster, "10.50.0.0/24", "fd50::/64");
                Routed routed = new Routed(cluster, outside.router(true)).join(lan.v4);
                Running box =
                        Running.create(
                                cluster,
                                containers.host,
                                CreateInstanceRequest.newBuilder()
                                        .setName("box")
                                        .setType(InstanceType.INSTANCE_TYPE_CONTAINER)
                                        .setSpec(
                                                spec(lan, open, "demo/busybox:latest")
                                                        .addCommand("sh")
                                                        .addCommand("-c")
                                                        .addCommand(
                                                                "until ping -c 1 -W 1 machine; do"
                                                                        + " :; done; echo"
                                                                        + " found it; cat")));
                Running machine =
                        Running.create(
                                cluster,
                                machines.host,
                                CreateInstanceRequest.newBuilder()
                                        .setName("machine")
                                        .setType(InstanceType.INSTANCE_TYPE_VM)
                                        .setSpec(
                                                spec(lan, open, "demo-guest")
                                                        .setMemoryBytes(128 << 20)))) {
            machine.awaitOutput("demo-guest ready");
            box.awaitOutput("found it");
            machine.type("ping -c 3 box.hv.internal\n");
            machine.awaitOutput(" 0% packet loss");
            String address = machine.publicAddress();
            assertThat(address).isNotEqualTo(Outside.address(routed, false));
            await().atMost(BOOT).until(() -> outside.pings(address));
        }
    }

    private static InstanceSpec.Builder spec(Lan lan, Group group, String image) {
        return InstanceSpec.newBuilder()
                .setImage(image)
                .setMemoryBytes(64 << 20)
                .setNetwork(
                        NetworkSpec.newBuilder()
                                .setNetworkId(lan.network.getId())
                                .setSubnetId(lan.v4.getId())
                                .addSecurityGroups(group.id())
                                .setAssignPublicIp(image.equals("demo-guest")));
    }
}
