package io.hypervisor.controller.action.network;

import static io.hypervisor.controller.state.Snapshots.at;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.FieldMask;

import io.hypervisor.api.internal.v1.RequestMark;
import io.hypervisor.api.v1.CreateNetworkRequest;
import io.hypervisor.api.v1.DeleteNetworkRequest;
import io.hypervisor.api.v1.Network;
import io.hypervisor.api.v1.NetworkType;
import io.hypervisor.api.v1.UpdateNetworkRequest;
import io.hypervisor.core.Fault;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.function.Consumer;

final class NetworkVerbsTest {
    private final Lab lab = new Lab();

    private static CreateNetworkRequest.Builder named(String name) {
        return CreateNetworkRequest.newBuilder().setName(name);
    }

    private static CreateNetworkRequest.Builder physical(String name, NetworkType type) {
        return named(name).setType(type);
    }

    private static UpdateNetwork update(
            Network network, Consumer<Network.Builder> change, String... fields) {
        Network.Builder next = Network.newBuilder().setId(network.getId());
        change.accept(next);
        return new UpdateNetwork(
                UpdateNetworkRequest.newBuilder()
                        .setNetwork(next)
                        .setUpdateMask(FieldMask.newBuilder().addAllPaths(List.of(fields)))
                        .build(),
                at(99));
    }

    private static DeleteNetwork delete(Network network, long revision) {
        return new DeleteNetwork(
                DeleteNetworkRequest.newBuilder()
                        .setNetworkId(network.getId())
                        .setExpectedRevision(revision)
                        .build());
    }

    @Test
    void takesTheNextVniOfTheRangeInTurn() {
        Network first = lab.network("a");
        assertThat(first.getVni()).isEqualTo(100);
        assertThat(lab.network("b").getVni()).isEqualTo(101);
        assertThat(lab.act(lab.create(named("c").setVni(103))).getVni()).isEqualTo(103);
        assertThat(lab.act(lab.create(named("outside").setVni(7))).getVni()).isEqualTo(7);
        lab.act(delete(first, 0));
        assertThat(lab.network("d").getVni()).as("round, past the taken ones").isEqualTo(100);
        assertThat(lab.network("e").getVni()).isEqualTo(102);
        Fault none = lab.refused(lab.create(named("f")), Fault.Kind.RESOURCE_EXHAUSTED);
        assertThat(none).hasMessageContaining("100-103");
        assertThat(lab.refused(lab.create(named("g").setVni(7)), Fault.Kind.ALREADY_EXISTS))
                .hasMessageContaining("vni: value: 7");
    }

    @Test
    void aVniIsNotGivenAwayAgainAtOnce() {
        Network first = lab.network("a");
        lab.network("b");
        lab.act(delete(first, 0));
        assertThat(lab.network("c").getVni()).isEqualTo(102);
    }

    @Test
    void aVlanIsUniqueInItsPhysicalNetwork() {
        Network vlan =
                lab.act(lab.create(physical("a", NetworkType.NETWORK_TYPE_VLAN).setVlanId(7)));
        assertThat(vlan.getPhysicalNetwork()).isEqualTo("default");
        assertThat(vlan.getMtu()).isEqualTo(1500);
        assertThat(vlan.getVni()).isZero();
        CreateNetworkRequest.Builder again =
                physical("b", NetworkType.NETWORK_TYPE_VLAN).setVlanId(7);
        assertThat(lab.refused(lab.create(again), Fault.Kind.ALREADY_EXISTS))
                .hasMessageContaining("vlan_id: value: 7");
        lab.act(lab.create(again.setPhysicalNetwork("other")));
        lab.act(lab.create(physical("c", NetworkType.NETWORK_TYPE_FLAT)));
        assertThat(
                        lab.refused(
                                lab.create(physical("d", NetworkType.NETWORK_TYPE_BRIDGE)),
                                Fault.Kind.ALREADY_EXISTS))
                .hasMessageContaining("physical_network: value: default");
    }

    @Test
    void namesAreUniqueWithinATenant() {
        lab.network("a");
        lab.refused(lab.create(named("a")), Fault.Kind.ALREADY_EXISTS);
        assertThat(lab.act(lab.create(named("a").setTenantId("t"))).getTenantId()).isEqualTo("t");
        Network b = lab.network("b");
        lab.refused(update(b, n -> n.setName("a"), "name"), Fault.Kind.ALREADY_EXISTS);
        assertThat(lab.act(update(b, n -> n.setName("c"), "name")).getName()).isEqualTo("c");
        lab.network("b");
    }

    @Test
    void aRetryReturnsTheFirstResult() {
        RequestMark mark =
                RequestMark.newBuilder()
                        .setId("r")
                        .setDigest(ByteString.copyFromUtf8("same"))
                        .build();
        CreateNetworkRequest request = named("a").build();
        Network first = lab.act(new CreateNetwork(request, mark, lab.fresh(), Lab.PLAIN));
        long revision = lab.now().revision();
        assertThat(lab.act(new CreateNetwork(request, mark, lab.fresh(), Lab.PLAIN)))
                .isEqualTo(first);
        assertThat(lab.now().revision()).isEqualTo(revision);
        RequestMark other = mark.toBuilder().setDigest(ByteString.copyFromUtf8("other")).build();
        Fault fault =
                lab.refused(
                        new CreateNetwork(request, other, lab.fresh(), Lab.PLAIN),
                        Fault.Kind.INVALID_ARGUMENT);
        assertThat(fault.violations().getFirst().field()).isEqualTo("request_id");
    }

    @Test
    void fieldsThatTheMaskDoesNotNameStay() {
        Network network = lab.network("a");
        Network next =
                lab.act(
                        update(
                                network,
                                n -> n.setName("ignored").setMtu(9000).setAdminState(false),
                                "mtu",
                                "admin_state"));
        assertThat(next)
                .isEqualTo(
                        network.toBuilder()
                                .setMtu(9000)
                                .setAdminState(false)
                                .setUpdatedAt(at(99))
                                .setRevision(next.getRevision())
                                .build());
        long revision = lab.now().revision();
        lab.act(update(network, n -> n.setMtu(9000), "mtu"));
        assertThat(lab.now().revision()).as("nothing changed").isEqualTo(revision);
    }

    @Test
    void aNetworkWithGuestsStaysShared() {
        Network network = lab.act(lab.create(named("a").setShared(true)));
        lab.subnet(network, "10.0.0.0/24");
        lab.port(network);
        UpdateNetwork unshare = update(network, n -> n.setShared(false), "shared");
        lab.act(unshare);
        lab.act(update(network, n -> n.setShared(true), "shared"));
        String guest = lab.act(lab.create(Lab.in(network).setTenantId("t"))).getId();
        assertThat(lab.refused(unshare, Fault.Kind.FAILED_PRECONDITION))
                .hasMessageContaining("port " + guest);
    }

    @Test
    void ipv6NeedsItsMtu() {
        Network network = lab.network("a");
        lab.subnet(network, "fd00::/64");
        lab.refused(update(network, n -> n.setMtu(1279), "mtu"), Fault.Kind.FAILED_PRECONDITION);
        lab.act(update(network, n -> n.setMtu(1280), "mtu"));
        Network small = lab.act(lab.create(named("b").setMtu(576)));
        lab.subnet(small, "10.0.0.0/24");
        lab.refused(lab.create(Lab.range(small, "fd00::/64")), Fault.Kind.FAILED_PRECONDITION);
    }

    @Test
    void deletionNamesWhatIsInTheWay() {
        Network network = lab.network("a");
        String subnet = lab.subnet(network, "10.0.0.0/24").getId();
        for (int i = 0; i < 9; i++) {
            lab.port(network);
        }
        Fault fault = lab.refused(delete(network, 0), Fault.Kind.FAILED_PRECONDITION);
        assertThat(fault)
                .hasMessageContaining("subnet " + subnet)
                .hasMessageContaining(" and 6 more");
        assertThat(fault.violations()).hasSize(4);
        lab.act(update(network, n -> n.setShared(true), "shared"));
        lab.refused(delete(network, network.getRevision()), Fault.Kind.ABORTED);
        lab.refused(delete(Network.newBuilder().setId("none").build(), 0), Fault.Kind.NOT_FOUND);
    }
}
