package io.hypervisor.core;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/**
 * The places between two steps of an operation at which a process can be held, so that a test kills
 * something exactly there. Off unless {@value #VARIABLE} names a folder: then whoever reaches a
 * point appends a line to FOLDER/NAME.reached and waits there for as long as FOLDER/NAME exists.
 */
public enum FaultPoint {
    /** A client's request is decoded and checked; nothing was decided. */
    CONTROLLER_REQUEST_ACCEPTED,
    /** Decisions wait for the store's transaction. */
    CONTROLLER_COMMIT_BEGUN,
    /** The transaction is durable; no snapshot shows it yet. */
    CONTROLLER_COMMIT_DONE,
    /** The snapshot shows it and the feed knows; nobody was answered. */
    CONTROLLER_COMMIT_PUBLISHED,
    /** A node's delta is made and not sent. */
    CONTROLLER_DELTA_MADE,
    /** A node's delta is sent. */
    CONTROLLER_DELTA_SENT,
    /** A node says that it has journaled; nothing was made of it. */
    CONTROLLER_ACK_RECEIVED,
    /** A report about instances came in and is not recorded. */
    CONTROLLER_REPORT_RECEIVED,
    /** What a report says is committed: states, and removed records of what is gone. */
    CONTROLLER_REPORT_RECORDED,

    /** A delta came in and is not journaled. */
    AGENT_DELTA_RECEIVED,
    /** The delta is in the journal; the controller does not know. */
    AGENT_DELTA_JOURNALED,
    /** The controller was told; no pass was begun. */
    AGENT_DELTA_ACKED,
    /** A pass has decided on an action; the driver was not called. */
    AGENT_ACTION_PLANNED,
    /** The driver has done it; the inventory does not know. */
    AGENT_ACTION_DONE,
    /** The inventory knows. */
    AGENT_INVENTORY_UPDATED,
    /** Nothing of an assignment that has to go is left; nobody was told. */
    AGENT_GONE_SEEN,
    /** A report about instances is made and not sent. */
    AGENT_REPORT_MADE,
    /** A report about instances is sent. */
    AGENT_REPORT_SENT,

    /** The folder and the record of a VM exist. */
    LIBVIRT_CREATE_FOLDER_MADE,
    /** Its disks too. */
    LIBVIRT_CREATE_DISKS_MADE,
    /** The domain is defined. */
    LIBVIRT_CREATE_DEFINED,
    /** The run generation is written down; the domain does not run. */
    LIBVIRT_START_MARKED,
    /** The domain runs; that is not written down. */
    LIBVIRT_START_RUNS,
    /** That it stops is written down; it runs. */
    LIBVIRT_STOP_MARKED,
    /** It does not run; that is not written down. */
    LIBVIRT_STOP_ENDED,
    /** A domain that is to go does not run. */
    LIBVIRT_DESTROY_ENDED,
    /** It is not defined any more. */
    LIBVIRT_DESTROY_UNDEFINED,
    /** Its files are gone, but for the record. */
    LIBVIRT_DESTROY_FILES_REMOVED,
    /** Its folder is gone. */
    LIBVIRT_DESTROY_FOLDER_REMOVED,

    /** The folders of a container exist. */
    CONTAINERD_CREATE_FOLDERS_MADE,
    /** Its own layer over the image too. */
    CONTAINERD_CREATE_SNAPSHOT_MADE,
    /** Its record, which is complete. */
    CONTAINERD_CREATE_COMPLETE,
    /** The run generation is written down; there is no task. */
    CONTAINERD_START_MARKED,
    /** The task exists and does not run. */
    CONTAINERD_START_TASK_CREATED,
    /** The task runs. */
    CONTAINERD_START_TASK_STARTED,
    /** That it stops is written down; it runs. */
    CONTAINERD_STOP_MARKED,
    /** Its processes have ended. */
    CONTAINERD_STOP_ENDED,
    /** How a task ended is written down; the task exists. */
    CONTAINERD_END_MARKED,
    /** The task of an ended run is removed. */
    CONTAINERD_END_TASK_REMOVED,
    /** A container that is to go is marked as half-made. */
    CONTAINERD_DESTROY_MARKED,
    /** It has no task. */
    CONTAINERD_DESTROY_TASK_REMOVED,
    /** It has no layer. */
    CONTAINERD_DESTROY_SNAPSHOT_REMOVED,
    /** It has no folder. */
    CONTAINERD_DESTROY_FOLDER_REMOVED,
    /** Its record is gone. */
    CONTAINERD_DESTROY_RECORD_REMOVED,

    /** The folder and the record of a microVM exist. */
    MICROVM_CREATE_FOLDER_MADE,
    /** Its disks too. */
    MICROVM_CREATE_DISKS_MADE,
    /** It is marked as complete. */
    MICROVM_CREATE_COMPLETE,
    /** The run generation is written down; there is no process. */
    MICROVM_START_MARKED,
    /** The process is there; its guest waits for the network. */
    MICROVM_START_LAUNCHED,
    /** That it runs is written down; its guest waits. */
    MICROVM_START_RECORDED,
    /** The guest runs. */
    MICROVM_START_RUNS,
    /** That it stops is written down; it runs. */
    MICROVM_STOP_MARKED,
    /** There is no process; that is not written down. */
    MICROVM_STOP_ENDED,
    /** How a run ended is written down; the process waits to be ended. */
    MICROVM_END_RECORDED,
    /** A microVM that is to go is marked as half-made. */
    MICROVM_DESTROY_MARKED,
    /** It has no process. */
    MICROVM_DESTROY_ENDED,
    /** Its files are gone, but for the record. */
    MICROVM_DESTROY_FILES_REMOVED,
    /** Its folder is gone. */
    MICROVM_DESTROY_FOLDER_REMOVED;

    /**
     * The variable of the environment that switches all points on. No key of a configuration: those
     * begin with HYPERVISOR_.
     */
    public static final String VARIABLE = "HV_FAULT_POINTS";

    private static final Optional<Path> FOLDER =
            Optional.ofNullable(System.getenv(VARIABLE)).map(Path::of);
    private static final boolean ON = FOLDER.isPresent();
    private static final long LOOK_AGAIN_NANOS = 2_000_000;

    /** Its name in the folder: CONTROLLER_COMMIT_DONE is "controller.commit.done". */
    public String fileName() {
        return name().toLowerCase(Locale.ROOT).replace('_', '.');
    }

    private static final ScopedValue<FaultPoint> CUT = ScopedValue.newInstance();

    /** What ends an operation that is cut off; nobody but {@link #cut} may catch it. */
    private static final class Cut extends Error {
        private static final long serialVersionUID = 1;
    }

    /**
     * Does something on this thread, and breaks it off when it gets here, as if the process were
     * killed. Returns whether it got here. For tests of one component in their own process.
     */
    public boolean cut(Runnable operation) {
        try {
            ScopedValue.where(CUT, this).run(operation);
            return false;
        } catch (Cut here) {
            return true;
        }
    }

    /** Says that the process is here. Costs nothing and does nothing while points are off. */
    public void reached() {
        if (ON) {
            hold(FOLDER.orElseThrow());
        }
        if (CUT.isBound() && CUT.get() == this) {
            throw new Cut();
        }
    }

    private void hold(Path folder) {
        Path held = folder.resolve(fileName());
        if (!Files.exists(held)) {
            return;
        }
        try {
            Files.writeString(
                    folder.resolve(fileName() + ".reached"),
                    ProcessHandle.current().pid() + "\n",
                    StandardOpenOption.CREATE,
                    StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        while (Files.exists(held)) {
            LockSupport.parkNanos(LOOK_AGAIN_NANOS);
        }
    }
}
