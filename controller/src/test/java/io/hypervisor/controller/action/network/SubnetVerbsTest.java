package io.hypervisor.controller.action.network;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypervisor.api.v1.AllocateIPRequest;
import io.hypervisor.api.v1.CreateSubnetRequest;
import io.hypervisor.api.v1.DeleteSubnetRequest;
import io.hypervisor.api.v1.IPAllocation;
import io.hypervisor.api.v1.IPPool;
import io.hypervisor.api.v1.Network;
import io.hypervisor.api.v1.Port;
import io.hypervisor.api.v1.ReleaseIPRequest;
import io.hypervisor.api.v1.Subnet;
import io.hypervisor.core.Fault;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.stream.Collectors;

final class SubnetVerbsTest {
    private final Lab lab = new Lab();
    private final Network network = lab.network("a");

    private AllocateIP allocate(AllocateIPRequest.Builder request) {
        return new AllocateIP(request.build(), Lab.NO_MARK, lab.fresh());
    }

    private static AllocateIPRequest.Builder in(Subnet subnet) {
        return AllocateIPRequest.newBuilder().setSubnetId(subnet.getId());
    }

    private static ReleaseIP release(Subnet subnet, String address) {
        return new ReleaseIP(
                ReleaseIPRequest.newBuilder()
                        .setSubnetId(subnet.getId())
                        .setIpAddress(address)
                        .build());
    }

    private static DeleteSubnet delete(Subnet subnet) {
        return new DeleteSubnet(
                DeleteSubnetRequest.newBuilder().setSubnetId(subnet.getId()).build());
    }

    @ParameterizedTest
    @CsvSource({
        "10.0.0.0/24,,10.0.0.1,10.0.0.2-10.0.0.254",
        "10.0.0.0/24,10.0.0.254,10.0.0.254,10.0.0.1-10.0.0.253",
        "10.0.0.0/24,10.0.0.9,10.0.0.9,10.0.0.1-10.0.0.8 10.0.0.10-10.0.0.254",
        "10.0.0.0/30,,10.0.0.1,10.0.0.2-10.0.0.2",
        "10.0.0.0/30,10.0.0.2,10.0.0.2,10.0.0.1-10.0.0.1",
        "10.0.0.0/8,,10.0.0.1,10.0.0.2-10.255.255.254",
        "FD00:0::/64,,fd00::1,fd00::2-fd00::ffff:ffff:ffff:ffff",
        "fd00::/126,fd00::3,fd00::3,fd00::1-fd00::2",
    })
    void defaultsAreWrittenOut(String cidr, String gateway, String expected, String pools) {
        CreateSubnetRequest.Builder request = Lab.range(network, cidr);
        if (gateway != null) {
            request.setGatewayIp(gateway);
        }
        Subnet subnet = lab.act(lab.create(request));
        assertThat(subnet.getGatewayIp()).isEqualTo(expected);
        assertThat(
                        subnet.getAllocationPoolsList().stream()
                                .map(pool -> pool.getStart() + "-" + pool.getEnd())
                                .collect(Collectors.joining(" ")))
                .isEqualTo(pools);
        assertThat(lab.now().network().allocationsOf(subnet.getId())).hasSize(1);
        lab.refused(allocate(in(subnet).setIpAddress(expected)), Fault.Kind.ALREADY_EXISTS);
        lab.refused(release(subnet, expected), Fault.Kind.FAILED_PRECONDITION);
    }

    @ParameterizedTest
    @CsvSource({
        "10.0.0.0/24,10.0.0.0/24",
        "10.0.0.0/24,10.0.0.128/25",
        "10.0.0.128/25,10.0.0.0/8",
        "fd00::/64,fd00::/48"
    })
    void subnetsOfANetworkDoNotOverlap(String one, String other) {
        Subnet subnet = lab.subnet(network, one);
        Fault fault =
                lab.refused(
                        lab.create(Lab.range(network, other).setName("t")),
                        Fault.Kind.FAILED_PRECONDITION);
        assertThat(fault).hasMessageContaining(subnet.getId()).hasMessageContaining(one);
        lab.subnet(lab.network("b"), other);
    }

    @Test
    void namesAreUniqueWithinANetwork() {
        lab.act(lab.create(Lab.range(network, "10.0.0.0/24").setName("s")));
        lab.refused(
                lab.create(Lab.range(network, "10.0.1.0/24").setName("s")),
                Fault.Kind.ALREADY_EXISTS);
    }

    @Test
    void theNextFreeAddressComesFromThePoolsInTheirOrder() {
        Subnet subnet =
                lab.act(
                        lab.create(
                                Lab.range(network, "10.0.0.0/24")
                                        .addAllocationPools(pool("10.0.0.254", "10.0.0.255"))
                                        .addAllocationPools(pool("10.0.0.0", "10.0.0.2"))));
        assertThat(lab.act(allocate(in(subnet))).getIpAddress()).isEqualTo("10.0.0.254");
        assertThat(lab.act(allocate(in(subnet))).getIpAddress())
                .as("neither broadcast, network nor gateway")
                .isEqualTo("10.0.0.2");
        assertThat(lab.refused(allocate(in(subnet)), Fault.Kind.RESOURCE_EXHAUSTED))
                .hasMessageContaining(subnet.getId());
        IPAllocation outside = lab.act(allocate(in(subnet).setIpAddress("10.0.0.77")));
        assertThat(outside.getStatus()).isEqualTo("RESERVED");
        for (String none : new String[] {"10.0.0.0", "10.0.0.255", "10.0.1.1", "fd00::1"}) {
            Fault fault =
                    lab.refused(
                            allocate(in(subnet).setIpAddress(none)), Fault.Kind.INVALID_ARGUMENT);
            assertThat(fault.violations().getFirst().field()).isEqualTo("ip_address");
        }
        lab.act(release(subnet, "10.0.0.254"));
        assertThat(lab.act(allocate(in(subnet))).getIpAddress()).isEqualTo("10.0.0.254");
    }

    private static IPPool pool(String start, String end) {
        return IPPool.newBuilder().setStart(start).setEnd(end).build();
    }

    @Test
    void whatAnAddressIsReservedForExists() {
        Subnet subnet = lab.subnet(network, "10.0.0.0/24");
        Port port = lab.port(network);
        Network other = lab.network("b");
        lab.subnet(other, "10.0.0.0/24");
        Port elsewhere = lab.port(other);
        lab.refused(allocate(in(subnet).setInstanceId("none")), Fault.Kind.NOT_FOUND);
        lab.refused(allocate(in(subnet).setPortId("none")), Fault.Kind.NOT_FOUND);
        lab.refused(
                allocate(in(subnet).setPortId(elsewhere.getId())), Fault.Kind.FAILED_PRECONDITION);
        for (int i = 0; i < 16; i++) {
            assertThat(lab.act(allocate(in(subnet).setPortId(port.getId()))).getPortId())
                    .isEqualTo(port.getId());
        }
        lab.refused(allocate(in(subnet).setPortId(port.getId())), Fault.Kind.RESOURCE_EXHAUSTED);
    }

    @Test
    void deletionNamesTheHolders() {
        Subnet subnet = lab.subnet(network, "10.0.0.0/24");
        Port port = lab.port(network);
        IPAllocation reserved = lab.act(allocate(in(subnet)));
        assertThat(lab.refused(delete(subnet), Fault.Kind.FAILED_PRECONDITION))
                .hasMessageContaining("port " + port.getId() + " " + port.getIpAddress())
                .hasMessageContaining("allocation " + reserved.getId());
    }
}
