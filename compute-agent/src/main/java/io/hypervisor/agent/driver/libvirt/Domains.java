package io.hypervisor.agent.driver.libvirt;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.core.Clock;

import org.libvirt.Domain;
import org.libvirt.Error.ErrorNumber;
import org.libvirt.LibvirtException;

import java.nio.file.Path;
import java.time.DateTimeException;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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
    private final LostRuns lost;

    /** A step that ends a run. */
    interface Ending {
        void on(Domain domain) throws LibvirtException;
    }

    Domains(Daemon daemon, Path home, Clock clock) {
        this.daemon = daemon;
        this.home = home.toString();
        this.lost = new LostRuns(home, clock);
    }

    /** All of ours by id. */
    Map<String, DomainState> all() {
        Map<String, DomainState> found = listed();
        if (found.values().stream().allMatch(DomainState::active)) {
            return found;
        }
        Set<String> running = lost.without(Set.of());
        found.replaceAll(
                (id, state) ->
                        !state.active() && running.contains(id) ? state(id).orElse(state) : state);
        return found;
    }

    private Map<String, DomainState> listed() {
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
        return known(id)
                .flatMap(seen -> seen.active() || !lost.has(id) ? Optional.of(seen) : lost(id));
    }

    /**
     * A guest that libvirt has lost runs all the same. libvirt calls a domain active before it has
     * a QEMU and until it has none: what has one before and after it was seen inactive is lost.
     */
    private Optional<DomainState> lost(String id) {
        return known(id).map(seen -> seen.active() || !lost.has(id) ? seen : seen.lost());
    }

    private Optional<DomainState> known(String id) {
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

    /** Those of ours that run and are no domains at all. */
    Set<String> strays(Set<String> known) {
        Set<String> found = lost.without(known);
        found.removeIf(id -> isDomain(id) || !lost.has(id));
        return found;
    }

    /** Makes sure that what is made now does not run already. */
    void checkNoRun(String id) {
        if (lost.has(id)) {
            throw DriverException.passing(
                    "instance " + id + " runs, but libvirt has lost it (expected: ended)", null);
        }
    }

    private boolean isDomain(String id) {
        return daemon.onDomain(id, (connection, domain) -> true).isPresent();
    }

    /** Ends a run by force, if there is one. */
    void end(String id) {
        if (known(id).isPresent()) {
            whileActive(id, Domain::destroy);
        }
        lost.end(id);
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
