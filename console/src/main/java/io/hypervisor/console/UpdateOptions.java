package io.hypervisor.console;

import com.google.protobuf.FieldMask;

import io.hypervisor.api.v1.DiskSpec;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.Metadata;
import io.hypervisor.api.v1.RestartPolicy;
import io.hypervisor.api.v1.UpdateInstanceRequest;

import picocli.CommandLine.Option;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What to change of an instance; what is not given stays. */
final class UpdateOptions {
    private static final long NOT_GIVEN = -1;

    @Option(names = "--cpus", paramLabel = "N", defaultValue = "-1", description = "Processors.")
    int cpus;

    @Option(
            names = "--max-cpus",
            paramLabel = "N",
            defaultValue = "-1",
            description = "Up to how many a VM can be given while it runs.")
    int maxCpus;

    @Option(
            names = {"-m", "--memory"},
            paramLabel = "SIZE",
            description = "For example 2GiB.")
    Hvctl.Bytes memory = new Hvctl.Bytes(NOT_GIVEN);

    @Option(
            names = "--memory-limit",
            paramLabel = "SIZE",
            description = "What it may use of its memory; 0: all.")
    Hvctl.Bytes memoryLimit = new Hvctl.Bytes(NOT_GIVEN);

    @Option(
            names = "--cpu-quota",
            paramLabel = "MICROSECONDS",
            defaultValue = "-1",
            description = "Processor time in a period of 100,000; 0: no limit.")
    long cpuQuota;

    @Option(
            names = "--io-read",
            paramLabel = "SIZE",
            description = "Read from disks in a second at most; 0: no limit.")
    Hvctl.Bytes ioRead = new Hvctl.Bytes(NOT_GIVEN);

    @Option(
            names = "--io-write",
            paramLabel = "SIZE",
            description = "Written to disks in a second at most; 0: no limit.")
    Hvctl.Bytes ioWrite = new Hvctl.Bytes(NOT_GIVEN);

    @Option(
            names = "--pids-limit",
            paramLabel = "N",
            defaultValue = "-1",
            description = "Processes and threads of a container at once; 0: 16384.")
    long pidsLimit;

    @Option(
            names = {"-e", "--env"},
            paramLabel = "KEY=VALUE",
            description = "Add to a container's environment, or replace there. May be repeated.")
    Map<String, String> env = new HashMap<>();

    @Option(
            names = "--remove-env",
            paramLabel = "KEY",
            description = "Take out of a container's environment. May be repeated.")
    List<String> removedEnv = new ArrayList<>();

    @Option(
            names = "--disk",
            paramLabel = "NAME=SIZE",
            description = "Make a disk of it larger. May be repeated.")
    Map<String, Hvctl.Bytes> disks = new HashMap<>();

    @Option(
            names = "--restart-policy",
            paramLabel = "POLICY",
            completionCandidates = Candidates.RestartPolicies.class,
            description = "What happens when it ends by itself: ${COMPLETION-CANDIDATES}.")
    RestartPolicy restartPolicy = RestartPolicy.RESTART_POLICY_UNSPECIFIED;

    @Option(
            names = {"-l", "--label"},
            paramLabel = "KEY=VALUE",
            description = "Add or replace a label. May be repeated.")
    Map<String, String> labels = new HashMap<>();

    @Option(
            names = "--remove-label",
            paramLabel = "KEY",
            description = "Remove a label. May be repeated.")
    List<String> removedLabels = new ArrayList<>();

    /** The request, which counts only for the instance as it is now. */
    UpdateInstanceRequest request(Instance now) {
        Set<String> paths = new LinkedHashSet<>();
        InstanceSpec.Builder spec = now.getSpec().toBuilder();
        if (cpus >= 0) {
            spec.setCpuCores(cpus);
            paths.add("spec.cpu_cores");
        }
        if (maxCpus >= 0) {
            spec.setMaxCpuCores(maxCpus);
            paths.add("spec.max_cpu_cores");
        }
        if (memory.value() >= 0) {
            spec.setMemoryBytes(memory.value());
            paths.add("spec.memory_bytes");
        }
        if (restartPolicy != RestartPolicy.RESTART_POLICY_UNSPECIFIED) {
            spec.setRestartPolicy(restartPolicy);
            paths.add("spec.restart_policy");
        }
        if (!env.isEmpty() || !removedEnv.isEmpty()) {
            removedEnv.forEach(spec::removeEnv);
            spec.putAllEnv(env);
            paths.add("spec.env");
        }
        limits(spec, paths);
        disks(now, spec, paths);
        Metadata.Builder metadata = now.getMetadata().toBuilder();
        if (!labels.isEmpty() || !removedLabels.isEmpty()) {
            removedLabels.forEach(metadata::removeLabels);
            metadata.putAllLabels(labels);
            paths.add("metadata.labels");
        }
        if (paths.isEmpty()) {
            throw Problem.usage("nothing to change", "for example --memory 2GiB");
        }
        return UpdateInstanceRequest.newBuilder()
                .setInstanceId(now.getId())
                .setSpec(spec)
                .setMetadata(metadata)
                .setUpdateMask(FieldMask.newBuilder().addAllPaths(paths))
                .setExpectedRevision(now.getRevision())
                .build();
    }

    private void limits(InstanceSpec.Builder spec, Set<String> paths) {
        InstanceSpec before = spec.build();
        if (memoryLimit.value() >= 0) {
            spec.getLimitsBuilder().setMemoryLimit(memoryLimit.value());
        }
        if (cpuQuota >= 0) {
            spec.getLimitsBuilder().setCpuQuota(cpuQuota);
        }
        if (ioRead.value() >= 0) {
            spec.getLimitsBuilder().setIoReadBps(ioRead.value());
        }
        if (ioWrite.value() >= 0) {
            spec.getLimitsBuilder().setIoWriteBps(ioWrite.value());
        }
        if (pidsLimit >= 0) {
            spec.getLimitsBuilder().setPidsLimit(pidsLimit);
        }
        if (!spec.build().equals(before)) {
            paths.add("spec.limits");
        }
    }

    private void disks(Instance now, InstanceSpec.Builder spec, Set<String> paths) {
        disks.forEach(
                (name, size) -> {
                    DiskSpec.Builder disk =
                            spec.getDisksBuilderList().stream()
                                    .filter(d -> d.getName().equals(name))
                                    .findFirst()
                                    .orElseThrow(
                                            () ->
                                                    Problem.usage(
                                                            now.getName() + " has no disk " + name,
                                                            "hvctl instance get "
                                                                    + now.getName()
                                                                    + " -o yaml"));
                    disk.setSizeBytes(size.value());
                    paths.add("spec.disks");
                });
    }
}
