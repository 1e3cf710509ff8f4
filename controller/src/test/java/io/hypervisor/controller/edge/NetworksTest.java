package io.hypervisor.controller.edge;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.FieldMask;

import io.grpc.Status;
import io.hypervisor.api.v1.CreateNetworkRequest;
import io.hypervisor.api.v1.DeleteNetworkRequest;
import io.hypervisor.api.v1.GetNetworkRequest;
import io.hypervisor.api.v1.ListNetworksRequest;
import io.hypervisor.api.v1.ListNetworksResponse;
import io.hypervisor.api.v1.Network;
import io.hypervisor.api.v1.NetworkType;
import io.hypervisor.api.v1.UpdateNetworkRequest;

import org.junit.jupiter.api.Test;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;

/** Networks, asked for as clients do. */
final class NetworksTest extends NetworkClient {
    private static Network create(CreateNetworkRequest.Builder request) {
        return api.createNetwork(request.build()).getNetwork();
    }

    private static CreateNetworkRequest.Builder named(String name) {
        return CreateNetworkRequest.newBuilder().setName(name);
    }

    @Test
    void aNetworkIsMadeReadWrittenAndDeleted() {
        Network made = create(named("blue"));
        assertThat(made.getType()).isEqualTo(NetworkType.NETWORK_TYPE_VXLAN);
        assertThat(made.getVni()).isBetween(4096, 16777215);
        assertThat(made.getMtu()).isEqualTo(1450);
        assertThat(made.getAdminState()).isTrue();
        assertThat(made.getTenantId()).isEqualTo("default");
        assertThat(made.getRevision()).isPositive();
        GetNetworkRequest get = GetNetworkRequest.newBuilder().setNetworkId(made.getId()).build();
        assertThat(api.getNetwork(get).getNetwork()).isEqualTo(made);

        UpdateNetworkRequest.Builder update =
                UpdateNetworkRequest.newBuilder()
                        .setNetwork(Network.newBuilder().setId(made.getId()).setMtu(9000))
                        .setUpdateMask(FieldMask.newBuilder().addPaths("mtu"))
                        .setExpectedRevision(made.getRevision());
        Network written = api.updateNetwork(update.build()).getNetwork();
        assertThat(written.getMtu()).isEqualTo(9000);
        assertThat(written.getName()).isEqualTo("blue");
        assertThat(written.getRevision()).isGreaterThan(made.getRevision());
        assertThat(api.updateNetwork(update.clearExpectedRevision().build()).getNetwork())
                .as("nothing changed")
                .isEqualTo(written);

        DeleteNetworkRequest.Builder delete =
                DeleteNetworkRequest.newBuilder()
                        .setNetworkId(made.getId())
                        .setExpectedRevision(made.getRevision());
        assertThat(EdgeTest.statusOf(() -> api.deleteNetwork(delete.build())).getCode())
                .isEqualTo(Status.Code.ABORTED);
        api.deleteNetwork(delete.setExpectedRevision(written.getRevision()).build());
        assertThat(EdgeTest.statusOf(() -> api.getNetwork(get)).getCode())
                .isEqualTo(Status.Code.NOT_FOUND);
    }

    @Test
    void listsPageByPage() {
        List<String> made = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            made.add(create(named("paged-" + i).setTenantId("pages")).getId());
        }
        List<String> seen = new ArrayList<>();
        ListNetworksRequest.Builder request =
                ListNetworksRequest.newBuilder().setTenantId("pages").setPageSize(2);
        ListNetworksResponse page;
        do {
            page = api.listNetworks(request.build());
            assertThat(page.getTotalCount()).isEqualTo(5);
            page.getNetworksList().forEach(network -> seen.add(network.getId()));
            request.setPageToken(page.getNextPageToken());
        } while (!page.getNextPageToken().isEmpty());
        assertThat(seen).containsExactlyElementsOf(made.stream().sorted().toList());
    }

    @Test
    void writesTravelOverHttp() throws Exception {
        Network made = create(named("http"));
        URI uri =
                URI.create(
                        "http://127.0.0.1:%d/v1/networks/%s?update_mask=shared,mtu"
                                .formatted(controller.controller().httpPort(), made.getId()));
        try (HttpClient client =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
            HttpResponse<String> response =
                    client.send(
                            HttpRequest.newBuilder(uri)
                                    .header("content-type", "application/json")
                                    .method(
                                            "PATCH",
                                            HttpRequest.BodyPublishers.ofString(
                                                    "{\"shared\": true, \"mtu\": 1400}"))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString());
            assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
            assertThat(response.body()).contains("\"mtu\":1400");
        }
    }
}
