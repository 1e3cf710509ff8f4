package io.hypervisor.console;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.hypervisor.api.v1.EventType;
import io.hypervisor.api.v1.GetInstanceRequest;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceEvent;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.WatchInstanceRequest;

import java.time.Duration;
import java.util.Optional;

/** Waits by its watch stream until an instance is where somebody wants it. */
final class Waiting {
    /** What may be waited for. */
    enum Goal {
        /** It runs. */
        running,
        /** It exists and does not run, however it ended. */
        stopped,
        /** It is gone. */
        deleted,
        /** Its node has seen to its spec. */
        applied
    }

    private final Hvctl hvctl;
    private final Goal goal;
    private final boolean endCounts;
    private Instance last;

    /**
     * @param from the instance as the request before answered it; older views are passed over
     * @param endCounts whether a clean end is as good as running: it ran, and was quick
     */
    Waiting(Hvctl hvctl, Instance from, Goal goal, boolean endCounts) {
        this.hvctl = hvctl;
        this.last = from;
        this.goal = goal;
        this.endCounts = endCounts;
    }

    /**
     * Returns the instance as it was when it got there.
     *
     * @throws Problem when it failed, was deleted, or the time is over
     */
    Instance await(Duration timeout) {
        try (Progress progress = new Progress(hvctl.surroundings())) {
            // Another replica may not know the instance yet.
            if (goal != Goal.deleted) {
                seen();
            }
            WatchInstanceRequest request =
                    WatchInstanceRequest.newBuilder().setInstanceId(last.getId()).build();
            if (!hvctl.session()
                    .followInstances(request, Optional.of(timeout), e -> arrived(e, progress))) {
                throw Problem.failed("the server ended the watch of " + last.getName(), "again");
            }
        } catch (StatusRuntimeException e) {
            Status.Code code = e.getStatus().getCode();
            if (code == Status.Code.NOT_FOUND && goal == Goal.deleted) {
                return last;
            }
            if (code != Status.Code.DEADLINE_EXCEEDED) {
                throw e;
            }
            String reason = last.getStateReason().isEmpty() ? "" : ": " + last.getStateReason();
            throw Problem.timedOut(
                    last.getName()
                            + " is "
                            + Words.of(last.getState())
                            + ", not "
                            + goal
                            + ", after "
                            + Units.span(timeout)
                            + reason,
                    "hvctl instance wait " + last.getName() + " " + goal + " to wait on");
        }
        return last;
    }

    private void seen() {
        last =
                hvctl.session()
                        .compute()
                        .getInstance(
                                GetInstanceRequest.newBuilder()
                                        .setInstanceId(last.getId())
                                        .setMinRevision(last.getRevision())
                                        .build());
    }

    private boolean arrived(InstanceEvent event, Progress progress) {
        Instance now = event.getInstance();
        if (!event.hasInstance() || now.getRevision() < last.getRevision()) {
            return false;
        }
        last = now;
        if (event.getType() == EventType.EVENT_TYPE_DELETED) {
            if (goal == Goal.deleted) {
                return true;
            }
            throw Problem.failed(now.getName() + " was deleted", "");
        }
        progress.show(now.getName() + ": " + Words.of(now.getState()) + " " + now.getStateReason());
        return switch (goal) {
            case running -> runs(now);
            case stopped ->
                    now.getState() == InstanceState.INSTANCE_STATE_STOPPED
                            || now.getState() == InstanceState.INSTANCE_STATE_FAILED;
            case deleted -> false;
            // Without a node there is nobody to wait for.
            case applied ->
                    now.getAppliedGeneration() >= now.getSpecGeneration()
                            || now.getNodeId().isEmpty();
        };
    }

    private boolean runs(Instance now) {
        if (now.getState() == InstanceState.INSTANCE_STATE_FAILED) {
            String code = now.hasExitCode() ? " (exit code " + now.getExitCode() + ")" : "";
            throw Problem.failed(
                    now.getName() + " failed" + code + ": " + now.getStateReason(),
                    "hvctl instance logs " + now.getName());
        }
        return now.getState() == InstanceState.INSTANCE_STATE_RUNNING
                || (endCounts && now.getState() == InstanceState.INSTANCE_STATE_STOPPED);
    }
}
