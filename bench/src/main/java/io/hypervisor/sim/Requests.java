package io.hypervisor.sim;

import io.hypervisor.api.internal.v1.InstanceRecord;
import io.hypervisor.api.internal.v1.NodeRecord;
import io.hypervisor.api.v1.AffinityRule;
import io.hypervisor.api.v1.CreateInstanceRequest;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.LostContactPolicy;
import io.hypervisor.api.v1.Metadata;
import io.hypervisor.api.v1.PlacementPolicy;
import io.hypervisor.api.v1.PlacementStrategy;
import io.hypervisor.api.v1.Relocation;
import io.hypervisor.api.v1.ResourceLimits;
import io.hypervisor.api.v1.RestartPolicy;
import io.hypervisor.api.v1.UpdateInstanceRequest;
import io.hypervisor.controller.state.Entry;
import io.hypervisor.controller.state.Snapshot;

import java.util.List;
import java.util.Locale;
import java.util.random.RandomGenerator;

/** Makes requests up: every policy, names that are taken, instances that end, and large ones. */
final class Requests {
    private static final int NAMES = 40;
    private static final long MIN_MEMORY = 64L << 20;
    private static final List<RestartPolicy> RESTARTS =
            List.of(
                    RestartPolicy.RESTART_POLICY_ON_FAILURE,
                    RestartPolicy.RESTART_POLICY_ON_FAILURE,
                    RestartPolicy.RESTART_POLICY_ALWAYS,
                    RestartPolicy.RESTART_POLICY_NEVER);
    private static final List<String> IMAGES =
            List.of("run", "run", "run", "run", "run", "deaf", "exit-0", "exit-1");

    private final RandomGenerator random;

    Requests(RandomGenerator random) {
        this.random = random;
    }

    CreateInstanceRequest create(Snapshot now, String attempt) {
        CreateInstanceRequest.Builder request =
                CreateInstanceRequest.newBuilder()
                        .setName("i-" + random.nextInt(NAMES))
                        .setType(type(now))
                        .setSpec(spec(now))
                        .setMetadata(
                                Metadata.newBuilder()
                                        .putLabels("color", random.nextBoolean() ? "blue" : "red")
                                        .putAnnotations(Ledger.ATTEMPT, attempt))
                        .setPlacement(policy())
                        .setQueue(random.nextInt(3) == 0);
        if (random.nextInt(10) < 7) {
            request.setRequestId("request-" + attempt);
        }
        return request.build();
    }

    /** Some fields of an instance, written anew. */
    UpdateInstanceRequest update(InstanceRecord old, long revision) {
        UpdateInstanceRequest.Builder request =
                UpdateInstanceRequest.newBuilder()
                        .setInstanceId(old.getId())
                        .setExpectedRevision(random.nextInt(4) == 0 ? revision : 0)
                        .setSpec(
                                InstanceSpec.newBuilder()
                                        .setCpuCores(1 + random.nextInt(3))
                                        .setMemoryBytes(
                                                MIN_MEMORY
                                                        + random.nextLong(
                                                                2 * old.getSpec().getMemoryBytes()))
                                        .setRestartPolicy(
                                                RESTARTS.get(random.nextInt(RESTARTS.size())))
                                        .setLimits(
                                                ResourceLimits.newBuilder()
                                                        .setPidsLimit(1 + random.nextInt(100))))
                        .setMetadata(
                                old.getMetadata().toBuilder()
                                        .putLabels("color", random.nextBoolean() ? "blue" : "red")
                                        .putAnnotations("note", "n" + random.nextInt(100)));
        for (int i = 1 + random.nextInt(3); i > 0; i--) {
            String path = Updates.PATHS.get(random.nextInt(Updates.PATHS.size()));
            if (!request.getUpdateMask().getPathsList().contains(path)) {
                request.getUpdateMaskBuilder().addPaths(path);
            }
        }
        return request.build();
    }

    private InstanceType type(Snapshot now) {
        List<String> types =
                now.nodes().values().stream()
                        .map(Entry::value)
                        .flatMap(node -> node.getSupportedInstanceTypesList().stream())
                        .distinct()
                        .sorted()
                        .toList();
        return types.isEmpty()
                ? InstanceType.INSTANCE_TYPE_CONTAINER
                : InstanceType.valueOf(
                        "INSTANCE_TYPE_"
                                + types.get(random.nextInt(types.size())).toUpperCase(Locale.ROOT));
    }

    /** Up to a third of the largest node, so that nodes fill up. */
    private InstanceSpec spec(Snapshot now) {
        NodeRecord largest =
                now.nodes().values().stream()
                        .map(Entry::value)
                        .max(
                                (a, b) ->
                                        Long.compare(
                                                a.getCapacity().getMemoryBytes(),
                                                b.getCapacity().getMemoryBytes()))
                        .orElse(NodeRecord.getDefaultInstance());
        long most = Math.max(MIN_MEMORY + 1, largest.getCapacity().getMemoryBytes() / 3);
        return InstanceSpec.newBuilder()
                .setImage(IMAGES.get(random.nextInt(IMAGES.size())))
                .setCpuCores(1 + random.nextInt(2))
                .setMemoryBytes(MIN_MEMORY + random.nextLong(most - MIN_MEMORY))
                .setRestartPolicy(RESTARTS.get(random.nextInt(RESTARTS.size())))
                .build();
    }

    private PlacementPolicy policy() {
        boolean stops = random.nextInt(3) == 0;
        PlacementPolicy.Builder policy =
                PlacementPolicy.newBuilder()
                        .setRelocation(
                                random.nextBoolean()
                                        ? Relocation.RELOCATION_RECREATE
                                        : Relocation.RELOCATION_KEEP)
                        .setStrategy(
                                random.nextBoolean()
                                        ? PlacementStrategy.PLACEMENT_STRATEGY_SPREAD
                                        : PlacementStrategy.PLACEMENT_STRATEGY_BIN_PACK)
                        .setPriority(random.nextInt(3))
                        .setOnLostContact(
                                stops
                                        ? LostContactPolicy.LOST_CONTACT_POLICY_STOP
                                        : LostContactPolicy.LOST_CONTACT_POLICY_KEEP);
        if (stops) {
            policy.setLostContactSeconds(30 + random.nextInt(30));
        }
        if (random.nextInt(8) == 0) {
            policy.addAffinity(
                    AffinityRule.newBuilder()
                            .putLabelSelector("color", "red")
                            .setAnti(true)
                            .setRequired(random.nextBoolean()));
        }
        return policy.build();
    }
}
