package io.hypervisor.cluster;

import static io.hypervisor.cluster.Structs.list;
import static io.hypervisor.cluster.Structs.text;

import com.google.protobuf.Struct;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.hypervisor.controller.FreePort;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** One controller and one agent with a fake driver, each a process; the store is the caller's. */
final class SmallCluster implements AutoCloseable {
    private static final String COMPUTE = "hypervisor.v1.ComputeService/";

    final Path data;
    final ReflectionClient client;
    private final ReflectionClient door;
    private final String grpc = FreePort.address();
    private final String http = FreePort.address();
    private final String node = FreePort.address();
    private final List<String> storeFlags;
    private Optional<Process> controller = Optional.empty();
    private final Process agent;

    SmallCluster(Path data, String... storeFlags) throws IOException {
        this.data = data;
        this.storeFlags = List.of(storeFlags);
        Files.createDirectories(data.resolve("tmp"));
        client = new ReflectionClient(grpc);
        door = new ReflectionClient(node);
        startController();
        agent =
                start(
                        "compute-agent",
                        List.of(
                                "--drivers.vm.enabled=false",
                                "--drivers.container.enabled=false",
                                "--network.enabled=false",
                                "--drivers.fake.enabled=true",
                                "--drivers.fake.types=[container]",
                                "--controllers=[" + grpc + "]",
                                "--list-period=500ms",
                                "--hostname=node",
                                "--grpc-addr=" + node));
    }

    void startController(String... more) {
        List<String> flags = new ArrayList<>(storeFlags);
        flags.addAll(
                List.of(
                        "--grpc-addr=" + grpc,
                        "--http-addr=" + http,
                        "--heartbeat.interval=300ms",
                        "--heartbeat.timeout=3s"));
        flags.addAll(List.of(more));
        controller = Optional.of(start("controller", flags));
    }

    /** Ends the controller as a power cut would. */
    void killController() {
        controller.orElseThrow().destroyForcibly().onExit().join();
    }

    private Process start(String module, List<String> flags) {
        return Deployed.start(module, data, module, flags);
    }

    Path log(String module) {
        return Deployed.log(data, module);
    }

    /** Asks for a container; returns its id. */
    String create(String name) {
        return text(
                client.call(
                        COMPUTE + "CreateInstance",
                        """
                        {"name": "%s", "type": "INSTANCE_TYPE_CONTAINER", "request_id": "%s",
                         "spec": {"image": "run", "memory_bytes": "16777216"}}
                        """
                                .formatted(name, name)),
                "id");
    }

    void delete(String id) {
        client.call(
                COMPUTE + "DeleteInstance", "{\"instance_id\": \"" + id + "\", \"force\": true}");
    }

    /** Opens or closes the node for scheduling: a write that touches nothing else. */
    void setStatus(String status) {
        client.call(
                "hypervisor.v1.ClusterService/UpdateNodeStatus",
                "{\"node_id\": \"%s\", \"status\": \"NODE_STATUS_%s\"}"
                        .formatted(text(node(), "id"), status));
    }

    /** The state of every instance by name, in the controller's opinion. */
    Map<String, String> states() {
        return states(client.call(COMPUTE + "ListInstances", "{\"page_size\": 100}"));
    }

    /** The state of every instance by name, in the node's opinion. */
    Map<String, String> nodeStates() {
        return states(door.call("hypervisor.v1.AgentService/ListInstances", "{}"));
    }

    /** When an instance began to run, in the node's opinion. */
    String startedAt(String name) {
        return list(door.call("hypervisor.v1.AgentService/ListInstances", "{}"), "instances")
                .stream()
                .filter(one -> text(one, "name").equals(name))
                .map(one -> text(one, "started_at"))
                .findFirst()
                .orElseThrow();
    }

    private static Map<String, String> states(Struct answer) {
        Map<String, String> states = new TreeMap<>();
        for (Struct one : list(answer, "instances")) {
            states.put(text(one, "name"), text(one, "state").replace("INSTANCE_STATE_", ""));
        }
        return states;
    }

    Struct node() {
        return list(client.call("hypervisor.v1.ClusterService/ListNodes", "{}"), "nodes")
                .getFirst();
    }

    String nodeStatus() {
        return text(node(), "status").replace("NODE_STATUS_", "");
    }

    /** The code and text that a call fails with; OK if it does not. */
    static Status failure(Runnable call) {
        try {
            call.run();
            return Status.OK;
        } catch (StatusRuntimeException e) {
            return e.getStatus();
        }
    }

    @Override
    public void close() {
        client.close();
        door.close();
        controller.ifPresent(process -> process.destroyForcibly().onExit().join());
        agent.destroyForcibly().onExit().join();
    }
}
