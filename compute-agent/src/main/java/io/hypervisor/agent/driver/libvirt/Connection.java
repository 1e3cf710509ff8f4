package io.hypervisor.agent.driver.libvirt;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.ptr.IntByReference;

import org.libvirt.Connect;
import org.libvirt.LibvirtException;
import org.libvirt.jna.ConnectionPointer;
import org.libvirt.jna.DomainPointer;

/** A connection that can also tell why a domain is in its state, which the binding leaves out. */
final class Connection extends Connect {
    private static final States STATES = Native.load("virt", States.class);

    /** Functions of libvirt by their own names. */
    interface States extends Library {
        DomainPointer virDomainLookupByUUIDString(ConnectionPointer connection, String uuid);

        int virDomainGetState(
                DomainPointer domain, IntByReference state, IntByReference reason, int flags);

        int virDomainFree(DomainPointer domain);
    }

    /** Numbers of libvirt's virDomainState, and the reason within it. */
    record State(int state, int reason) {
        static final int PAUSED = 3;
        static final int SHUTOFF = 5;
        static final int CRASHED = 6;
        static final int REASON_SHUTDOWN = 1;
        static final int REASON_DESTROYED = 2;
        static final int REASON_CRASHED = 3;
        static final int REASON_FAILED = 6;
        static final int REASON_PAUSED_IO_ERROR = 5;

        boolean active() {
            return state != SHUTOFF && state != CRASHED && state != 0;
        }
    }

    Connection(String uri) throws LibvirtException {
        super(uri);
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
