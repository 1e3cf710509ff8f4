package io.hypervisor.agent.driver.libvirt;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.Found;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Tasks;

import org.libvirt.Domain;
import org.libvirt.LibvirtException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * What guests that run QEMU's guest agent say of their addresses. Asked in the background, one
 * guest after the other, so that a guest which does not answer delays nothing but what others say;
 * a list finds what was said last. A guest may say anything.
 */
final class GuestAgents implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(GuestAgents.class);
    private static final String QUESTION = "{\"execute\":\"guest-network-get-interfaces\"}";
    // Where nobody listens at the other end, libvirt says so at once.
    private static final Duration LOOK = Duration.ofSeconds(5);
    private static final Duration AGAIN = Duration.ofSeconds(15);
    private static final int PATIENCE_SECONDS = 5;
    // What is as long as that was not refused: a guest took the question and did not answer.
    private static final Duration HUNG = Duration.ofSeconds(2);
    private static final Duration HUNG_AGAIN = Duration.ofMinutes(5);

    private final Daemon daemon;
    private final Clock clock;
    private final Tasks.Timer looks;
    // Bounded by the number of domains that run.
    private final Map<String, Guest> guests = new ConcurrentHashMap<>();
    private volatile Consumer<String> changed = id -> {};

    /** A run of a guest, what it said last, and when to ask again. */
    private record Guest(Optional<Instant> run, String address, long due) {}

    GuestAgents(Daemon daemon, Clock clock, Tasks tasks) {
        this.daemon = daemon;
        this.clock = clock;
        this.looks = tasks.every(LOOK, tasks.platform("guest-agents", 1), this::look);
    }

    /** Tells ids of guests that say something else than before. */
    void onChange(Consumer<String> listener) {
        changed = listener;
    }

    /** The same, with what those that run have said; from now on, just these are asked. */
    List<Found> told(List<Found> all) {
        guests.keySet()
                .retainAll(
                        all.stream()
                                .filter(GuestAgents::runs)
                                .map(Found::instanceId)
                                .collect(Collectors.toSet()));
        return all.stream().map(found -> runs(found) ? told(found) : found).toList();
    }

    private static boolean runs(Found found) {
        return found.state() == Found.State.RUNNING;
    }

    private Found told(Found running) {
        Guest guest =
                guests.compute(
                        running.instanceId(),
                        (id, known) ->
                                known != null && known.run().equals(running.startedAt())
                                        ? known
                                        : new Guest(running.startedAt(), "", clock.nanos()));
        return running.at(guest.address());
    }

    private void look() {
        guests.forEach(
                (id, guest) -> {
                    if (clock.nanos() - guest.due() >= 0) {
                        ask(id, guest);
                    }
                });
    }

    private void ask(String id, Guest guest) {
        long asked = clock.nanos();
        Guest next;
        try {
            String address = daemon.onDomain(id, (_, domain) -> address(domain)).orElse("");
            next = new Guest(guest.run(), address, clock.nanos() + AGAIN.toNanos());
        } catch (DriverException e) {
            boolean hung = clock.nanos() - asked > HUNG.toNanos();
            if (hung) {
                log.info("instance={} guest-agent=hung error=\"{}\"", id, e.getMessage());
            }
            Duration pause = hung ? HUNG_AGAIN : LOOK;
            next = new Guest(guest.run(), guest.address(), clock.nanos() + pause.toNanos());
        }
        // Unless it has ended, or runs anew.
        if (guests.replace(id, guest, next) && !next.address().equals(guest.address())) {
            changed.accept(id);
        }
    }

    private static String address(Domain domain) throws LibvirtException {
        return GuestAddress.of(domain.qemuAgentCommand(QUESTION, PATIENCE_SECONDS, 0));
    }

    @Override
    public void close() {
        looks.cancel();
    }
}
