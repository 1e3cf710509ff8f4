package io.hypervisor.controller.edge;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.FieldMask;

import io.grpc.Status;
import io.hypervisor.api.v1.AllocateIPRequest;
import io.hypervisor.api.v1.CreateNetworkRequest;
import io.hypervisor.api.v1.CreatePortRequest;
import io.hypervisor.api.v1.CreateSubnetRequest;
import io.hypervisor.api.v1.DeletePortRequest;
import io.hypervisor.api.v1.DeleteSubnetRequest;
import io.hypervisor.api.v1.IPAllocation;
import io.hypervisor.api.v1.ListAllocationsRequest;
import io.hypervisor.api.v1.ListAllocationsResponse;
import io.hypervisor.api.v1.ListPortsRequest;
import io.hypervisor.api.v1.Network;
import io.hypervisor.api.v1.Port;
import io.hypervisor.api.v1.ReleaseIPRequest;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.api.v1.UpdateSubnetRequest;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

/** Subnets, addresses and ports, asked for as clients do. */
final class PortsTest extends NetworkClient {
    private static Network network(String name) {
        return api.createNetwork(CreateNetworkRequest.newBuilder().setName(name).build())
                .getNetwork();
    }

    private static CreateSubnetRequest.Builder subnet(Network network, String cidr) {
        return CreateSubnetRequest.newBuilder()
                .setName("s")
                .setNetworkId(network.getId())
                .setCidr(cidr);
    }

    private static Subnet create(CreateSubnetRequest.Builder request) {
        return api.createSubnet(request.build()).getSubnet();
    }

    private static Port create(CreatePortRequest.Builder request) {
        return api.createPort(request.build()).getPort();
    }

    @Test
    void aPortTakesAnAddressAndGivesItBack() {
        Network network = network("life");
        Subnet subnet = create(subnet(network, "10.0.0.0/29"));
        assertThat(subnet.getGatewayIp()).isEqualTo("10.0.0.1");
        assertThat(subnet.getAllocationPoolsList()).hasSize(1);

        CreatePortRequest.Builder request =
                CreatePortRequest.newBuilder().setNetworkId(network.getId()).setRequestId("life");
        Port port = create(request);
        assertThat(port.getIpAddress()).isEqualTo("10.0.0.2");
        assertThat(port.getMacAddress()).startsWith("02:68:76:");
        assertThat(port.getStatus()).isEqualTo("DOWN");
        assertThat(port.getSecurityGroupsCount()).isEqualTo(1);
        assertThat(create(request)).as("a retry").isEqualTo(port);
        assertThat(allocations(subnet))
                .extracting(IPAllocation::getIpAddress)
                .containsExactly("10.0.0.1", "10.0.0.2");
        assertThat(allocations(subnet).get(1).getPortId()).isEqualTo(port.getId());

        DeleteSubnetRequest deletion =
                DeleteSubnetRequest.newBuilder().setSubnetId(subnet.getId()).build();
        Status refused = EdgeTest.statusOf(() -> api.deleteSubnet(deletion));
        assertThat(refused.getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
        assertThat(refused.getDescription()).contains("port " + port.getId());
        api.deletePort(DeletePortRequest.newBuilder().setPortId(port.getId()).build());
        assertThat(allocations(subnet)).hasSize(1);
        api.deleteSubnet(deletion);
    }

    private static List<IPAllocation> allocations(Subnet subnet) {
        List<IPAllocation> all = new ArrayList<>();
        ListAllocationsRequest.Builder request =
                ListAllocationsRequest.newBuilder().setSubnetId(subnet.getId()).setPageSize(3);
        ListAllocationsResponse page;
        do {
            page = api.listAllocations(request.build());
            all.addAll(page.getAllocationsList());
            request.setPageToken(page.getNextPageToken());
        } while (!page.getNextPageToken().isEmpty());
        assertThat(page.getTotalCount()).isEqualTo(all.size());
        return all;
    }

    @Test
    void addressesAreReservedByHandInOrder() {
        Subnet subnet = create(subnet(network("by-hand"), "fd00:1::/64"));
        AllocateIPRequest.Builder request =
                AllocateIPRequest.newBuilder().setSubnetId(subnet.getId());
        assertThat(api.allocateIP(request.build()).getAllocation().getIpAddress())
                .isEqualTo("fd00:1::2");
        request.setIpAddress("FD00:1:0:0::00a0");
        assertThat(api.allocateIP(request.build()).getAllocation().getIpAddress())
                .isEqualTo("fd00:1::a0");
        assertThat(EdgeTest.statusOf(() -> api.allocateIP(request.build())).getCode())
                .isEqualTo(Status.Code.ALREADY_EXISTS);
        ReleaseIPRequest.Builder release =
                ReleaseIPRequest.newBuilder().setSubnetId(subnet.getId()).setIpAddress("fd00:1::1");
        assertThat(EdgeTest.statusOf(() -> api.releaseIP(release.build())).getCode())
                .isEqualTo(Status.Code.FAILED_PRECONDITION);
        api.releaseIP(release.setIpAddress("fd00:1::a0").build());
        assertThat(EdgeTest.statusOf(() -> api.releaseIP(release.build())).getCode())
                .isEqualTo(Status.Code.NOT_FOUND);
        for (int i = 0; i < 6; i++) {
            api.allocateIP(request.clearIpAddress().build());
        }
        assertThat(allocations(subnet)).hasSize(8);
    }

    @Test
    void poolsOfASubnetAreCheckedAgainstItsRange() {
        Subnet subnet = create(subnet(network("pools"), "10.1.0.0/24"));
        UpdateSubnetRequest.Builder update =
                UpdateSubnetRequest.newBuilder()
                        .setUpdateMask(FieldMask.newBuilder().addPaths("allocation_pools"));
        update.getSubnetBuilder().setId(subnet.getId());
        update.getSubnetBuilder()
                .addAllocationPoolsBuilder()
                .setStart("10.1.1.7")
                .setEnd("10.1.0.9");
        Status refused = EdgeTest.statusOf(() -> api.updateSubnet(update.build()));
        assertThat(refused.getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(refused.getDescription()).contains("subnet.allocation_pools[0].start");
        update.getSubnetBuilder().getAllocationPoolsBuilder(0).setStart("10.1.0.7");
        assertThat(api.updateSubnet(update.build()).getSubnet().getAllocationPools(0).getEnd())
                .isEqualTo("10.1.0.9");
    }

    @Test
    void portsAreListedByNetwork() {
        Network network = network("listed");
        create(subnet(network, "10.2.0.0/24"));
        CreatePortRequest.Builder request =
                CreatePortRequest.newBuilder().setNetworkId(network.getId());
        List<String> made = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            made.add(create(request).getId());
        }
        ListPortsRequest list = ListPortsRequest.newBuilder().setNetworkId(network.getId()).build();
        assertThat(api.listPorts(list).getPortsList())
                .extracting(Port::getId)
                .containsExactlyElementsOf(made.stream().sorted().toList());
    }
}
