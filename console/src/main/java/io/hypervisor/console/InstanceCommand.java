package io.hypervisor.console;

import com.google.protobuf.util.Timestamps;

import io.hypervisor.api.v1.CreateInstanceRequest;
import io.hypervisor.api.v1.DeleteInstanceRequest;
import io.hypervisor.api.v1.GetInstanceLogsRequest;
import io.hypervisor.api.v1.GetInstanceStatsRequest;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.InstanceStats;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.ListInstancesRequest;
import io.hypervisor.api.v1.ListInstancesResponse;
import io.hypervisor.api.v1.RestartInstanceRequest;
import io.hypervisor.api.v1.StartInstanceRequest;
import io.hypervisor.api.v1.StopInstanceRequest;
import io.hypervisor.api.v1.WatchInstanceRequest;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

@Command(
        name = "instance",
        aliases = {"instances", "vm", "i"},
        synopsisSubcommandLabel = "VERB",
        commandListHeading = "%nVerbs:%n",
        description = "Virtual machines, containers and microVMs.")
final class InstanceCommand {
    @ParentCommand Hvctl hvctl;

    /** What {@code list} and {@code watch} filter by. */
    static final class Filters {
        @Option(
                names = {"-t", "--type"},
                paramLabel = "TYPE",
                completionCandidates = Candidates.Types.class,
                description = "Only this type: ${COMPLETION-CANDIDATES}.")
        InstanceType type = InstanceType.INSTANCE_TYPE_UNSPECIFIED;

        @Option(
                names = "--state",
                paramLabel = "STATE",
                completionCandidates = Candidates.States.class,
                description = "Only this state: ${COMPLETION-CANDIDATES}.")
        InstanceState state = InstanceState.INSTANCE_STATE_UNSPECIFIED;

        @Option(
                names = {"-n", "--node"},
                paramLabel = "NODE",
                defaultValue = "",
                completionCandidates = Candidates.Nodes.class,
                description = "Only those on this node.")
        String node;

        @Mixin Labels labels;
    }

    /** Names one instance. */
    static final class Named {
        @Parameters(
                index = "0",
                paramLabel = "INSTANCE",
                completionCandidates = Candidates.Instances.class,
                description = "Its name, id, or the beginning of its id.")
        String instance;
    }

    /** Names some instances. */
    static final class Several {
        @Parameters(
                paramLabel = "INSTANCE",
                arity = "1..*",
                completionCandidates = Candidates.Instances.class,
                description = "Their names, ids, or the beginnings of their ids.")
        List<String> instances = new ArrayList<>();
    }

    /** Whether guests are asked. */
    static final class Force {
        @Option(names = "--force", description = "End them without asking the guest.")
        boolean given;
    }

    @Command(description = "List the instances.")
    void list(@Mixin Filters filters, @Mixin Limit limit) {
        ListInstancesRequest request =
                ListInstancesRequest.newBuilder()
                        .setType(filters.type)
                        .setState(filters.state)
                        .setNodeId(nodeId(filters.node))
                        .putAllLabelSelector(filters.labels.all)
                        .build();
        ListInstancesResponse all = Lookup.instances(hvctl.session(), request, limit.items());
        hvctl.output().list(all, all.getInstancesList(), columns(all.getInstancesList()));
    }

    @Command(description = "Show all that is known about an instance.")
    void get(@Mixin Named named) {
        Instance instance = lookup().instance(named.instance);
        hvctl.output().details(instance, instance, columns(List.of(instance)));
    }

    @Command(
            description = {
                "Create and start an instance, and wait until it runs.",
                "Repeating it with the same --request-id never makes a second one."
            })
    void create(
            @Mixin InstanceOptions options,
            @Option(
                            names = "--request-id",
                            defaultValue = "",
                            paramLabel = "ID",
                            description = "Made up if not given.")
                    String requestId,
            @Mixin Patience patience) {
        CreateInstanceRequest.Builder request = options.request(hvctl).toBuilder();
        if (!requestId.isEmpty()) {
            request.setRequestId(requestId);
        } else if (request.getRequestId().isEmpty()) {
            request.setRequestId(hvctl.surroundings().requestIds().get());
        }
        Instance created = hvctl.session().compute().createInstance(request.build());
        Instance last = await(created, Waiting.Goal.running, true, patience);
        show(List.of(last));
        if (last.getState() == InstanceState.INSTANCE_STATE_RUNNING && hvctl.output().human()) {
            hvctl.say("console: hvctl instance console " + last.getName());
        }
    }

    @Command(
            description =
                    "Show what create would do with the same options: the node it would take, how"
                            + " well each fits, and why others do not.")
    int plan(@Mixin InstanceOptions options) {
        return new PlanView(hvctl).show(options.request(hvctl));
    }

    @Command(description = "Start instances that do not run, and wait until they do.")
    void start(@Mixin Several several, @Mixin Patience patience) {
        each(
                several,
                Waiting.Goal.running,
                patience,
                instance ->
                        hvctl.session()
                                .compute()
                                .startInstance(
                                        StartInstanceRequest.newBuilder()
                                                .setInstanceId(instance.getId())
                                                .build()));
    }

    @Command(description = "Stop instances, and wait until they do not run.")
    void stop(
            @Mixin Several several,
            @Mixin Force force,
            @Option(
                            names = "--grace",
                            paramLabel = "TIME",
                            defaultValue = "30s",
                            description =
                                    "How long a guest may take before it is ended. Default:"
                                            + " ${DEFAULT-VALUE}.")
                    Duration grace,
            @Mixin Patience patience) {
        each(
                several,
                Waiting.Goal.stopped,
                patience,
                instance ->
                        hvctl.session()
                                .compute()
                                .stopInstance(
                                        StopInstanceRequest.newBuilder()
                                                .setInstanceId(instance.getId())
                                                .setForce(force.given)
                                                .setTimeoutSeconds(seconds(grace))
                                                .build()));
    }

    @Command(description = "Stop and start running instances, and wait until they run again.")
    void restart(@Mixin Several several, @Mixin Force force, @Mixin Patience patience) {
        each(
                several,
                Waiting.Goal.running,
                patience,
                instance ->
                        hvctl.session()
                                .compute()
                                .restartInstance(
                                        RestartInstanceRequest.newBuilder()
                                                .setInstanceId(instance.getId())
                                                .setForce(force.given)
                                                .build()));
    }

    @Command(
            description = {
                "Change an instance, and wait until its node has seen to it.",
                "What a running instance cannot take takes effect when it is restarted."
            })
    void update(@Mixin Named named, @Mixin UpdateOptions options, @Mixin Patience patience) {
        Instance before = lookup().instance(named.instance);
        Instance updated = hvctl.session().compute().updateInstance(options.request(before));
        Instance last = await(updated, Waiting.Goal.applied, false, patience);
        show(List.of(last));
        if (last.getNeedsRestartCount() > 0) {
            hvctl.say(
                    "takes effect at its next start: "
                            + String.join(", ", last.getNeedsRestartList())
                            + "; hvctl instance restart "
                            + last.getName());
        }
    }

    @Command(description = "Delete instances with their disks, and wait until they are gone.")
    void delete(
            @Mixin Several several,
            @Option(
                            names = "--force",
                            description =
                                    "End them without asking the guest; on an unreachable node,"
                                            + " forget them now.")
                    boolean force,
            @Option(names = "--yes", description = "Needed for more than one.") boolean yes,
            @Option(names = "--ignore-missing", description = "Pass over those that do not exist.")
                    boolean ignoreMissing,
            @Mixin Patience patience) {
        if (several.instances.size() > 1 && !yes) {
            throw Problem.usage(
                    "deleting " + several.instances.size() + " instances needs --yes",
                    "the same with --yes");
        }
        List<Instance> found =
                ignoreMissing
                        ? several.instances.stream()
                                .flatMap(named -> lookup().exactly(named).stream())
                                .toList()
                        : several.instances.stream().map(lookup()::instance).toList();
        for (Instance instance : found) {
            hvctl.session()
                    .compute()
                    .deleteInstance(
                            DeleteInstanceRequest.newBuilder()
                                    .setInstanceId(instance.getId())
                                    .setForce(force)
                                    .build());
        }
        for (Instance instance : found) {
            Instance gone = await(instance, Waiting.Goal.deleted, false, patience);
            hvctl.say(gone.getName() + (patience.noWait ? " is being deleted" : " deleted"));
        }
    }

    @Command(description = "Wait until an instance is running, stopped or deleted.")
    void wait(
            @Mixin Named named,
            @Parameters(
                            index = "1",
                            paramLabel = "GOAL",
                            description = "One of ${COMPLETION-CANDIDATES}.")
                    Waiting.Goal goal,
            @Mixin Timeout timeout) {
        Optional<Instance> found =
                goal == Waiting.Goal.deleted
                        ? lookup().exactly(named.instance)
                        : Optional.of(lookup().instance(named.instance));
        if (found.isEmpty()) {
            hvctl.say("there is no " + named.instance);
            return;
        }
        Instance last = new Waiting(hvctl, found.get(), goal, false).await(timeout.time);
        if (goal == Waiting.Goal.deleted) {
            hvctl.say(last.getName() + " deleted");
        } else {
            show(List.of(last));
        }
    }

    @Command(
            description = {
                "Connect to an instance's console. Ctrl-] ends it; the instance goes on.",
                "Without a terminal, stdin is typed and the output is written to stdout until stdin"
                        + " has ended and nothing was shown for the time of --quiet-for."
            })
    void console(
            @Mixin Named named,
            @Option(
                            names = "--quiet-for",
                            paramLabel = "TIME",
                            defaultValue = "1s",
                            description = "Default: ${DEFAULT-VALUE}.")
                    Duration quietFor) {
        Instance instance = lookup().instance(named.instance);
        new ConsoleCall(hvctl, instance).run(quietFor);
    }

    @Command(description = "Show what an instance has written.")
    void logs(
            @Mixin Named named,
            @Option(
                            names = {"-f", "--follow"},
                            description = "Go on with what it writes, until interrupted.")
                    boolean follow,
            @Option(
                            names = "--until",
                            paramLabel = "TEXT",
                            defaultValue = "",
                            description = "End once it has written this.")
                    String until,
            @Option(
                            names = "--timeout",
                            paramLabel = "TIME",
                            description = "How long to follow. No limit by default.")
                    Duration timeout,
            @Option(
                            names = "--tail",
                            paramLabel = "LINES",
                            defaultValue = "0",
                            description = "At most its last so many lines, up to 100,000.")
                    int lines,
            @Option(
                            names = "--tail-bytes",
                            paramLabel = "SIZE",
                            defaultValue = "0",
                            description = "At most its last so many bytes, up to 1MiB.")
                    Hvctl.Bytes bytes,
            @Option(
                            names = "--since",
                            paramLabel = "TIME",
                            description = "What was written within this time, such as 10m.")
                    Duration since) {
        GetInstanceLogsRequest.Builder request =
                GetInstanceLogsRequest.newBuilder()
                        .setInstanceId(lookup().instance(named.instance).getId())
                        .setFollow(follow)
                        .setTailLines(lines)
                        .setTailBytes(bytes.value());
        if (since != null) {
            request.setSince(
                    Timestamps.fromMillis(
                            hvctl.surroundings().clock().instant().minus(since).toEpochMilli()));
        }
        new LogView(hvctl).show(request.build(), until, Optional.ofNullable(timeout));
    }

    @Command(description = "Show what a running instance uses.")
    void stats(@Mixin Named named) {
        Instance instance = lookup().instance(named.instance);
        InstanceStats stats =
                hvctl.session()
                        .compute()
                        .getInstanceStats(
                                GetInstanceStatsRequest.newBuilder()
                                        .setInstanceId(instance.getId())
                                        .build());
        hvctl.output().row(stats, stats, InstanceColumns.stats(instance.getName()));
    }

    @Command(
            description = {
                "Show instances as they are, then every change, until interrupted.",
                "After a lost connection it begins again with the instances as they are."
            })
    void watch(
            @Parameters(
                            arity = "0..1",
                            paramLabel = "INSTANCE",
                            completionCandidates = Candidates.Instances.class,
                            description = "Only this one; ends when it is deleted.")
                    String named,
            @Mixin Filters filters) {
        WatchInstanceRequest request =
                WatchInstanceRequest.newBuilder()
                        .setInstanceId(named == null ? "" : lookup().instance(named).getId())
                        .setType(filters.type)
                        .setState(filters.state)
                        .setNodeId(nodeId(filters.node))
                        .putAllLabelSelector(filters.labels.all)
                        .build();
        Map<String, String> hostnames = new HashMap<>();
        var columns =
                InstanceColumns.events(node -> hostnames.computeIfAbsent(node, lookup()::hostname));
        hvctl.session()
                .followInstances(
                        request,
                        Optional.empty(),
                        event -> {
                            hvctl.output()
                                    .event(
                                            event.getType(),
                                            event,
                                            columns,
                                            InstanceColumns.EVENT_WIDTHS);
                            return false;
                        });
    }

    private void each(
            Several several, Waiting.Goal goal, Patience patience, UnaryOperator<Instance> act) {
        List<Instance> found = several.instances.stream().map(lookup()::instance).toList();
        List<Instance> acted = found.stream().map(act).toList();
        show(acted.stream().map(instance -> await(instance, goal, true, patience)).toList());
    }

    private Instance await(
            Instance instance, Waiting.Goal goal, boolean endCounts, Patience patience) {
        return patience.noWait
                ? instance
                : new Waiting(hvctl, instance, goal, endCounts).await(patience.timeout.time);
    }

    private void show(List<Instance> instances) {
        ListInstancesResponse all =
                ListInstancesResponse.newBuilder().addAllInstances(instances).build();
        hvctl.output()
                .list(
                        instances.size() == 1 ? instances.getFirst() : all,
                        instances,
                        columns(instances));
    }

    private List<Column<Instance>> columns(List<Instance> instances) {
        // Programs get the ids that the API gives.
        Map<String, String> hostnames =
                hvctl.output().human() ? lookup().hostnames(instances) : Map.of();
        return InstanceColumns.of(
                hvctl.surroundings().clock().instant(), id -> hostnames.getOrDefault(id, id));
    }

    private String nodeId(String named) {
        return named.isEmpty() ? "" : lookup().node(named).getId();
    }

    private Lookup lookup() {
        return new Lookup(hvctl.session());
    }

    private static int seconds(Duration time) {
        return (int) Math.min(Integer.MAX_VALUE, time.toSeconds());
    }
}
