package io.hypervisor.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.fake.FakeScript.Call;
import io.hypervisor.agent.testing.TestAgent;
import io.hypervisor.api.v1.AgentCreateInstanceRequest;
import io.hypervisor.api.v1.AgentServiceGrpc;
import io.hypervisor.api.v1.AgentStopInstanceRequest;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceStats;
import io.hypervisor.api.v1.InstanceType;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The page that Prometheus scrapes. */
class MetricsTest {
    // exposition_formats.md: a comment, or a name, labels and a number.
    private static final String FORMAT =
            "# (HELP|TYPE) [a-z_:][a-z0-9_:]* .*"
                    + "|[a-z_:][a-z0-9_:]*(\\{[A-Za-z_]+=\"[^\"]*\"(,[A-Za-z_]+=\"[^\"]*\")*})? "
                    + "(NaN|[-+]?[0-9.]+(E[-+]?[0-9]+)?)";

    @TempDir Path folder;
    private TestAgent agent;
    private ManagedChannel channel;
    private HttpClient client;

    @BeforeEach
    void open() {
        agent =
                new TestAgent(
                        folder.resolve("agent"), "n1", List.of(), "--metrics-addr=127.0.0.1:0");
        channel = NettyChannelBuilder.forAddress("127.0.0.1", agent.port()).usePlaintext().build();
        client = HttpClient.newHttpClient();
    }

    @AfterEach
    void close() {
        client.close();
        channel.shutdownNow();
        agent.close();
    }

    private AgentServiceGrpc.AgentServiceBlockingStub door() {
        return AgentServiceGrpc.newBlockingStub(channel).withDeadlineAfter(20, TimeUnit.SECONDS);
    }

    private Instance created(String name) {
        return door().createInstance(
                        AgentCreateInstanceRequest.newBuilder()
                                .setName(name)
                                .setType(InstanceType.INSTANCE_TYPE_CONTAINER)
                                .setSpec(InstanceSpec.newBuilder().setImage("run"))
                                .build());
    }

    private HttpResponse<String> send(String path, String method)
            throws IOException, InterruptedException {
        URI uri = URI.create("http://127.0.0.1:" + agent.metricsPort() + path);
        HttpRequest request =
                HttpRequest.newBuilder(uri)
                        .method(method, HttpRequest.BodyPublishers.noBody())
                        .build();
        return client.send(request, HttpResponse.BodyHandlers.ofString());
    }

    private String page() throws IOException, InterruptedException {
        HttpResponse<String> response = send("/metrics", "GET");
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("Content-Type"))
                .get()
                .asString()
                .startsWith("text/plain; version=0.0.4");
        assertThat(response.body().lines()).allMatch(line -> line.matches(FORMAT));
        return response.body();
    }

    private static String series(String metric, Instance instance) {
        return "\nhypervisor_instance_%s{instance_id=\"%s\",name=\"%s\",type=\"container\"} "
                .formatted(metric, instance.getId(), instance.getName());
    }

    @Test
    void instancesThatRunHaveTheirSeries() throws Exception {
        Instance one = created("one");
        Instance two = created("two");
        door().stopInstance(
                        AgentStopInstanceRequest.newBuilder()
                                .setInstanceId(two.getId())
                                .setForce(true)
                                .build());
        InstanceStats stats = agent.driver().stats(one.getId());
        String page = page();
        assertThat(page)
                .contains(
                        series("up", one) + "1\n",
                        series("up", two) + "0\n",
                        series("restarts_total", one) + "0\n",
                        series("memory_used_bytes", one) + stats.getMemoryUsedBytes() + "\n",
                        series("cpu_seconds_total", one),
                        series("disk_read_bytes_total", one),
                        series("disk_written_bytes_total", one),
                        series("network_received_bytes_total", one),
                        series("network_sent_bytes_total", one))
                .doesNotContain(series("cpu_seconds_total", two));
        // The node's own.
        assertThat(page).contains("\nhypervisor_agent_action_seconds_count{");
    }

    @Test
    void whatCannotBeAskedIsLeftOut() throws Exception {
        Instance one = created("one");
        agent.script().fail(Call.STATS, DriverException.passing("daemon is away", null));
        assertThat(page())
                .contains(series("up", one) + "1\n")
                .doesNotContain(series("cpu_seconds_total", one));
    }

    @Test
    void nothingElseIsServed() throws Exception {
        assertThat(send("/", "GET").statusCode()).isEqualTo(404);
        assertThat(send("/metrics/../", "GET").statusCode()).isEqualTo(404);
        assertThat(send("/metrics", "POST").statusCode()).isEqualTo(405);
    }
}
