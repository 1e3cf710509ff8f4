package io.hypervisor.agent.driver.libvirt;

import io.hypervisor.core.Tasks;
import io.hypervisor.core.VirtualTasks;

import org.libvirt.Connect;
import org.libvirt.Library;
import org.libvirt.LibvirtException;
import org.libvirt.jna.Libvirt;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * libvirt's event loop: one for the process and for as long as it lives, so it has tasks of its own
 * that nobody closes.
 */
final class EventLoop {
    private static final Logger log = LoggerFactory.getLogger(EventLoop.class);
    private static final Tasks TASKS = new VirtualTasks();
    // Held here, because native code calls it and Java must not collect it. libvirt would print
    // every error, while here each one becomes an exception.
    private static final Libvirt.VirErrorCallback QUIET = (data, error) -> {};

    private static boolean started;

    private EventLoop() {}

    /** Has to run before the first connection is made. */
    static synchronized void start() throws LibvirtException {
        if (started) {
            return;
        }
        Connect.setErrorCallback(QUIET);
        Library.initEventLoop();
        TASKS.platform("libvirt-events", 1).execute(EventLoop::run);
        started = true;
    }

    private static void run() {
        while (true) {
            try {
                Library.processEvent();
            } catch (LibvirtException | RuntimeException e) {
                log.warn("libvirt=events error=\"{}\"", e.getMessage());
            }
        }
    }
}
