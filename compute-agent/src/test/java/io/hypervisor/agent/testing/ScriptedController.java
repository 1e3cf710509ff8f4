package io.hypervisor.agent.testing;

import io.grpc.stub.StreamObserver;
import io.hypervisor.api.internal.v1.ControllerMessage;
import io.hypervisor.api.internal.v1.NodeDelta;
import io.hypervisor.api.internal.v1.NodeDocument;
import io.hypervisor.api.internal.v1.NodeLinkServiceGrpc;
import io.hypervisor.api.internal.v1.NodeMessage;
import io.hypervisor.api.internal.v1.NodeReport;
import io.hypervisor.api.internal.v1.ObservedRecord;
import io.hypervisor.api.internal.v1.Welcome;
import io.hypervisor.api.v1.ClusterServiceGrpc;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.RegisterNodeRequest;
import io.hypervisor.api.v1.RegisterNodeResponse;
import io.hypervisor.core.Fault;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.server.Faults;
import io.hypervisor.core.server.GrpcServer;
import io.hypervisor.core.server.HostPort;
import io.hypervisor.core.server.TlsConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** A controller that does what the test says: over real gRPC, on a free port. */
public final class ScriptedController implements AutoCloseable {
    /** The cluster that it is of. */
    public static final String CLUSTER = "cluster-1";

    private final GrpcServer server;
    private final HostPort address;
    private final List<RegisterNodeRequest> registrations = new CopyOnWriteArrayList<>();
    private final List<NodeMessage> messages = new CopyOnWriteArrayList<>();
    private final Map<String, StreamObserver<ControllerMessage>> streams =
            new ConcurrentHashMap<>();
    private final Map<String, ObservedRecord> observed = new ConcurrentHashMap<>();
    private final Map<String, Instance> locals = new ConcurrentHashMap<>();
    private volatile Optional<Fault> refusal = Optional.empty();
    private volatile NodeDocument document =
            NodeDocument.newBuilder().setClusterId(CLUSTER).setTerm(1).setRevision(1).build();

    /** Begins to serve. */
    public ScriptedController(Tasks tasks) {
        server =
                new GrpcServer(
                        new HostPort("127.0.0.1", 0),
                        TlsConfig.none(),
                        tasks,
                        new SimpleMeterRegistry(),
                        List.of(),
                        List.of(new Registry(), new Feed()),
                        Duration.ofMillis(100));
        address = new HostPort("127.0.0.1", server.port());
    }

    public HostPort address() {
        return address;
    }

    /** Every stream is refused with this from now on. */
    public void refuse(Fault fault) {
        refusal = Optional.of(fault);
    }

    public void accept() {
        refusal = Optional.empty();
    }

    /** What nodes are sent when they connect. */
    public void document(NodeDocument next) {
        document = next;
    }

    /** Sends to all connected nodes. */
    public void send(NodeDelta delta) {
        send(ControllerMessage.newBuilder().setDelta(delta).build());
    }

    private void send(ControllerMessage message) {
        streams.values()
                .forEach(
                        stream -> {
                            synchronized (stream) {
                                stream.onNext(message);
                            }
                        });
    }

    /** Ends all streams. */
    public void drop(Fault fault) {
        List.copyOf(streams.keySet()).forEach(id -> end(id, fault));
    }

    private void end(String nodeId, Fault fault) {
        StreamObserver<ControllerMessage> stream = streams.remove(nodeId);
        if (stream != null) {
            synchronized (stream) {
                stream.onError(Faults.toException(fault));
            }
        }
    }

    public List<RegisterNodeRequest> registrations() {
        return registrations;
    }

    /** Everything that nodes have sent. */
    public List<NodeMessage> messages() {
        return messages;
    }

    public List<NodeReport> reports() {
        return messages.stream()
                .filter(NodeMessage::hasReport)
                .map(NodeMessage::getReport)
                .toList();
    }

    /** The last acknowledged revision. */
    public long acked() {
        return messages.stream()
                .filter(NodeMessage::hasAck)
                .mapToLong(m -> m.getAck().getRevision())
                .max()
                .orElse(0);
    }

    public Map<String, ObservedRecord> observed() {
        return observed;
    }

    public Map<String, Instance> locals() {
        return locals;
    }

    public int connected() {
        return streams.size();
    }

    @Override
    public void close() {
        server.close();
    }

    private final class Registry extends ClusterServiceGrpc.ClusterServiceImplBase {
        @Override
        public void registerNode(
                RegisterNodeRequest request, StreamObserver<RegisterNodeResponse> out) {
            registrations.add(request);
            String id = request.getNodeId();
            out.onNext(
                    RegisterNodeResponse.newBuilder()
                            .setNodeId(id.isEmpty() ? "node-" + request.getHostname() : id)
                            .setClusterId(CLUSTER)
                            .build());
            out.onCompleted();
        }
    }

    private final class Feed extends NodeLinkServiceGrpc.NodeLinkServiceImplBase {
        @Override
        public StreamObserver<NodeMessage> connect(StreamObserver<ControllerMessage> out) {
            refusal.ifPresent(
                    fault -> {
                        throw fault;
                    });
            return new StreamObserver<>() {
                private String nodeId = "";

                @Override
                public void onNext(NodeMessage message) {
                    if (message.hasHello()) {
                        nodeId = message.getHello().getNodeId();
                        greet(out);
                        streams.put(nodeId, out);
                    }
                    note(message);
                    messages.add(message);
                }

                @Override
                public void onError(Throwable cause) {
                    streams.remove(nodeId, out);
                }

                @Override
                public void onCompleted() {
                    streams.remove(nodeId, out);
                }
            };
        }

        private void greet(StreamObserver<ControllerMessage> out) {
            synchronized (out) {
                out.onNext(
                        ControllerMessage.newBuilder()
                                .setWelcome(
                                        Welcome.newBuilder()
                                                .setClusterId(CLUSTER)
                                                .setTerm(document.getTerm())
                                                .setHeartbeatIntervalMillis(100)
                                                .setHeartbeatTimeoutMillis(1_000))
                                .build());
                out.onNext(ControllerMessage.newBuilder().setDocument(document).build());
            }
        }

        private void note(NodeMessage message) {
            NodeReport report = message.getReport();
            report.getObservedList().forEach(o -> observed.put(o.getInstanceId(), o));
            report.getLocalList().forEach(l -> locals.put(l.getId(), l));
            report.getLocalGoneList().forEach(locals::remove);
        }
    }
}
