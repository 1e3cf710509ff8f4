package io.hypervisor.agent.driver.libvirt;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.IntByReference;
import com.sun.jna.ptr.PointerByReference;

import io.hypervisor.agent.driver.DriverException;

import org.libvirt.Connect;
import org.libvirt.LibvirtException;
import org.libvirt.jna.ConnectionPointer;
import org.libvirt.jna.DomainPointer;

/**
 * A connection that can also do what the binding leaves out: tell why a domain is in its state, and
 * limit what its disks read and write while it runs.
 */
final class Connection extends Connect {
    private static final States STATES = Native.load("virt", States.class);
    // VIR_DOMAIN_AFFECT_LIVE.
    private static final int LIVE = 1;

    /** The limit is of all disks of a domain together. */
    static final String DISK_GROUP = "all";

    /** Functions of libvirt by their own names. */
    interface States extends Library {
        DomainPointer virDomainLookupByUUIDString(ConnectionPointer connection, String uuid);

        int virDomainGetState(
                DomainPointer domain, IntByReference state, IntByReference reason, int flags);

        int virDomainFree(DomainPointer domain);

        int virTypedParamsAddULLong(
                PointerByReference parameters,
                IntByReference count,
                IntByReference room,
                String name,
                long value);

        int virTypedParamsAddString(
                PointerByReference parameters,
                IntByReference count,
                IntByReference room,
                String name,
                String value);

        void virTypedParamsFree(Pointer parameters, int count);

        int virDomainSetBlockIoTune(
                DomainPointer domain, String disk, Pointer parameters, int count, int flags);

        String virGetLastErrorMessage();
    }

    /** Bytes per second; 0: no limit. */
    record Throttle(long read, long write) {}

    /** Numbers of libvirt's virDomainState, and the reason within it. */
    record State(int state, int reason) {
        static final int RUNNING = 1;
        static final int PAUSED = 3;
        static final int SHUTOFF = 5;
        static final int CRASHED = 6;
        static final int REASON_SHUTDOWN = 1;
        static final int REASON_CRASHED = 3;
        static final int REASON_FAILED = 6;
        static final int REASON_PAUSED_IO_ERROR = 5;
        static final int REASON_PAUSED_WATCHDOG = 6;
        // Ours: libvirt says that it is shut off.
        static final State LOST = new State(RUNNING, -1);

        boolean active() {
            return state != SHUTOFF && state != CRASHED && state != 0;
        }
    }

    Connection(String uri) throws LibvirtException {
        super(uri);
    }

    /** Limits all disks of a domain that runs together, as told of one of them. */
    void throttle(String uuid, String disk, Throttle throttle) {
        DomainPointer domain = STATES.virDomainLookupByUUIDString(vcp, uuid);
        if (domain == null) {
            throw refused();
        }
        PointerByReference parameters = new PointerByReference();
        IntByReference count = new IntByReference();
        IntByReference room = new IntByReference();
        try {
            boolean done =
                    add(parameters, count, room, "read_bytes_sec", throttle.read())
                            && add(parameters, count, room, "write_bytes_sec", throttle.write())
                            && STATES.virTypedParamsAddString(
                                            parameters, count, room, "group_name", DISK_GROUP)
                                    == 0
                            && STATES.virDomainSetBlockIoTune(
                                            domain,
                                            disk,
                                            parameters.getValue(),
                                            count.getValue(),
                                            LIVE)
                                    == 0;
            if (!done) {
                throw refused();
            }
        } finally {
            STATES.virTypedParamsFree(parameters.getValue(), count.getValue());
            STATES.virDomainFree(domain);
        }
    }

    private static boolean add(
            PointerByReference parameters,
            IntByReference count,
            IntByReference room,
            String name,
            long value) {
        return STATES.virTypedParamsAddULLong(parameters, count, room, name, value) == 0;
    }

    private static DriverException refused() {
        return DriverException.passing("libvirt: " + STATES.virGetLastErrorMessage(), null);
    }

    /** The state of a domain; throws what the binding throws when there is none. */
    State state(String uuid) throws LibvirtException {
        DomainPointer domain = STATES.virDomainLookupByUUIDString(vcp, uuid);
        if (domain != null) {
            try {
                IntByReference state = new IntByReference();
                IntByReference reason = new IntByReference();
                if (STATES.virDomainGetState(domain, state, reason, 0) == 0) {
                    return new State(state.getValue(), reason.getValue());
                }
            } finally {
                STATES.virDomainFree(domain);
            }
        }
        // The same question through the binding, for its exception.
        domainLookupByUUIDString(uuid).free();
        throw new IllegalStateException("libvirt does not tell the state of domain " + uuid);
    }
}
