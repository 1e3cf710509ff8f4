package io.hypervisor.console;

import io.hypervisor.api.v1.CreateInstanceRequest;
import io.hypervisor.api.v1.DiskSpec;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.RestartPolicy;
import io.hypervisor.api.v1.VolumeMount;

import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** What an instance to create is made of: a file, flags, or a file that flags change. */
final class InstanceOptions {
    // A request may hold 64 KiB each of annotations, command, arguments and environment.
    private static final int MAX_FILE_BYTES = 1024 * 1024;

    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "NAME",
            description = "Its name. May be left out when a file has it.")
    String name;

    @Parameters(
            index = "1..*",
            paramLabel = "COMMAND",
            description = "After --: what a container runs instead of its image's own command.")
    List<String> command = new ArrayList<>();

    @Option(
            names = {"-f", "--file"},
            paramLabel = "FILE",
            defaultValue = "",
            description = "A CreateInstanceRequest in YAML or JSON; - reads stdin.")
    String file;

    @Option(
            names = {"-t", "--type"},
            paramLabel = "TYPE",
            completionCandidates = Candidates.Types.class,
            description = "One of ${COMPLETION-CANDIDATES}.")
    InstanceType type = InstanceType.INSTANCE_TYPE_UNSPECIFIED;

    @Option(
            names = {"-i", "--image"},
            paramLabel = "IMAGE",
            defaultValue = "",
            description = "What it boots or runs; see hvctl image list.")
    String image;

    @Option(names = "--cpus", paramLabel = "N", defaultValue = "0", description = "Default: 1.")
    int cpus;

    @Option(
            names = {"-m", "--memory"},
            paramLabel = "SIZE",
            defaultValue = "0",
            description = "For example 2GiB. Default: 512MiB.")
    Hvctl.Bytes memory;

    @Option(
            names = "--disk",
            paramLabel = "NAME=SIZE[,boot][,type=T]",
            description = "A disk of a VM. May be repeated.")
    List<String> disks = new ArrayList<>();

    @Mixin MachineOptions machine;

    @Option(
            names = "--kernel",
            paramLabel = "IMAGE",
            defaultValue = "",
            description = "Boot a VM from this kernel.")
    String kernel;

    @Option(
            names = "--initrd",
            paramLabel = "IMAGE",
            defaultValue = "",
            description = "The kernel's initial RAM disk.")
    String initrd;

    @Option(
            names = "--kernel-args",
            paramLabel = "TEXT",
            defaultValue = "",
            description = "The kernel's command line.")
    String kernelArgs;

    @Option(
            names = {"-e", "--env"},
            paramLabel = "KEY=VALUE",
            description = "A container's environment. May be repeated.")
    Map<String, String> env = new HashMap<>();

    @Option(
            names = "--network",
            paramLabel = "NETWORK",
            defaultValue = "",
            description = "Its network. Default: the cluster's default network, if it has one.")
    String network;

    @Option(
            names = "--subnet",
            paramLabel = "SUBNET",
            defaultValue = "",
            description = "Where its address is from. Default: any of the network.")
    String subnet;

    @Option(
            names = "--group",
            paramLabel = "GROUP",
            split = ",",
            description = "Its security groups. Default: the network's default group.")
    List<String> groups = new ArrayList<>();

    @Option(
            names = "--public-ip",
            description = "Also take a floating IP of the network that its router leads to.")
    boolean publicIp;

    @Option(names = "--tty", description = "Give a container a terminal.")
    boolean tty;

    @Option(
            names = {"-u", "--user"},
            paramLabel = "USER[:GROUP]",
            defaultValue = "",
            description = "Who a container's process is. Default: as its image says.")
    String user;

    @Option(
            names = {"-w", "--workdir"},
            paramLabel = "PATH",
            defaultValue = "",
            description = "Where a container's process begins. Default: as its image says.")
    String workingDir;

    @Option(
            names = {"-v", "--volume"},
            paramLabel = "NAME:PATH[:ro]",
            description = "A volume of the node in a container. May be repeated.")
    List<String> volumes = new ArrayList<>();

    @Option(
            names = "--pids-limit",
            paramLabel = "N",
            description = "Processes and threads of a container at once. Default: 16384.")
    long pidsLimit;

    @Option(
            names = "--restart-policy",
            paramLabel = "POLICY",
            completionCandidates = Candidates.RestartPolicies.class,
            description =
                    "What happens when it ends by itself: ${COMPLETION-CANDIDATES}. Default:"
                            + " on-failure.")
    RestartPolicy restartPolicy = RestartPolicy.RESTART_POLICY_UNSPECIFIED;

    @Option(
            names = {"-l", "--label"},
            paramLabel = "KEY=VALUE",
            description = "May be repeated.")
    Map<String, String> labels = new HashMap<>();

    @Option(names = "--annotation", paramLabel = "KEY=VALUE", description = "May be repeated.")
    Map<String, String> annotations = new HashMap<>();

    @Option(
            names = {"-n", "--node"},
            paramLabel = "NODE",
            defaultValue = "",
            completionCandidates = Candidates.Nodes.class,
            description = "The node to try first.")
    String node;

    @Option(names = "--region", defaultValue = "", description = "Only this region.")
    String region;

    @Option(names = "--zone", defaultValue = "", description = "Only this zone.")
    String zone;

    @Option(names = "--queue", description = "Without room: wait for it instead of failing.")
    boolean queue;

    /** The request, without a request_id unless the file has one. */
    CreateInstanceRequest request(Hvctl hvctl) {
        CreateInstanceRequest.Builder request = CreateInstanceRequest.newBuilder();
        if (!file.isEmpty()) {
            Yaml.merge(read(hvctl, file), file.equals("-") ? "stdin" : file, request);
        }
        if (name != null) {
            request.setName(name);
        }
        if (type != InstanceType.INSTANCE_TYPE_UNSPECIFIED) {
            request.setType(type);
        }
        if (!node.isEmpty()) {
            request.setPreferredNodeId(new Lookup(hvctl.session()).node(node).getId());
        }
        set(region, request::setRegion);
        set(zone, request::setZone);
        if (queue) {
            request.setQueue(true);
        }
        if (!labels.isEmpty() || !annotations.isEmpty()) {
            request.getMetadataBuilder().putAllLabels(labels).putAllAnnotations(annotations);
        }
        spec(request.getSpecBuilder());
        machine.into(request, hvctl);
        network(request.getSpecBuilder(), new NetworkLookup(hvctl.session()));
        return complete(request.build());
    }

    private void spec(InstanceSpec.Builder spec) {
        set(image, spec::setImage);
        set(kernel, spec::setKernel);
        set(initrd, spec::setInitrd);
        set(kernelArgs, spec::setKernelArgs);
        if (cpus != 0) {
            spec.setCpuCores(cpus);
        }
        if (memory.value() != 0) {
            spec.setMemoryBytes(memory.value());
        }
        disks.forEach(disk -> spec.addDisks(disk(disk)));
        spec.putAllEnv(env);
        if (!command.isEmpty()) {
            // Both are given, so that nothing of the image's own command is left over.
            spec.clearCommand().addCommand(command.getFirst());
            spec.clearArgs().addAllArgs(command.subList(1, command.size()));
        }
        if (tty) {
            spec.setTty(true);
        }
        set(user, spec::setUser);
        set(workingDir, spec::setWorkingDir);
        volumes.forEach(volume -> spec.addVolumeMounts(mount(volume)));
        if (pidsLimit != 0) {
            spec.getLimitsBuilder().setPidsLimit(pidsLimit);
        }
        if (restartPolicy != RestartPolicy.RESTART_POLICY_UNSPECIFIED) {
            spec.setRestartPolicy(restartPolicy);
        }
    }

    private void network(InstanceSpec.Builder spec, NetworkLookup lookup) {
        if (!network.isEmpty()) {
            spec.getNetworkBuilder().setNetworkId(lookup.network(network).getId());
        }
        if (!subnet.isEmpty()) {
            spec.getNetworkBuilder().setSubnetId(lookup.subnet(subnet).getId());
        }
        groups.forEach(
                group -> spec.getNetworkBuilder().addSecurityGroups(lookup.group(group).getId()));
        if (publicIp) {
            spec.getNetworkBuilder().setAssignPublicIp(true);
        }
    }

    // The controller would say so too, but in the words of the API.
    private static CreateInstanceRequest complete(CreateInstanceRequest request) {
        if (request.getName().isEmpty()) {
            throw Problem.usage("the instance has no name", "hvctl instance create NAME");
        }
        if (request.getType() == InstanceType.INSTANCE_TYPE_UNSPECIFIED) {
            throw Problem.usage(
                    request.getName() + " has no type",
                    "--type " + String.join(", --type ", Words.all(InstanceType.class)));
        }
        return request;
    }

    private static VolumeMount mount(String text) {
        String[] parts = text.split(":", -1);
        boolean readOnly = parts.length == 3 && parts[2].equals("ro");
        if (parts.length != 2 && !readOnly) {
            throw Problem.usage(
                    "--volume " + text + " (expected: NAME:PATH or NAME:PATH:ro)",
                    "for example --volume data:/var/lib/data");
        }
        return VolumeMount.newBuilder()
                .setName(parts[0])
                .setMountPath(parts[1])
                .setReadOnly(readOnly)
                .build();
    }

    private static DiskSpec disk(String text) {
        String[] parts = text.split(",", -1);
        int equals = parts[0].indexOf('=');
        if (equals <= 0) {
            throw Problem.usage(
                    "--disk " + text + " (expected: NAME=SIZE)", "for example --disk data=10GiB");
        }
        DiskSpec.Builder disk = DiskSpec.newBuilder().setName(parts[0].substring(0, equals));
        try {
            disk.setSizeBytes(Units.bytes(parts[0].substring(equals + 1)));
        } catch (IllegalArgumentException e) {
            throw Problem.usage("--disk " + text + ": " + e.getMessage(), "");
        }
        for (int i = 1; i < parts.length; i++) {
            if (parts[i].equals("boot")) {
                disk.setBoot(true);
            } else if (parts[i].startsWith("type=")) {
                disk.setType(parts[i].substring("type=".length()));
            } else {
                throw Problem.usage(
                        "--disk " + text + ": " + parts[i] + " (expected: boot or type=T)", "");
            }
        }
        return disk.build();
    }

    private static void set(String value, Consumer<String> setter) {
        if (!value.isEmpty()) {
            setter.accept(value);
        }
    }

    /** A file's text, or that of stdin for "-". */
    static String read(Hvctl hvctl, String file) {
        try (InputStream in =
                file.equals("-")
                        ? hvctl.surroundings().in()
                        : Files.newInputStream(Path.of(file))) {
            byte[] bytes = in.readNBytes(MAX_FILE_BYTES + 1);
            if (bytes.length > MAX_FILE_BYTES) {
                throw Problem.usage(file + " is larger than 1 MiB", "");
            }
            return new String(bytes, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file, e);
        }
    }
}
