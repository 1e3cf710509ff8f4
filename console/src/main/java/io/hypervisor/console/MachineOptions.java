package io.hypervisor.console;

import io.hypervisor.api.v1.CpuTopology;
import io.hypervisor.api.v1.CreateInstanceRequest;
import io.hypervisor.api.v1.Firmware;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.Watchdog;

import picocli.CommandLine.Option;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What makes a VM: its hardware, and what its guest is told at its first boot. */
final class MachineOptions {
    private static final Pattern TOPOLOGY = Pattern.compile("(\\d{1,3})x(\\d{1,3})x(\\d{1,3})");

    @Option(
            names = "--firmware",
            paramLabel = "F",
            completionCandidates = Candidates.Firmwares.class,
            description = "What starts a VM's guest: ${COMPLETION-CANDIDATES}. Default: bios.")
    Firmware firmware = Firmware.FIRMWARE_UNSPECIFIED;

    @Option(
            names = "--max-cpus",
            paramLabel = "N",
            description =
                    "Up to how many a VM can be given while it runs. Default: as many as now.")
    int maxCpus;

    @Option(
            names = "--topology",
            paramLabel = "SxCxT",
            defaultValue = "",
            description = "Sockets, cores of each and threads of those, as a VM's guest sees them.")
    String topology;

    @Option(
            names = "--watchdog",
            paramLabel = "ACTION",
            completionCandidates = Candidates.Watchdogs.class,
            description =
                    "Give a VM a watchdog; what happens when its guest does not feed it:"
                            + " ${COMPLETION-CANDIDATES}.")
    Watchdog watchdog = Watchdog.WATCHDOG_UNSPECIFIED;

    @Option(
            names = "--ssh-key",
            paramLabel = "FILE",
            description = "Public keys that may log in to a VM with cloud-init. May be repeated.")
    List<String> sshKeys = new ArrayList<>();

    @Option(
            names = "--user-data",
            paramLabel = "FILE",
            defaultValue = "",
            description = "User data for a VM's cloud-init, passed on as it is; - reads stdin.")
    String userData;

    @Option(
            names = "--network-config",
            paramLabel = "FILE",
            defaultValue = "",
            description = "Network configuration for a VM's cloud-init. Default: DHCP.")
    String networkConfig;

    void into(CreateInstanceRequest.Builder request, Hvctl hvctl) {
        spec(request.getSpecBuilder());
        if (!sshKeys.isEmpty()) {
            String keys =
                    sshKeys.stream()
                            .map(file -> InstanceOptions.read(hvctl, file))
                            .collect(Collectors.joining("\n"));
            annotate(request, "ssh-authorized-keys", keys);
        }
        Map.of("user-data", userData, "network-config", networkConfig)
                .forEach(
                        (key, file) -> {
                            if (!file.isEmpty()) {
                                annotate(request, key, InstanceOptions.read(hvctl, file));
                            }
                        });
    }

    private static void annotate(CreateInstanceRequest.Builder request, String key, String text) {
        request.getMetadataBuilder().putAnnotations("cloud-init/" + key, text);
    }

    private void spec(InstanceSpec.Builder spec) {
        if (firmware != Firmware.FIRMWARE_UNSPECIFIED) {
            spec.setFirmware(firmware);
        }
        if (maxCpus != 0) {
            spec.setMaxCpuCores(maxCpus);
        }
        if (watchdog != Watchdog.WATCHDOG_UNSPECIFIED) {
            spec.setWatchdog(watchdog);
        }
        if (!topology.isEmpty()) {
            spec.setCpuTopology(topology(topology));
        }
    }

    private static CpuTopology topology(String text) {
        Matcher parts = TOPOLOGY.matcher(text);
        if (!parts.matches()) {
            throw Problem.usage(
                    "--topology " + text + " (expected: SOCKETSxCORESxTHREADS)",
                    "for example --topology 1x4x2");
        }
        return CpuTopology.newBuilder()
                .setSockets(Integer.parseInt(parts.group(1)))
                .setCores(Integer.parseInt(parts.group(2)))
                .setThreads(Integer.parseInt(parts.group(3)))
                .build();
    }
}
