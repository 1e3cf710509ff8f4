package io.hypervisor.agent.driver.libvirt;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.core.Tasks;

import org.libvirt.Domain;
import org.libvirt.Error.ErrorNumber;
import org.libvirt.LibvirtException;
import org.libvirt.event.LifecycleListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

/**
 * The connection to libvirtd. When it breaks, calls fail as passing and it is made again, by the
 * next call or after a pause, whichever comes first.
 *
 * <p>A broken connection is dropped and never closed by hand: another thread may be inside a call
 * on it. The garbage collector closes it when the last is out.
 */
final class Daemon implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Daemon.class);

    private static final Duration RECONNECT = Duration.ofSeconds(1);
    private static final int KEEPALIVE_SECONDS = 5;
    private static final int KEEPALIVE_COUNT = 3;
    // Other errors may go away by themselves.
    private static final Set<ErrorNumber> PERMANENT =
            EnumSet.of(
                    ErrorNumber.VIR_ERR_CONFIG_UNSUPPORTED,
                    ErrorNumber.VIR_ERR_XML_ERROR,
                    ErrorNumber.VIR_ERR_XML_DETAIL,
                    ErrorNumber.VIR_ERR_INVALID_ARG,
                    ErrorNumber.VIR_ERR_NO_SUPPORT);

    private final String uri;
    private final Tasks tasks;
    private final Executor executor;
    private final LifecycleListener listener;
    private volatile Consumer<String> changed = id -> {};
    private Optional<Connection> connection = Optional.empty();
    private boolean reconnecting;
    private boolean closed;

    /** A step that talks to libvirtd. */
    interface Call<T> {
        T on(Connection connection) throws LibvirtException;
    }

    Daemon(String uri, Tasks tasks) {
        this.uri = uri;
        this.tasks = tasks;
        this.executor = tasks.platform("libvirt-connect", 1);
        this.listener =
                (domain, event) -> {
                    changed.accept(uuid(domain));
                    return 0;
                };
    }

    /** Tells ids of domains that changed, or "" for any, from libvirt's own thread. */
    void onChange(Consumer<String> listener) {
        changed = listener;
        executor.execute(this::reconnect);
    }

    <T> T call(Call<T> call) {
        Connection current = connect();
        try {
            return call.on(current);
        } catch (LibvirtException e) {
            throw fault(e);
        }
    }

    /** Like {@link #call}, for one domain; empty if there is no such domain. */
    <T> Optional<T> onDomain(String id, DomainCall<T> call) {
        return call(
                connection -> {
                    Optional<Domain> found = lookup(connection, id);
                    if (found.isEmpty()) {
                        return Optional.empty();
                    }
                    try {
                        return Optional.of(call.on(connection, found.get()));
                    } finally {
                        found.get().free();
                    }
                });
    }

    /** A step that works on a domain. */
    interface DomainCall<T> {
        T on(Connection connection, Domain domain) throws LibvirtException;
    }

    private static Optional<Domain> lookup(Connection connection, String id)
            throws LibvirtException {
        try {
            return Optional.of(connection.domainLookupByUUIDString(id));
        } catch (LibvirtException e) {
            if (is(e, ErrorNumber.VIR_ERR_NO_DOMAIN)) {
                return Optional.empty();
            }
            throw e;
        }
    }

    static boolean is(LibvirtException e, ErrorNumber number) {
        return e.getError() != null && e.getError().getCode() == number;
    }

    /** Whether a call failed because libvirt has been at work on the domain for too long. */
    static boolean isBusy(DriverException e) {
        return e.getCause() instanceof LibvirtException cause
                && is(cause, ErrorNumber.VIR_ERR_OPERATION_TIMEOUT);
    }

    static DriverException fault(LibvirtException e) {
        String text = String.valueOf(e.getMessage()).strip().replaceAll("\\s+", " ");
        String message = "libvirt: " + (text.length() <= 512 ? text : text.substring(0, 512));
        return e.getError() != null && PERMANENT.contains(e.getError().getCode())
                ? DriverException.permanent(message)
                : DriverException.passing(message, e);
    }

    private static String uuid(Domain domain) {
        try {
            return domain.getUUIDString();
        } catch (LibvirtException e) {
            return "";
        }
    }

    private synchronized Connection connect() {
        if (closed) {
            throw DriverException.passing("the driver is closed", null);
        }
        try {
            if (connection.isPresent() && connection.get().isAlive()) {
                return connection.get();
            }
            connection = Optional.empty();
            EventLoop.start();
            Connection made = new Connection(uri);
            made.registerCloseListener((lost, reason) -> lost());
            made.setKeepAlive(KEEPALIVE_SECONDS, KEEPALIVE_COUNT);
            made.addLifecycleListener(listener);
            connection = Optional.of(made);
            return made;
        } catch (LibvirtException e) {
            reconnectLater();
            throw fault(e);
        }
    }

    private void lost() {
        log.warn("libvirt=disconnected uri={}", uri);
        changed.accept("");
        // Not on libvirt's thread, which must not wait for a lock.
        executor.execute(this::reconnectLater);
    }

    private synchronized void reconnectLater() {
        if (!closed && !reconnecting) {
            reconnecting = true;
            tasks.after(RECONNECT, executor, this::reconnect);
        }
    }

    private void reconnect() {
        synchronized (this) {
            reconnecting = false;
            if (closed) {
                return;
            }
        }
        try {
            connect();
            changed.accept("");
        } catch (DriverException e) {
            log.debug("libvirt=unreachable uri={} error=\"{}\"", uri, e.getMessage());
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        changed = id -> {};
        if (connection.isEmpty()) {
            return;
        }
        try {
            connection.get().removeLifecycleListener(listener);
            connection.get().unregisterCloseListener();
            connection.get().close();
        } catch (LibvirtException e) {
            log.debug("libvirt=close uri={} error=\"{}\"", uri, e.getMessage());
        }
        connection = Optional.empty();
    }
}
