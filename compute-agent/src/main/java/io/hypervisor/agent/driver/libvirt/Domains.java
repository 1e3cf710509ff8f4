package io.hypervisor.agent.driver.libvirt;

import io.hypervisor.agent.driver.DriverException;

import org.libvirt.Domain;
import org.libvirt.Error.ErrorNumber;
import org.libvirt.LibvirtException;

import java.time.DateTimeException;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The domains that this agent made, and their records. Others do not exist for it. */
final class Domains {
    // VIR_DOMAIN_METADATA_ELEMENT, and VIR_DOMAIN_AFFECT_CONFIG: the copy that outlives the run.
    private static final int ELEMENT = 2;
    private static final int STORED = 2;
    // VIR_DOMAIN_AFFECT_LIVE: all that a domain has which somebody undefined while it runs.
    private static final int LIVE = 1;

    private final Daemon daemon;
    private final String home;

    /** A step that ends a run. */
    interface Ending {
        void on(Domain domain) throws LibvirtException;
    }

    Domains(Daemon daemon, String home) {
        this.daemon = daemon;
        this.home = home;
    }

    /** All of ours by id. */
    Map<String, DomainState> all() {
        return daemon.call(
                connection -> {
                    Map<String, DomainState> found = new TreeMap<>();
                    for (Domain domain : connection.listAllDomains(0)) {
                        String id = domain.getUUIDString();
                        read(connection, domain, id).ifPresent(state -> found.put(id, state));
                        domain.free();
                    }
                    return found;
                });
    }

    /** One of ours; empty if it does not exist. Throws when the id is taken by somebody else's. */
    Optional<DomainState> state(String id) {
        return daemon.onDomain(
                id,
                (connection, domain) ->
                        read(connection, domain, id)
                                .orElseThrow(
                                        () ->
                                                DriverException.permanent(
                                                        "domain " + id + " is not this agent's")));
    }

    private Optional<DomainState> read(Connection connection, Domain domain, String id)
            throws LibvirtException {
        try {
            DomainRecord record =
                    DomainRecord.parse(
                            domain.getMetadata(ELEMENT, DomainRecord.NAMESPACE, copy(domain)));
            return record.home().equals(home)
                    ? Optional.of(new DomainState(record, connection.state(id)))
                    : Optional.empty();
        } catch (IllegalArgumentException | DateTimeException e) {
            throw DriverException.permanent(
                    "domain " + id + ": metadata cannot be read: " + e.getMessage());
        } catch (LibvirtException e) {
            // Not made by any agent; or gone since it was listed; or ends just now.
            if (Daemon.is(e, ErrorNumber.VIR_ERR_NO_DOMAIN_METADATA)
                    || Daemon.is(e, ErrorNumber.VIR_ERR_NO_DOMAIN)
                    || domain.isPersistent() == 0) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private static int copy(Domain domain) throws LibvirtException {
        return domain.isPersistent() == 0 ? LIVE : STORED;
    }

    /** Replaces the record. */
    void write(String id, DomainRecord record) {
        use(
                id,
                (connection, domain) -> {
                    domain.setMetadata(
                            ELEMENT,
                            record.xml().toString(),
                            DomainRecord.PREFIX,
                            DomainRecord.NAMESPACE,
                            copy(domain));
                    return true;
                });
    }

    /** Works on a domain that has to exist. */
    <T> T use(String id, Daemon.DomainCall<T> call) {
        return daemon.onDomain(id, call)
                .orElseThrow(() -> DriverException.permanent("instance " + id + " does not exist"));
    }

    /** Does what needs a running domain; nothing if it has just ended. */
    void whileActive(String id, Ending ending) {
        use(
                id,
                (connection, domain) -> {
                    try {
                        if (connection.state(id).active()) {
                            ending.on(domain);
                        }
                    } catch (LibvirtException e) {
                        if (connection.state(id).active()) {
                            throw e;
                        }
                    }
                    return true;
                });
    }
}
