package io.hypervisor.console;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.hypervisor.api.v1.GetInstanceRequest;
import io.hypervisor.api.v1.GetNodeRequest;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.ListInstancesRequest;
import io.hypervisor.api.v1.ListInstancesResponse;
import io.hypervisor.api.v1.ListNodesRequest;
import io.hypervisor.api.v1.ListNodesResponse;
import io.hypervisor.api.v1.Node;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Finds what the user names: by id, by name, or by a prefix of an id that only one has. */
final class Lookup {
    // What is neither an id nor an exact name is searched for; more than that takes too long.
    static final int SEARCHED = 20_000;
    private static final Pattern ID =
            Pattern.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");
    private static final Pattern ID_PREFIX = Pattern.compile("[0-9a-f][0-9a-f-]{3,35}");
    private static final Pattern NAME = Pattern.compile("[a-z]([a-z0-9-]{0,61}[a-z0-9])?");

    private static final ListInstancesRequest EVERY = ListInstancesRequest.getDefaultInstance();
    // Below that, asking node by node is less than reading all of them.
    private static final int ONE_BY_ONE = 8;

    private final Session session;

    Lookup(Session session) {
        this.session = session;
    }

    Instance instance(String named) {
        return exactly(named)
                .orElseGet(
                        () ->
                                only(
                                        "instance",
                                        named,
                                        instances(session, EVERY, SEARCHED).getInstancesList(),
                                        Instance::getId,
                                        Instance::getName));
    }

    /** The instance of that id or name; empty if there is none. */
    Optional<Instance> exactly(String named) {
        if (ID.matcher(named).matches()) {
            try {
                return Optional.of(
                        session.compute()
                                .getInstance(
                                        GetInstanceRequest.newBuilder()
                                                .setInstanceId(named)
                                                .build()));
            } catch (StatusRuntimeException e) {
                if (e.getStatus().getCode() == Status.Code.NOT_FOUND) {
                    return Optional.empty();
                }
                throw e;
            }
        }
        if (!NAME.matcher(named).matches()) {
            return Optional.empty();
        }
        List<Instance> found =
                session.compute()
                        .listInstances(ListInstancesRequest.newBuilder().setName(named).build())
                        .getInstancesList();
        // A node's local instances may bear the name of another.
        if (found.size() > 1) {
            throw several("instances", named, found, Instance::getId, Instance::getNodeId);
        }
        return found.stream().findFirst();
    }

    Node node(String named) {
        if (ID.matcher(named).matches()) {
            return session.cluster().getNode(GetNodeRequest.newBuilder().setNodeId(named).build());
        }
        List<Node> all =
                nodes(session, ListNodesRequest.getDefaultInstance(), SEARCHED).getNodesList();
        return all.stream()
                .filter(node -> node.getHostname().equals(named))
                .findFirst()
                .orElseGet(() -> only("node", named, all, Node::getId, Node::getHostname));
    }

    /** A node's hostname, or its id when it is not known any more. */
    String hostname(String nodeId) {
        if (nodeId.isEmpty()) {
            return "";
        }
        try {
            return session.cluster()
                    .getNode(GetNodeRequest.newBuilder().setNodeId(nodeId).build())
                    .getHostname();
        } catch (StatusRuntimeException e) {
            if (e.getStatus().getCode() == Status.Code.NOT_FOUND) {
                return nodeId;
            }
            throw e;
        }
    }

    /** The hostnames of the nodes of these instances, by id. */
    Map<String, String> hostnames(List<Instance> instances) {
        Set<String> ids =
                instances.stream()
                        .map(Instance::getNodeId)
                        .filter(id -> !id.isEmpty())
                        .collect(Collectors.toSet());
        if (ids.size() <= ONE_BY_ONE) {
            return ids.stream().collect(Collectors.toMap(id -> id, this::hostname));
        }
        return nodes(session, ListNodesRequest.getDefaultInstance(), Integer.MAX_VALUE)
                .getNodesList()
                .stream()
                .collect(Collectors.toMap(Node::getId, Node::getHostname));
    }

    static ListInstancesResponse instances(
            Session session, ListInstancesRequest filter, int limit) {
        return Session.pages(
                limit,
                (size, token) ->
                        session.compute()
                                .listInstances(
                                        filter.toBuilder()
                                                .setPageSize(size)
                                                .setPageToken(token)
                                                .build()));
    }

    static ListNodesResponse nodes(Session session, ListNodesRequest filter, int limit) {
        return Session.pages(
                limit,
                (size, token) ->
                        session.cluster()
                                .listNodes(
                                        filter.toBuilder()
                                                .setPageSize(size)
                                                .setPageToken(token)
                                                .build()));
    }

    static <T> T only(
            String noun,
            String named,
            List<T> all,
            Function<T, String> id,
            Function<T, String> name) {
        List<T> found =
                ID_PREFIX.matcher(named).matches()
                        ? all.stream().filter(item -> id.apply(item).startsWith(named)).toList()
                        : List.of();
        if (found.size() == 1) {
            return found.getFirst();
        }
        if (found.size() > 1) {
            throw several(noun + "s", named, found, id, name);
        }
        throw Problem.failed(
                noun + " not found: " + named,
                Nearest.to(named, all.stream().map(name).toList())
                        .map(near -> "did you mean " + near + "?")
                        .orElse("hvctl " + noun + " list"));
    }

    static <T> Problem several(
            String nouns,
            String named,
            List<T> found,
            Function<T, String> id,
            Function<T, String> name) {
        return new Problem(
                Problem.FAILED,
                found.size() + " " + nouns + " are called " + named + " or begin with it",
                found.stream().limit(10).map(i -> id.apply(i) + "  " + name.apply(i)).toList(),
                "more of the id");
    }
}
