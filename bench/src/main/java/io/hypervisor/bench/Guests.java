package io.hypervisor.bench;

import com.google.gson.JsonParser;

import io.grpc.ManagedChannel;
import io.hypervisor.api.v1.ComputeServiceGrpc;
import io.hypervisor.api.v1.ComputeServiceGrpc.ComputeServiceBlockingStub;
import io.hypervisor.api.v1.CreateInstanceRequest;
import io.hypervisor.api.v1.CreateNetworkRequest;
import io.hypervisor.api.v1.CreateSubnetRequest;
import io.hypervisor.api.v1.DeleteInstanceRequest;
import io.hypervisor.api.v1.EventType;
import io.hypervisor.api.v1.GetInstanceLogsRequest;
import io.hypervisor.api.v1.InstanceEvent;
import io.hypervisor.api.v1.InstanceLogChunk;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.NetworkServiceGrpc;
import io.hypervisor.bench.Processes.Started;
import io.hypervisor.bench.ResultTable.Baseline;
import io.hypervisor.bench.ResultTable.Promise;
import io.hypervisor.bench.ResultTable.Unit;
import io.hypervisor.core.Clock;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * Real containers and VMs through the whole control plane of deploy/run, beside what the daemons'
 * own clients take for the same, in turns, on the same daemons.
 */
final class Guests implements Benchmark {
    private static final String IMAGE = "demo/busybox:latest";
    // Both sides' first ones read their programs from disk, and the agent's code is not compiled
    // yet.
    private static final int WARM_UP = 10;
    private static final int MEMORY = 32 << 20;
    // They take longer, and tell as much.
    private static final int CONTAINERS_PER_VM = 3;
    private static final double PERCENT_95 = 95;

    private final Clock clock = Clock.system();
    private final Map<String, Long> existing = new ConcurrentHashMap<>();
    private final Map<String, Long> runningSince = new ConcurrentHashMap<>();

    @Override
    public void run(Setting setting) {
        if (setting.size().guests() == 0) {
            return;
        }
        Processes processes = setting.processes();
        Path data = processes.newFolder("r");
        build(processes, data);
        Started cluster = start(processes, data);
        importImage(processes, data, "hypervisor");
        importImage(processes, data, "bench");
        ManagedChannel channel = cluster.connect();
        try (WatchCall watch = new WatchCall(new WatchCall.Connection(cluster.connect()))) {
            watch.onEvent(this::note);
            watch.begin();
            var compute = ComputeServiceGrpc.newBlockingStub(channel);
            containers(setting, cluster, compute);
            vms(setting, cluster, compute);
            boots(setting, cluster, compute);
        } finally {
            channel.shutdownNow();
            cluster.stop();
        }
    }

    private static void build(Processes processes, Path data) {
        output(processes, "deploy/images/demo-guest/build", data.resolve("images").toString());
        output(
                processes,
                "deploy/images/demo-busybox/build",
                data.resolve("busybox.tar").toString());
    }

    private static void importImage(Processes processes, Path data, String namespace) {
        output(
                processes,
                "deploy/containerd/import-image",
                data.resolve("containerd/containerd.sock").toString(),
                namespace,
                data.resolve("busybox.tar").toString());
    }

    private static String output(Processes processes, String... command) {
        return Processes.output(processes.command(command));
    }

    private static Started start(Processes processes, Path data) {
        String grpc = Processes.freeAddress();
        String http = Processes.freeAddress();
        Path ready = data.resolve("ready");
        Path log = data.resolve("run.log");
        Process process =
                processes.launch(
                        processes.command("deploy/run", data.toString()),
                        log,
                        Map.of(
                                "GRPC_ADDR",
                                grpc,
                                "HTTP_ADDR",
                                http,
                                "AGENT_ADDR",
                                Processes.freeAddress(),
                                "READY_FILE",
                                ready.toString()));
        Started cluster = new Started(process, grpc, http, data, log);
        Processes.await(cluster, () -> Files.exists(ready));
        return cluster;
    }

    private void note(InstanceEvent event) {
        String id = event.getInstance().getId();
        long now = clock.nanos();
        if (event.getType() == EventType.EVENT_TYPE_DELETED) {
            existing.remove(id);
        } else if (event.hasInstance()) {
            existing.put(id, now);
            if (event.getInstance().getState() == InstanceState.INSTANCE_STATE_RUNNING) {
                runningSince.putIfAbsent(id, now);
            }
        }
    }

    /** From the call until the watch shows it running; returns its id. */
    private String create(
            Started cluster,
            ComputeServiceBlockingStub compute,
            CreateInstanceRequest request,
            Latencies times) {
        long begun = clock.nanos();
        String id = compute.createInstance(request).getId();
        Processes.await(cluster, () -> runningSince.containsKey(id));
        times.record(runningSince.get(id) - begun);
        return id;
    }

    private void delete(Started cluster, ComputeServiceBlockingStub compute, String id) {
        var _ =
                compute.deleteInstance(
                        DeleteInstanceRequest.newBuilder()
                                .setInstanceId(id)
                                .setForce(true)
                                .build());
        Processes.await(cluster, () -> !existing.containsKey(id));
    }

    private void containers(Setting setting, Started cluster, ComputeServiceBlockingStub compute) {
        Latencies ours = new Latencies();
        Latencies wired = new Latencies();
        Latencies theirs = new Latencies();
        Latencies alike = new Latencies();
        String network = network(cluster);
        Ctr ctr =
                new Ctr(setting.processes(), cluster.data().resolve("containerd/containerd.sock"));
        Path filter = cluster.data().resolve("seccomp.json");
        for (int i = -WARM_UP; i < setting.size().guests(); i++) {
            boolean counts = i >= 0;
            var request = Clients.container("c" + (i + WARM_UP), IMAGE).toBuilder();
            request.getSpecBuilder().addCommand("sleep").addArgs("3600").setMemoryBytes(MEMORY);
            String id = create(cluster, compute, request.build(), counts ? ours : new Latencies());
            ctr.writeFilter(id, filter);
            delete(cluster, compute, id);
            request.setName("p" + (i + WARM_UP));
            request.getSpecBuilder().getNetworkBuilder().setNetworkId(network);
            id = create(cluster, compute, request.build(), counts ? wired : new Latencies());
            delete(cluster, compute, id);
            theirs(ctr, "peer" + i, counts ? theirs : new Latencies());
            theirs(
                    ctr,
                    "alike" + i,
                    counts ? alike : new Latencies(),
                    "--seccomp",
                    "--seccomp-profile=" + filter,
                    "--memory-limit=" + MEMORY,
                    "--cpus=1");
        }
        compared(setting.table(), "container", "`ctr run -d`", ours, theirs, 1.0);
        compared(
                setting.table(),
                "container with a port",
                "`ctr run -d`, without a network",
                wired,
                theirs,
                1.5);
        setting.table()
                .add(
                        "create container until running, the same median",
                        Unit.TIME,
                        ours.median(),
                        new Baseline("`ctr run -d` with the same limits", alike.median()));
    }

    /** One with room for every container's port, on the cluster's Open vSwitch. */
    private static String network(Started cluster) {
        return Clients.with(
                cluster,
                channel -> {
                    var api = NetworkServiceGrpc.newBlockingStub(channel);
                    String id =
                            api.createNetwork(
                                            CreateNetworkRequest.newBuilder()
                                                    .setName("bench")
                                                    .build())
                                    .getNetwork()
                                    .getId();
                    var _ =
                            api.createSubnet(
                                    CreateSubnetRequest.newBuilder()
                                            .setName("bench")
                                            .setNetworkId(id)
                                            .setCidr("10.0.0.0/20")
                                            .build());
                    return id;
                });
    }

    /** Runs a container, and removes it. */
    private void theirs(Ctr ctr, String name, Latencies times, String... limits) {
        List<String> run = new ArrayList<>(List.of("run", "-d"));
        run.addAll(List.of(limits));
        run.addAll(List.of("docker.io/" + IMAGE, name, "sleep", "3600"));
        long begun = clock.nanos();
        ctr.run("bench", run);
        times.record(clock.nanos() - begun);
        ctr.run("bench", List.of("task", "rm", "-f", name));
        ctr.run("bench", List.of("container", "rm", name));
    }

    private record Ctr(Processes processes, Path socket) {
        String run(String namespace, List<String> args) {
            var all =
                    Stream.concat(
                            Stream.of("ctr", "-a", socket.toString(), "-n", namespace),
                            args.stream());
            return output(processes, all.toArray(String[]::new));
        }

        /** The filter of system calls that one of ours runs under. */
        void writeFilter(String id, Path file) {
            String info = run("hypervisor", List.of("container", "info", id));
            try {
                Files.writeString(
                        file,
                        JsonParser.parseString(info)
                                .getAsJsonObject()
                                .getAsJsonObject("Spec")
                                .getAsJsonObject("linux")
                                .getAsJsonObject("seccomp")
                                .toString());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private void vms(Setting setting, Started cluster, ComputeServiceBlockingStub compute) {
        Latencies ours = new Latencies();
        Latencies theirs = new Latencies();
        String uri = "qemu+unix:///system?socket=" + cluster.data().resolve("libvirt/libvirt-sock");
        Processes processes = setting.processes();
        for (int i = -2; i < setting.size().guests() / CONTAINERS_PER_VM; i++) {
            var request = Clients.container("v" + (i + 2), "demo-guest").toBuilder();
            request.setType(InstanceType.INSTANCE_TYPE_VM)
                    .getSpecBuilder()
                    .setMemoryBytes(128 << 20);
            String id = create(cluster, compute, request.build(), i < 0 ? new Latencies() : ours);
            Path xml = twin(processes, uri, cluster.data(), id);
            delete(cluster, compute, id);
            long begun = clock.nanos();
            output(processes, "virsh", "-q", "-c", uri, "create", xml.toString());
            if (i >= 0) {
                theirs.record(clock.nanos() - begun);
            }
            output(processes, "virsh", "-q", "-c", uri, "destroy", "twin");
        }
        compared(setting.table(), "VM", "`virsh create`", ours, theirs, 1.1);
    }

    /** The same guest as a VM and as a microVM, until it says itself that it is up. */
    private void boots(Setting setting, Started cluster, ComputeServiceBlockingStub compute) {
        Map<InstanceType, Latencies> times = new EnumMap<>(InstanceType.class);
        for (int i = 0; i < setting.size().guests() / CONTAINERS_PER_VM; i++) {
            for (InstanceType type :
                    List.of(InstanceType.INSTANCE_TYPE_VM, InstanceType.INSTANCE_TYPE_MICROVM)) {
                var request =
                        Clients.container("b-%d-%d".formatted(i, type.getNumber()), "demo-guest")
                                .toBuilder();
                request.setType(type).getSpecBuilder().setMemoryBytes(128 << 20);
                long begun = clock.nanos();
                String id = create(cluster, compute, request.build(), new Latencies());
                awaitReady(compute, id);
                times.computeIfAbsent(type, t -> new Latencies()).record(clock.nanos() - begun);
                delete(cluster, compute, id);
            }
        }
        setting.table()
                .add(
                        "create microVM until its guest is up, median",
                        Unit.TIME,
                        times.get(InstanceType.INSTANCE_TYPE_MICROVM).median(),
                        new Baseline(
                                "the same guest as a VM",
                                times.get(InstanceType.INSTANCE_TYPE_VM).median()));
    }

    private static void awaitReady(ComputeServiceBlockingStub compute, String id) {
        Iterator<InstanceLogChunk> log =
                compute.getInstanceLogs(
                        GetInstanceLogsRequest.newBuilder()
                                .setInstanceId(id)
                                .setFollow(true)
                                .build());
        StringBuilder text = new StringBuilder();
        while (text.indexOf("demo-guest ready") < 0) {
            text.append(log.next().getData().toStringUtf8());
        }
    }

    /** The domain's XML under another name, over a copy of its files, without our mark. */
    private static Path twin(Processes processes, String uri, Path data, String id) {
        String xml = output(processes, "virsh", "-q", "-c", uri, "dumpxml", "--inactive", id);
        Path folder = data.resolve("agent/vm/" + id);
        Path copy = data.resolve("twin");
        output(processes, "cp", "-a", "--no-target-directory", folder.toString(), copy.toString());
        try {
            return Files.writeString(
                    data.resolve("twin.xml"),
                    xml.replaceAll("(?s)<metadata>.*</metadata>", "")
                            .replaceAll("<uuid>.*</uuid>", "")
                            .replaceAll("<name>.*</name>", "<name>twin</name>")
                            .replace(folder.toString(), copy.toString()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void compared(
            ResultTable table,
            String what,
            String peer,
            Latencies ours,
            Latencies theirs,
            double promised) {
        table.add(
                "create %s until running, whole control plane, median of %d"
                        .formatted(what, ours.count()),
                Unit.TIME,
                ours.median(),
                new Baseline(peer, theirs.median()),
                Promise.timesBaseline(promised));
        table.add(
                "create %s until running, whole control plane, p95".formatted(what),
                Unit.TIME,
                ours.percentile(PERCENT_95),
                new Baseline(peer, theirs.percentile(PERCENT_95)));
    }
}
