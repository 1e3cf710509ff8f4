package io.hypervisor.cluster.input;

import static org.awaitility.Awaitility.await;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;

import io.grpc.StatusRuntimeException;
import io.hypervisor.api.v1.AgentCreateInstanceRequest;
import io.hypervisor.api.v1.AgentStopInstanceRequest;
import io.hypervisor.api.v1.CreateInstanceRequest;
import io.hypervisor.api.v1.GetInstanceRequest;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.ListInstancesRequest;
import io.hypervisor.api.v1.ListNodesRequest;
import io.hypervisor.api.v1.StopInstanceRequest;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What is there for requests to run into, under the texts in braces that stand for it in rows. */
final class Known {
    private final Map<String, String> ids = new HashMap<>();
    private final Scene scene;

    private Known(Scene scene) {
        this.scene = scene;
    }

    /** Makes everything. */
    static Known make(Scene scene) {
        Known known = new Known(scene);
        known.nodes();
        known.instances();
        known.locals();
        known.ids.putAll(NetworkScene.make(scene));
        known.tokens();
        return known;
    }

    private void nodes() {
        ids.put(
                "{node}",
                scene.cluster()
                        .listNodes(ListNodesRequest.getDefaultInstance())
                        .getNodes(0)
                        .getId());
        ids.put(
                "{second}",
                scene.cluster()
                        .registerNode(
                                ClusterRows.GOOD_NODE.toBuilder()
                                        .setHostname("n2")
                                        .clearSupportedInstanceTypes()
                                        .addSupportedInstanceTypes("microvm")
                                        .build())
                        .getNodeId());
    }

    private void instances() {
        String running = made("running", false);
        String stopped = made("stopped", false);
        String waiting = made("waiting", true);
        until(running, InstanceState.INSTANCE_STATE_RUNNING);
        until(stopped, InstanceState.INSTANCE_STATE_RUNNING);
        var _ =
                scene.compute()
                        .stopInstance(
                                StopInstanceRequest.newBuilder().setInstanceId(stopped).build());
        until(stopped, InstanceState.INSTANCE_STATE_STOPPED);
        ids.putAll(Map.of("{running}", running, "{stopped}", stopped, "{waiting}", waiting));
    }

    private String made(String name, boolean waiting) {
        CreateInstanceRequest.Builder request =
                CreateInstanceRequest.newBuilder()
                        .setName(name)
                        .setType(InstanceType.INSTANCE_TYPE_CONTAINER)
                        .setSpec(SpecRows.CONTAINER)
                        .setRequestId("made-" + name)
                        .setQueue(waiting);
        return scene.compute()
                .createInstance((waiting ? request.setRegion("nowhere") : request).build())
                .getId();
    }

    private void locals() {
        String local = local("local");
        String halted = local("halted");
        var _ =
                scene.node()
                        .stopInstance(
                                AgentStopInstanceRequest.newBuilder()
                                        .setInstanceId(halted)
                                        .build());
        until(halted, InstanceState.INSTANCE_STATE_STOPPED);
        until(local, InstanceState.INSTANCE_STATE_RUNNING);
        ids.putAll(Map.of("{local}", local, "{halted}", halted));
    }

    private String local(String name) {
        return scene.node()
                .createInstance(
                        AgentCreateInstanceRequest.newBuilder()
                                .setName(name)
                                .setType(InstanceType.INSTANCE_TYPE_CONTAINER)
                                .setSpec(SpecRows.CONTAINER)
                                .build())
                .getId();
    }

    private void until(String id, InstanceState state) {
        await().until(() -> state(id) == state);
    }

    private InstanceState state(String id) {
        try {
            return scene.compute()
                    .getInstance(GetInstanceRequest.newBuilder().setInstanceId(id).build())
                    .getState();
        } catch (StatusRuntimeException notYet) {
            return InstanceState.INSTANCE_STATE_UNSPECIFIED;
        }
    }

    private void tokens() {
        String instances =
                scene.compute()
                        .listInstances(ListInstancesRequest.newBuilder().setPageSize(1).build())
                        .getNextPageToken();
        ids.put("{instances_token}", instances);
        ids.put(
                "{nodes_token}",
                scene.cluster()
                        .listNodes(ListNodesRequest.newBuilder().setPageSize(1).build())
                        .getNextPageToken());
        String other = instances.startsWith("A") ? "B" : "A";
        ids.put("{tampered_token}", other + instances.substring(1));
    }

    /** The text with everything in braces that is known replaced. */
    String resolve(String text) {
        String resolved = text;
        for (Map.Entry<String, String> id : ids.entrySet()) {
            resolved = resolved.replace(id.getKey(), id.getValue());
        }
        return resolved;
    }

    /** The message with the texts in braces replaced, wherever they are. */
    Message resolve(Message message) {
        Message.Builder builder = message.toBuilder();
        message.getAllFields()
                .forEach((field, value) -> builder.setField(field, resolved(field, value)));
        return builder.build();
    }

    private Object resolved(FieldDescriptor field, Object value) {
        if (field.isMapField()) {
            return value;
        }
        return switch (value) {
            case List<?> list -> list.stream().map(one -> resolved(field, one)).toList();
            case Message inner -> resolve(inner);
            case String text -> ids.getOrDefault(text, text);
            default -> value;
        };
    }
}
