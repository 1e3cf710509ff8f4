package io.hypervisor.console;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.stub.StreamObserver;
import io.hypervisor.api.v1.AddSecurityRuleRequest;
import io.hypervisor.api.v1.AddSecurityRuleResponse;
import io.hypervisor.api.v1.ClusterServiceGrpc;
import io.hypervisor.api.v1.ComputeServiceGrpc;
import io.hypervisor.api.v1.CreateInstanceRequest;
import io.hypervisor.api.v1.CreatePortRequest;
import io.hypervisor.api.v1.CreatePortResponse;
import io.hypervisor.api.v1.EtherType;
import io.hypervisor.api.v1.GetNodeRequest;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.ListNetworksRequest;
import io.hypervisor.api.v1.ListNetworksResponse;
import io.hypervisor.api.v1.ListPortsRequest;
import io.hypervisor.api.v1.ListPortsResponse;
import io.hypervisor.api.v1.ListSecurityGroupsRequest;
import io.hypervisor.api.v1.ListSecurityGroupsResponse;
import io.hypervisor.api.v1.Network;
import io.hypervisor.api.v1.NetworkServiceGrpc;
import io.hypervisor.api.v1.NetworkSpec;
import io.hypervisor.api.v1.NetworkType;
import io.hypervisor.api.v1.Node;
import io.hypervisor.api.v1.Port;
import io.hypervisor.api.v1.SecurityGroup;
import io.hypervisor.api.v1.SecurityGroupRule;
import io.hypervisor.api.v1.SecurityRuleDirection;
import io.hypervisor.api.v1.TraceHop;
import io.hypervisor.api.v1.TracePacketRequest;
import io.hypervisor.api.v1.TracePacketResponse;
import io.hypervisor.api.v1.TraceVerdict;
import io.hypervisor.console.Cli.Result;
import io.hypervisor.core.server.TestServer;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

import java.util.concurrent.atomic.AtomicReference;

class NetworkCommandsTest {
    private final Service service = new Service();
    private final Compute compute = new Compute();
    @AutoClose private final TestServer server = new TestServer(service, new Cluster(), compute);
    private final Cli hvctl = new Cli(server.address());

    /** Knows one node. */
    private static final class Cluster extends ClusterServiceGrpc.ClusterServiceImplBase {
        @Override
        public void getNode(GetNodeRequest request, StreamObserver<Node> observer) {
            observer.onNext(Node.newBuilder().setHostname("rack-" + request.getNodeId()).build());
            observer.onCompleted();
        }
    }

    /** Remembers what it was asked for last. */
    private static final class Compute extends ComputeServiceGrpc.ComputeServiceImplBase {
        final AtomicReference<NetworkSpec> asked = new AtomicReference<>();

        @Override
        public void createInstance(
                CreateInstanceRequest request, StreamObserver<Instance> observer) {
            asked.set(request.getSpec().getNetwork());
            observer.onNext(Instance.newBuilder().setName(request.getName()).build());
            observer.onCompleted();
        }
    }

    /** Two networks and a group; remembers what it was asked for last. */
    private static final class Service extends NetworkServiceGrpc.NetworkServiceImplBase {
        final AtomicReference<Object> asked = new AtomicReference<>();

        @Override
        public void listNetworks(
                ListNetworksRequest request, StreamObserver<ListNetworksResponse> observer) {
            answer(
                    observer,
                    ListNetworksResponse.newBuilder()
                            .addNetworks(
                                    Network.newBuilder()
                                            .setId(FakeController.id(1))
                                            .setName("blue")
                                            .setType(NetworkType.NETWORK_TYPE_VXLAN)
                                            .setVni(4096)
                                            .setMtu(1450)
                                            .setTenantId("default"))
                            .addNetworks(
                                    Network.newBuilder()
                                            .setId(FakeController.id(2))
                                            .setName("office")
                                            .setType(NetworkType.NETWORK_TYPE_VLAN)
                                            .setPhysicalNetwork("default")
                                            .setVlanId(7)
                                            .setMtu(1500)
                                            .setTenantId("default"))
                            .build());
        }

        @Override
        public void listPorts(
                ListPortsRequest request, StreamObserver<ListPortsResponse> observer) {
            Port.Builder port = Port.newBuilder().setId(FakeController.id(4)).setName("p1");
            answer(observer, ListPortsResponse.newBuilder().addPorts(port).build());
        }

        @Override
        public void tracePacket(
                TracePacketRequest request, StreamObserver<TracePacketResponse> observer) {
            asked.set(request);
            boolean dropped = request.getProtocol().equals("udp");
            TraceHop.Builder hop =
                    TraceHop.newBuilder()
                            .setNodeId("1")
                            .setTable("classify")
                            .setFlow("table=0, in_port=4 actions=drop")
                            .setServes("port p1")
                            .setEffect("goes on to port-security");
            answer(
                    observer,
                    TracePacketResponse.newBuilder()
                            .addHops(hop)
                            .setVerdict(
                                    dropped
                                            ? TraceVerdict.TRACE_VERDICT_DROPPED
                                            : TraceVerdict.TRACE_VERDICT_DELIVERED)
                            .setReason(dropped ? "no rule" : "port p2 gets it")
                            .build());
        }

        @Override
        public void createPort(
                CreatePortRequest request, StreamObserver<CreatePortResponse> observer) {
            asked.set(request);
            Port.Builder port =
                    Port.newBuilder()
                            .setName(request.getName())
                            .setStatus("DOWN")
                            .setIpAddress("10.0.0.2");
            answer(observer, CreatePortResponse.newBuilder().setPort(port).build());
        }

        @Override
        public void listSecurityGroups(
                ListSecurityGroupsRequest request,
                StreamObserver<ListSecurityGroupsResponse> observer) {
            answer(
                    observer,
                    ListSecurityGroupsResponse.newBuilder()
                            .addSecurityGroups(
                                    SecurityGroup.newBuilder()
                                            .setId(FakeController.id(3))
                                            .setName("web"))
                            .build());
        }

        @Override
        public void addSecurityRule(
                AddSecurityRuleRequest request, StreamObserver<AddSecurityRuleResponse> observer) {
            asked.set(request);
            SecurityGroupRule.Builder rule =
                    SecurityGroupRule.newBuilder()
                            .setId("rule")
                            .setDirection(request.getDirection())
                            .setEtherType(EtherType.ETHER_TYPE_IPV4)
                            .setProtocol(request.getProtocol())
                            .setPortRangeMin(request.getPortRangeMin())
                            .setPortRangeMax(request.getPortRangeMax())
                            .setRemoteIpPrefix(request.getRemoteIpPrefix());
            answer(observer, AddSecurityRuleResponse.newBuilder().setRule(rule).build());
        }

        private static <T> void answer(StreamObserver<T> observer, T response) {
            observer.onNext(response);
            observer.onCompleted();
        }
    }

    @Test
    void networksAreListed() {
        assertThat(hvctl.run("network", "list", "--columns", "network,type,segment,mtu"))
                .isEqualTo(
                        new Result(
                                0,
                                """
                                NETWORK  TYPE   SEGMENT         MTU
                                blue     vxlan  vni 4096        1450
                                office   vlan   default vlan 7  1500
                                """,
                                ""));
        assertThat(hvctl.run("net", "get", "office").out())
                .startsWith("NETWORK  office\nTYPE     vlan\n")
                .contains("ADMIN    down\n");
    }

    @Test
    void resourcesAreFoundByNameAndTheBeginningOfTheirIds() {
        assertThat(hvctl.run("port", "create", "p", "--network", "office", "--group", "web").code())
                .isZero();
        assertThat(service.asked.get())
                .isEqualTo(
                        CreatePortRequest.newBuilder()
                                .setName("p")
                                .setNetworkId(FakeController.id(2))
                                .addSecurityGroups(FakeController.id(3))
                                .build());
        Result missing = hvctl.run("port", "create", "--network", "ofice");
        assertThat(missing.code()).isEqualTo(1);
        assertThat(missing.err())
                .contains("network not found: ofice")
                .contains("did you mean office?");
        assertThat(hvctl.run("port", "create").code()).isEqualTo(2);
    }

    @Test
    void instancesAreAttachedToNetworksByName() {
        String create = "instance create web --type vm --image debian --no-wait";
        assertThat(hvctl.run((create + " --network blue --group web --public-ip").split(" ")).err())
                .isEmpty();
        assertThat(compute.asked.get())
                .isEqualTo(
                        NetworkSpec.newBuilder()
                                .setNetworkId(FakeController.id(1))
                                .addSecurityGroups(FakeController.id(3))
                                .setAssignPublicIp(true)
                                .build());
        assertThat(hvctl.run((create + " --network green").split(" ")).err())
                .contains("network not found: green");
    }

    @Test
    void rulesAreSaidInWords() {
        assertThat(
                        hvctl.run(
                                        "sg",
                                        "allow",
                                        "web",
                                        "ingress",
                                        "--tcp",
                                        "80-90",
                                        "--cidr",
                                        "10.0.0.0/8",
                                        "--no-header")
                                .out())
                .isEqualTo("rule  ingress  ipv4  tcp  80-90  10.0.0.0/8\n");
        assertThat(service.asked.get())
                .isEqualTo(
                        AddSecurityRuleRequest.newBuilder()
                                .setSecurityGroupId(FakeController.id(3))
                                .setDirection(SecurityRuleDirection.SECURITY_RULE_DIRECTION_INGRESS)
                                .setProtocol("tcp")
                                .setPortRangeMin(80)
                                .setPortRangeMax(90)
                                .setRemoteIpPrefix("10.0.0.0/8")
                                .build());
        assertThat(hvctl.run("sg", "allow", "web", "ingress", "--udp", "x").err())
                .contains("ports: x");
        assertThat(hvctl.run("sg", "allow", "web", "sideways").code()).isEqualTo(2);
    }

    @Test
    void aTraceShowsEachFlowAndEndsWithWhatBecameOfThePacket() {
        Cli.Result delivered =
                hvctl.run("network", "trace", "p1", "--to", "10.0.0.7", "--tcp", "80");
        assertThat(delivered.code()).isZero();
        assertThat(delivered.out())
                .isEqualTo(
                        """
                        NODE    TABLE     SERVES   EFFECT
                        rack-1  classify  port p1  goes on to port-security
                        """);
        assertThat(delivered.err()).isEqualTo("delivered: port p2 gets it\n");
        assertThat(service.asked.get())
                .isEqualTo(
                        TracePacketRequest.newBuilder()
                                .setPortId(FakeController.id(4))
                                .setDestination("10.0.0.7")
                                .setProtocol("tcp")
                                .setDestinationPort(80)
                                .build());

        Cli.Result dropped =
                hvctl.run(
                        "network",
                        "trace",
                        "p1",
                        "--to",
                        "10.0.0.7",
                        "--udp",
                        "53",
                        "--from-port",
                        "9",
                        "--source",
                        "10.0.0.8",
                        "-o",
                        "json");
        assertThat(dropped.code()).isEqualTo(5);
        assertThat(dropped.out()).contains("TRACE_VERDICT_DROPPED").contains("actions");
        assertThat(dropped.err()).isEqualTo("error: dropped: no rule\n");
        assertThat(service.asked.get())
                .isEqualTo(
                        TracePacketRequest.newBuilder()
                                .setPortId(FakeController.id(4))
                                .setDestination("10.0.0.7")
                                .setProtocol("udp")
                                .setDestinationPort(53)
                                .setSourcePort(9)
                                .setSource("10.0.0.8")
                                .build());
        assertThat(
                        hvctl.run("net", "trace", "p1", "--to", "1.2.3.4", "--tcp", "1", "--icmp")
                                .code())
                .isEqualTo(2);
        assertThat(hvctl.run("net", "trace", "p1").code()).isEqualTo(2);
    }
}
