package io.hypervisor.controller.feed;

import io.grpc.Channel;
import io.grpc.StatusRuntimeException;
import io.hypervisor.api.internal.v1.NodeDocument;
import io.hypervisor.api.internal.v1.NodeRecord;
import io.hypervisor.api.internal.v1.NodeReport;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.controller.action.Committer;
import io.hypervisor.controller.action.RecordReport;
import io.hypervisor.controller.action.SetNodeHealth;
import io.hypervisor.controller.commit.ChangeListener;
import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Entry;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.core.Backoff;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Outcome;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.WorkQueue;
import io.micrometer.core.instrument.MeterRegistry;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.Function;

/**
 * The links to nodes that send heartbeats and open no stream, while this process leads.
 *
 * <p>What such a node cannot promise, because its calls carry no epoch: that a call whose answer
 * was lost has no effect long afterwards. So after one, an instance counts as gone, or is created
 * again, only when the node has listed it as absent after a settling time; a copy that appears
 * later still is removed as soon as it is listed.
 */
public final class AgentLinks implements ChangeListener, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(AgentLinks.class);
    private static final Backoff BACKOFF =
            new Backoff(Duration.ofSeconds(1), Duration.ofSeconds(30));

    private final Committer committer;
    private final Contacts contacts;
    private final Function<NodeRecord, Channel> channels;
    private final AgentLink.Timing timing;
    private final Duration heartbeatTimeout;
    private final Clock clock;
    private final Executor calls;
    private final WorkQueue<String> queue;
    private final Tasks.Timer search;
    private final Map<String, AgentLink> links = new ConcurrentHashMap<>();
    private volatile boolean leading;

    /**
     * Links that rest until {@link #leading}. Nodes are listed every second, and right after their
     * document changes.
     *
     * @param channels where a node's AgentService is reached, such as {@link AgentChannels#to}
     */
    public AgentLinks(
            Committer committer,
            Contacts contacts,
            Function<NodeRecord, Channel> channels,
            Duration heartbeatTimeout,
            Clock clock,
            Tasks tasks,
            MeterRegistry metrics) {
        this(
                committer,
                contacts,
                channels,
                new AgentLink.Timing(
                        Duration.ofSeconds(1),
                        Duration.ofSeconds(10),
                        Duration.ofMinutes(2),
                        Duration.ofSeconds(30)),
                heartbeatTimeout,
                clock,
                tasks,
                metrics);
    }

    AgentLinks(
            Committer committer,
            Contacts contacts,
            Function<NodeRecord, Channel> channels,
            AgentLink.Timing timing,
            Duration heartbeatTimeout,
            Clock clock,
            Tasks tasks,
            MeterRegistry metrics) {
        this.committer = committer;
        this.contacts = contacts;
        this.channels = channels;
        this.timing = timing;
        this.heartbeatTimeout = heartbeatTimeout;
        this.clock = clock;
        this.calls = tasks.concurrent("agent-link-call");
        this.queue = new WorkQueue<>("agent-link", tasks, BACKOFF, this::pass);
        this.search =
                tasks.every(timing.poll(), tasks.serial("agent-link-search"), this::findNodes);
        metrics.gaugeMapSize("hypervisor.feed.agentlinks", List.of(), links);
    }

    /** Begins to drive nodes, or stops. */
    public void leading(boolean now) {
        leading = now;
        links.clear();
    }

    @Override
    public void changed(Snapshot before, Snapshot after, List<Edit> edits) {
        if (leading && !links.isEmpty()) {
            NodeDocuments.affected(before, after, edits).keySet().stream()
                    .filter(links::containsKey)
                    .forEach(queue::add);
        }
    }

    @Override
    public void reset(Snapshot now) {
        links.keySet().forEach(queue::add);
    }

    /** Ids of the node's instances with a call under way. */
    Set<String> busy(String nodeId) {
        return Optional.ofNullable(links.get(nodeId)).map(AgentLink::busy).orElse(Set.of());
    }

    private void findNodes() {
        if (leading) {
            contacts.foreigners().stream().filter(id -> !queue.has(id)).forEach(queue::add);
        }
    }

    private Outcome pass(String nodeId) {
        Snapshot now = committer.snapshot();
        Optional<NodeRecord> node = now.node(nodeId).map(Entry::value);
        if (!leading || node.isEmpty() || !contacts.foreign(nodeId)) {
            links.remove(nodeId);
            return Outcome.done();
        }
        // A node that is out of touch may have been fenced: it gets no calls.
        if (contacts.silence(nodeId).compareTo(heartbeatTimeout) > 0) {
            return Outcome.again(timing.poll());
        }
        if (unreachable(now, nodeId)) {
            committer
                    .submit(
                            new SetNodeHealth(
                                    nodeId, NodeStatus.NODE_STATUS_NOT_READY, clock.timestamp()))
                    .join();
        }
        AgentLink link =
                links.computeIfAbsent(
                        nodeId, id -> new AgentLink(id, timing, clock, calls, () -> queue.add(id)));
        try {
            drive(link, nodeId, channels.apply(node.get()));
        } catch (StatusRuntimeException e) {
            log.warn("node={}: cannot list its instances: {}", nodeId, e.getStatus());
            return Outcome.blocked(e.getStatus().toString());
        } catch (CompletionException e) {
            log.warn("node={}: report not recorded: {}", nodeId, e.getMessage());
            return Outcome.blocked(String.valueOf(e.getMessage()));
        }
        return Outcome.again(timing.poll());
    }

    private void drive(AgentLink link, String nodeId, Channel channel) {
        Set<String> busy = link.busy();
        Map<String, Instance> found = link.list(channel);
        Snapshot now = committer.snapshot();
        long term = now.leader().map(Entry::revision).orElse(0L);
        NodeDocument document = NodeDocuments.document(now, nodeId, "", term);
        AgentLink.Plan plan = link.plan(now, document, found, busy);
        if (!plan.report().equals(NodeReport.getDefaultInstance())) {
            record(nodeId, plan.report());
        }
        if (leading) {
            link.act(channel, document, plan);
        }
        if (plan.settled() && !contacts.settled(nodeId)) {
            contacts.settle(nodeId);
        }
    }

    private void record(String nodeId, NodeReport report) {
        boolean all = false;
        while (!all) {
            all = committer.submit(new RecordReport(nodeId, report, clock.timestamp())).join();
        }
    }

    private static boolean unreachable(Snapshot now, String nodeId) {
        return now.health(nodeId)
                .filter(h -> h.value().getStatus() == NodeStatus.NODE_STATUS_UNREACHABLE)
                .isPresent();
    }

    @Override
    public void close() {
        leading = false;
        search.cancel();
        queue.close();
    }
}
