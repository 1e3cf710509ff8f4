package io.hypervisor.agent.driver.containerd;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.containerd.wire.CreateTaskRequest;
import io.hypervisor.agent.driver.containerd.wire.DeleteTaskRequest;
import io.hypervisor.agent.driver.containerd.wire.GetTaskRequest;
import io.hypervisor.agent.driver.containerd.wire.KillTaskRequest;
import io.hypervisor.agent.driver.containerd.wire.ListTasksRequest;
import io.hypervisor.agent.driver.containerd.wire.Metric;
import io.hypervisor.agent.driver.containerd.wire.MetricsRequest;
import io.hypervisor.agent.driver.containerd.wire.Mount;
import io.hypervisor.agent.driver.containerd.wire.Process;
import io.hypervisor.agent.driver.containerd.wire.ResizePtyRequest;
import io.hypervisor.agent.driver.containerd.wire.ResumeTaskRequest;
import io.hypervisor.agent.driver.containerd.wire.StartTaskRequest;
import io.hypervisor.agent.driver.containerd.wire.TaskStatus;
import io.hypervisor.agent.driver.containerd.wire.UpdateTaskRequest;
import io.hypervisor.agent.driver.containerd.wire.WaitTaskRequest;
import io.hypervisor.core.FaultPoint;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Tasks: what runs, or has run and is not settled yet. */
final class Runs {
    // The kernel ends a killed process within moments, unless a disk does not answer.
    private static final Duration KILL_PATIENCE = Duration.ofSeconds(30);

    /**
     * What the shim runs where the container has a terminal: it can hand a terminal's output only
     * to a FIFO or a program. Opens for appending, so that the log may be truncated at any time;
     * outlives the signal that ends it, until the last byte is written.
     */
    private static final String LOGGER =
            """
            trap '' TERM
            exec 5>&- 4<&-
            exec cat <&3 >>"$1/console.log"
            """;

    private static final String RESOURCES_TYPE =
            "types.containerd.io/opencontainers/runtime-spec/1/LinuxResources";

    private final Daemon daemon;
    private final ContainerdConfig config;
    private final Path logger;

    Runs(Daemon daemon, ContainerdConfig config) {
        this.daemon = daemon;
        this.config = config;
        this.logger = config.data().resolve("console-logger");
        try {
            Files.writeString(logger, LOGGER);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Optional<Process> find(String id) {
        GetTaskRequest request = GetTaskRequest.newBuilder().setContainerId(id).build();
        return Daemon.find(() -> daemon.tasks().get(request).getProcess());
    }

    /** One that has begun and not ended. */
    Process alive(String id) {
        return find(id).filter(Runs::isAlive).orElseThrow(() -> notRunning(id));
    }

    static DriverException notRunning(String id) {
        return DriverException.passing("it does not run: " + id, null);
    }

    /** By container id. Those whose shim does not answer are missing. */
    Map<String, Process> list() {
        return Daemon.call(() -> daemon.tasks().list(ListTasksRequest.getDefaultInstance()))
                .getTasksList()
                .stream()
                .collect(Collectors.toMap(Process::getId, Function.identity(), (a, b) -> a));
    }

    static boolean isAlive(Process process) {
        return switch (process.getStatus()) {
            case RUNNING, PAUSED, PAUSING -> true;
            case UNKNOWN, CREATED, STOPPED, UNRECOGNIZED -> false;
        };
    }

    /** Makes a task whose processes have not begun. */
    void prepare(String id, List<Mount> rootfs, boolean terminal) {
        CreateTaskRequest request =
                CreateTaskRequest.newBuilder()
                        .setContainerId(id)
                        .addAllRootfs(rootfs)
                        .setTerminal(terminal)
                        .setStdin(config.input(id).toString())
                        .setStdout(terminal ? terminalOutput(id) : config.log(id).toString())
                        .setStderr(terminal ? "" : secondName(config.log(id)))
                        .build();
        Daemon.call(() -> daemon.tasks().create(request));
        FaultPoint.CONTAINERD_START_TASK_CREATED.reached();
    }

    /** Lets its processes begin. */
    void begin(String id) {
        StartTaskRequest start = StartTaskRequest.newBuilder().setContainerId(id).build();
        Daemon.call(() -> daemon.tasks().start(start));
        FaultPoint.CONTAINERD_START_TASK_STARTED.reached();
    }

    /** Gives what runs other limits, those that the runtime can change. */
    void limit(String id, String resources) {
        UpdateTaskRequest request =
                UpdateTaskRequest.newBuilder()
                        .setContainerId(id)
                        .setResources(
                                Any.newBuilder()
                                        .setTypeUrl(RESOURCES_TYPE)
                                        .setValue(ByteString.copyFromUtf8(resources)))
                        .build();
        var _ = Daemon.call(() -> daemon.tasks().update(request));
    }

    /** Leaves no task where a start has failed. */
    void abandon(String id, DriverException failure) {
        try {
            end(id);
            StaleBundle.removeIfInTheWay(failure.getMessage(), config.namespace(), id);
        } catch (DriverException | IOException alsoThis) {
            failure.addSuppressed(alsoThis);
        }
    }

    private String terminalOutput(String id) {
        return "binary:///bin/sh?" + encoded(logger) + "=" + encoded(config.folder(id));
    }

    /**
     * Under one name, the shim would open the log once for output and errors, and close it when the
     * first of both ends: what else is said, such as why a process fails, would be lost.
     */
    private static String secondName(Path file) {
        return file.resolveSibling(".") + "/" + file.getFileName();
    }

    private static String encoded(Path path) {
        return URLEncoder.encode(path.toString(), StandardCharsets.UTF_8);
    }

    /** Asks a task to end, by a signal to its first process. */
    void ask(Process process, int signal) {
        if (process.getStatus() != TaskStatus.RUNNING) {
            // A halted process does not hear.
            ResumeTaskRequest resume =
                    ResumeTaskRequest.newBuilder().setContainerId(process.getId()).build();
            Daemon.call(() -> daemon.tasks().resume(resume));
        }
        kill(process.getId(), signal, false);
    }

    /** Ends what is left of a task and removes it. */
    void end(String id) {
        if (find(id).isPresent()) {
            kill(id);
        }
        // A shim whose containerd died before it asked for the task has none, is not found, and
        // is in the way of the next one: it goes with what it does not have.
        remove(id);
    }

    /** Kills all processes of a task and waits for its end. */
    void kill(String id) {
        kill(id, Signals.KILL, true);
        if (!waitFor(id, KILL_PATIENCE)) {
            throw DriverException.passing("it does not end, although it was killed", null);
        }
    }

    private void kill(String id, int signal, boolean all) {
        KillTaskRequest request =
                KillTaskRequest.newBuilder()
                        .setContainerId(id)
                        .setSignal(signal)
                        .setAll(all)
                        .build();
        // It may have ended by itself; what counts is what waiting says.
        Daemon.find(() -> daemon.tasks().kill(request));
    }

    /** Waits for a task's end, and says whether it came. */
    boolean waitFor(String id, Duration atMost) {
        WaitTaskRequest request = WaitTaskRequest.newBuilder().setContainerId(id).build();
        try {
            var _ =
                    daemon.tasks()
                            .withDeadlineAfter(atMost.toMillis(), TimeUnit.MILLISECONDS)
                            .wait(request);
            return true;
        } catch (StatusRuntimeException e) {
            if (isExpired(e.getStatus())) {
                return false;
            }
            if (e.getStatus().getCode() == Status.Code.NOT_FOUND) {
                return true;
            }
            throw Daemon.failure(e);
        }
    }

    /** The deadline travels with the call, and containerd may be first to notice it. */
    private static boolean isExpired(Status status) {
        return status.getCode() == Status.Code.DEADLINE_EXCEEDED
                || String.valueOf(status.getDescription()).contains("context deadline exceeded");
    }

    /** Removes a task that has ended. */
    void remove(String id) {
        DeleteTaskRequest request = DeleteTaskRequest.newBuilder().setContainerId(id).build();
        Daemon.find(() -> daemon.tasks().delete(request));
    }

    Optional<Usage> usage(String id) {
        MetricsRequest request = MetricsRequest.newBuilder().addFilters("id==" + id).build();
        return Daemon.call(() -> daemon.tasks().metrics(request)).getMetricsList().stream()
                .filter(metric -> metric.getId().equals(id))
                .findFirst()
                .map(Metric::getData)
                .map(Usage::of);
    }

    void resize(String id, int columns, int rows) {
        ResizePtyRequest request =
                ResizePtyRequest.newBuilder()
                        .setContainerId(id)
                        .setWidth(columns)
                        .setHeight(rows)
                        .build();
        Daemon.find(() -> daemon.tasks().resizePty(request));
    }
}
