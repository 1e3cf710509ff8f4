package io.hypervisor.controller.edge;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.FieldMask;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.hypervisor.api.v1.AwaitNetworkRequest;
import io.hypervisor.api.v1.AwaitNetworkResponse;
import io.hypervisor.api.v1.CreateNetworkRequest;
import io.hypervisor.api.v1.CreateSecurityGroupRequest;
import io.hypervisor.api.v1.CreateSubnetRequest;
import io.hypervisor.api.v1.DeleteNetworkRequest;
import io.hypervisor.api.v1.DeleteSubnetRequest;
import io.hypervisor.api.v1.EventType;
import io.hypervisor.api.v1.Network;
import io.hypervisor.api.v1.NetworkEvent;
import io.hypervisor.api.v1.NetworkResource;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.api.v1.UpdateNetworkRequest;
import io.hypervisor.api.v1.WatchNetworkRequest;

import org.junit.jupiter.api.Test;

import java.util.Iterator;
import java.util.function.Predicate;

/** The watch of the network, and waiting for nodes, asked for as clients do. */
final class NetworkStreamsTest extends NetworkClient {
    private static Network network(String name) {
        return api.createNetwork(CreateNetworkRequest.newBuilder().setName(name).build())
                .getNetwork();
    }

    private static NetworkEvent next(
            Iterator<NetworkEvent> events, Predicate<NetworkEvent> wanted) {
        while (true) {
            NetworkEvent event = events.next();
            if (wanted.test(event)) {
                return event;
            }
        }
    }

    @Test
    void aWatchShowsWhatExistsAndEachChange() {
        Network network = network("watched");
        Iterator<NetworkEvent> events =
                api.watchNetwork(
                        WatchNetworkRequest.newBuilder()
                                .setNetworkId(network.getId())
                                .addResources(NetworkResource.NETWORK_RESOURCE_NETWORK)
                                .addResources(NetworkResource.NETWORK_RESOURCE_SUBNET)
                                .build());
        NetworkEvent first = next(events, NetworkEvent::hasNetwork);
        assertThat(first.getType()).isEqualTo(EventType.EVENT_TYPE_ADDED);
        assertThat(first.getNetwork()).isEqualTo(network);

        network("another");
        api.createSecurityGroup(CreateSecurityGroupRequest.newBuilder().setName("group").build());
        Subnet subnet =
                api.createSubnet(
                                CreateSubnetRequest.newBuilder()
                                        .setName("subnet")
                                        .setNetworkId(network.getId())
                                        .setCidr("10.0.0.0/24")
                                        .build())
                        .getSubnet();
        NetworkEvent added = next(events, event -> event.hasSubnet() || event.hasNetwork());
        assertThat(added.getSubnet()).isEqualTo(subnet);
        assertThat(added.getRevision()).isEqualTo(subnet.getRevision());

        Network renamed =
                api.updateNetwork(
                                UpdateNetworkRequest.newBuilder()
                                        .setNetwork(
                                                Network.newBuilder()
                                                        .setId(network.getId())
                                                        .setName("renamed"))
                                        .setUpdateMask(FieldMask.newBuilder().addPaths("name"))
                                        .build())
                        .getNetwork();
        NetworkEvent modified = next(events, NetworkEvent::hasNetwork);
        assertThat(modified.getType()).isEqualTo(EventType.EVENT_TYPE_MODIFIED);
        assertThat(modified.getNetwork()).isEqualTo(renamed);

        api.deleteSubnet(DeleteSubnetRequest.newBuilder().setSubnetId(subnet.getId()).build());
        api.deleteNetwork(DeleteNetworkRequest.newBuilder().setNetworkId(network.getId()).build());
        assertThat(next(events, NetworkEvent::hasSubnet).getType())
                .isEqualTo(EventType.EVENT_TYPE_DELETED);
        assertThat(next(events, NetworkEvent::hasNetwork).getNetwork()).isEqualTo(renamed);

        Iterator<NetworkEvent> resumed =
                api.watchNetwork(
                        WatchNetworkRequest.newBuilder()
                                .setNetworkId(network.getId())
                                .setResumeRevision(added.getRevision())
                                .build());
        assertThat(next(resumed, NetworkEvent::hasNetwork)).isEqualTo(modified);
    }

    @Test
    void withoutNodesThatCarryPortsEverythingIsLive() {
        Network network = network("awaited");
        assertThat(
                        api.awaitNetwork(
                                AwaitNetworkRequest.newBuilder()
                                        .setRevision(network.getRevision())
                                        .build()))
                .isEqualTo(AwaitNetworkResponse.getDefaultInstance());
        try {
            var _ = api.awaitNetwork(AwaitNetworkRequest.getDefaultInstance());
        } catch (StatusRuntimeException e) {
            assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
            assertThat(e.getStatus().getDescription()).contains("revision");
            return;
        }
        throw new AssertionError("not refused");
    }
}
