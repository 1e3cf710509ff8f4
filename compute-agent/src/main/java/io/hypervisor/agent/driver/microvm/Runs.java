package io.hypervisor.agent.driver.microvm;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.Nics;
import io.hypervisor.api.internal.v1.Nic;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceStats;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Command;
import io.hypervisor.core.Tasks;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Begins, asks and ends the QEMUs of instances, by their folders. Knows nothing of records. */
final class Runs {
    static final String QEMU = "qemu-system-x86_64";

    private static final Logger log = LoggerFactory.getLogger(Runs.class);
    private static final Duration LAUNCH = Duration.ofSeconds(30);
    private static final Duration ANSWER = Duration.ofSeconds(5);
    private static final Duration QUIT = Duration.ofSeconds(5);
    private static final Duration KILL = Duration.ofSeconds(10);
    private static final Duration LINK = Duration.ofSeconds(10);
    private static final Duration DEVICE_GONE = Duration.ofSeconds(2);
    private static final Path DEVICES = Path.of("/sys/class/net");
    private static final String OUTPUT = "qemu.log";
    private static final int MAX_TOLD = 1024;

    private final Clock clock;
    private final Tasks tasks;
    private final Processes processes;

    Runs(Clock clock, Tasks tasks) {
        this.clock = clock;
        this.tasks = tasks;
        this.processes = new Processes(clock);
    }

    /**
     * What the guest does.
     *
     * @param launched whether its pid file is written; else all processes are searched
     */
    GuestState state(Path folder, boolean launched) {
        if (!isThere(folder, launched)) {
            return GuestState.ABSENT;
        }
        try {
            return GuestState.of(status(folder));
        } catch (IOException e) {
            if (!isThere(folder, launched)) {
                return GuestState.ABSENT;
            }
            log.warn("instance={} qemu=silent error=\"{}\"", folder.getFileName(), e.toString());
            return launched ? GuestState.SILENT : GuestState.WAITING;
        }
    }

    private boolean isThere(Path folder, boolean launched) {
        return (launched ? processes.find(folder) : processes.search(folder)).isPresent();
    }

    private String status(Path folder) throws IOException {
        JsonObject answer = talk(folder, qmp -> qmp.execute("query-status"));
        return answer.getAsJsonObject("return").get("status").getAsString();
    }

    private <T> T talk(Path folder, Qmp.Talk<T> talk) throws IOException {
        return Qmp.talk(folder.resolve(QemuArguments.COMMANDS), tasks, ANSWER, talk);
    }

    /** Makes a QEMU whose guest waits, in a session of its own. Returns when it takes commands. */
    void launch(Path folder, List<String> arguments, List<Nic> nics) {
        // What a process that has just ended had.
        nics.forEach(nic -> awaitFree(Nics.device(nic)));
        List<String> command = new ArrayList<>(List.of("setsid", QEMU));
        command.addAll(arguments);
        Path output = folder.resolve(OUTPUT);
        ProcessBuilder builder =
                new ProcessBuilder(command)
                        .directory(folder.toFile())
                        .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile());
        builder.environment().keySet().removeIf(name -> !name.equals("PATH"));
        try {
            Process process = builder.start();
            boolean known =
                    processes.await(
                            LAUNCH, () -> !process.isAlive() || takesCommands(folder, process));
            if (!process.isAlive() || !known) {
                throw DriverException.passing("QEMU does not start: " + told(output), null);
            }
        } catch (IOException e) {
            throw DriverException.passing("cannot run QEMU: " + e.getMessage(), e);
        }
        nics.forEach(Runs::bringUp);
    }

    private boolean takesCommands(Path folder, Process process) {
        try {
            return processes.find(folder).filter(p -> p.pid() == process.pid()).isPresent()
                    && !status(folder).isEmpty();
        } catch (IOException notYet) {
            return false;
        }
    }

    private static String told(Path output) throws IOException {
        byte[] all = Files.readAllBytes(output);
        byte[] end = Arrays.copyOfRange(all, Math.max(0, all.length - MAX_TOLD), all.length);
        return new String(end, StandardCharsets.UTF_8).strip().replaceAll("\\s+", " ");
    }

    private void awaitFree(String device) {
        if (!processes.await(DEVICE_GONE, () -> !Files.exists(DEVICES.resolve(device)))) {
            throw DriverException.passing(
                    "interface " + device + " exists (expected: no device of that name)", null);
        }
    }

    private static void bringUp(Nic nic) {
        List<String> command = new ArrayList<>(List.of("ip", "link", "set", "dev"));
        command.add(Nics.device(nic));
        if (nic.getMtu() != 0) {
            command.addAll(List.of("mtu", Integer.toString(nic.getMtu())));
        }
        command.add("up");
        Command.Ended ended = Command.run(LINK, command);
        if (!ended.ok()) {
            throw DriverException.passing(ended.failure(), null);
        }
    }

    /** Presses the guest's power button; false if there is no way to. */
    boolean pressPowerButton(Path folder) {
        try {
            talk(folder, qmp -> qmp.execute("system_powerdown"));
            return true;
        } catch (IOException e) {
            log.warn("instance={} qemu=silent error=\"{}\"", folder.getFileName(), e.toString());
            return false;
        }
    }

    /** Lets the guest begin. */
    void begin(Path folder) {
        var _ = tell(folder, qmp -> qmp.execute("cont"));
    }

    /** Gives a running guest other sizes; returns what has to wait for a start. */
    List<String> reshape(Path folder, InstanceSpec spec) {
        return tell(folder, qmp -> new Reshaping(qmp, spec).become());
    }

    /** Makes a disk larger that a running guest has. */
    void resize(Path folder, Path disk, long bytes) {
        var _ =
                tell(
                        folder,
                        qmp -> {
                            Reshaping.resize(qmp, disk, bytes);
                            return true;
                        });
    }

    private <T> T tell(Path folder, Qmp.Talk<T> talk) {
        try {
            return talk(folder, talk);
        } catch (IOException e) {
            throw DriverException.passing("QEMU: " + e.getMessage(), e);
        }
    }

    /**
     * Ends the QEMU of an instance and lets it write what it holds. Returns whether there was one.
     *
     * @param launched whether its pid file is written; else all processes are searched
     */
    boolean end(Path folder, boolean launched) {
        Optional<ProcessHandle> found =
                launched ? processes.find(folder) : processes.search(folder);
        found.ifPresent(process -> end(folder, process));
        return found.isPresent();
    }

    private void end(Path folder, ProcessHandle process) {
        boolean gone = false;
        try {
            talk(folder, qmp -> qmp.execute("quit"));
            gone = processes.awaitGone(process, QUIT);
        } catch (IOException e) {
            log.debug("instance={} qemu=silent: killed", folder.getFileName(), e);
        }
        if (!gone && !processes.kill(process, KILL)) {
            throw DriverException.passing("QEMU " + process.pid() + " cannot be killed", null);
        }
    }

    /** Looks until the guest has ended; false if it does not in time. */
    boolean awaitOver(Path folder, Duration patience) {
        return processes.await(patience, () -> state(folder, true).over());
    }

    /** What a running QEMU uses. */
    InstanceStats.Builder stats(Path folder, List<Nic> nics) {
        ProcessHandle process =
                processes
                        .find(folder)
                        .orElseThrow(
                                () ->
                                        DriverException.passing(
                                                folder.getFileName() + " does not run", null));
        InstanceStats.Builder stats =
                InstanceStats.newBuilder()
                        .setCpuTimeNs(
                                process.info().totalCpuDuration().orElse(Duration.ZERO).toNanos());
        try {
            stats.setMemoryUsedBytes(residentBytes(process.pid()));
            JsonObject disks = talk(folder, qmp -> qmp.execute("query-blockstats"));
            stats.setDiskReadBytes(sum(disks, "rd_bytes"));
            stats.setDiskWriteBytes(sum(disks, "wr_bytes"));
            for (Nic nic : nics) {
                // What the node receives on the device, the guest has sent.
                Path counters = DEVICES.resolve(Nics.device(nic)).resolve("statistics");
                stats.setNetworkTxBytes(stats.getNetworkTxBytes() + count(counters, "rx_bytes"));
                stats.setNetworkRxBytes(stats.getNetworkRxBytes() + count(counters, "tx_bytes"));
            }
        } catch (IOException e) {
            throw DriverException.passing("QEMU does not tell what it uses: " + e.getMessage(), e);
        }
        return stats.setCollectedAt(clock.timestamp());
    }

    private static long residentBytes(long pid) throws IOException {
        return Files.readAllLines(Path.of("/proc", Long.toString(pid), "status")).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
                .sum();
    }

    private static long sum(JsonObject disks, String counter) {
        long sum = 0;
        for (JsonElement disk : disks.getAsJsonArray("return")) {
            sum += disk.getAsJsonObject().getAsJsonObject("stats").get(counter).getAsLong();
        }
        return sum;
    }

    private static long count(Path counters, String name) throws IOException {
        return Long.parseLong(Files.readString(counters.resolve(name)).strip());
    }
}
