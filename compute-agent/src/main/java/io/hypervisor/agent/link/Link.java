package io.hypervisor.agent.link;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import io.hypervisor.agent.journal.DataDir;
import io.hypervisor.agent.journal.Journal;
import io.hypervisor.agent.journal.JournalException;
import io.hypervisor.agent.network.PortBoard;
import io.hypervisor.agent.node.NodeFacts;
import io.hypervisor.agent.reconcile.Contact;
import io.hypervisor.agent.reconcile.Reconciler;
import io.hypervisor.agent.reconcile.Sightings;
import io.hypervisor.api.v1.RegisterNodeRequest;
import io.hypervisor.core.Backoff;
import io.hypervisor.core.Clock;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.server.Reasons;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/** Keeps one stream to the leader open: registers, connects, and begins again when it ends. */
public final class Link implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Link.class);
    private static final Backoff RETRIES =
            new Backoff(Duration.ofMillis(250), Duration.ofSeconds(10));
    // Leaders that point at each other in circles are asked after a pause.
    private static final int MAX_REDIRECTS = 3;
    private static final Duration CLOSING = Duration.ofSeconds(5);

    /** What the link connects. */
    public record Parts(
            DataDir dataDir,
            Journal journal,
            Reconciler reconciler,
            Sightings sightings,
            Contact contact,
            NodeFacts facts,
            PortBoard ports) {}

    private final List<String> controllers;
    private final Function<String, ManagedChannel> channels;
    private final Supplier<RegisterNodeRequest> registration;
    private final Parts parts;
    private final Clock clock;
    private final Tasks tasks;
    private final RandomGenerator random;
    private final Executor serial;
    private final Counter attempts;
    private final Counter sessions;
    private Optional<Session> session = Optional.empty();
    private String leader = "";
    private String lastFailure = "";
    private int next;
    private int redirects;
    private int failures;
    private boolean registered;
    private boolean closed;

    /**
     * A link that {@link #start} opens.
     *
     * @param controllers addresses of controllers, "host:port"; at least one
     * @param channels opens a channel with keep-alive, so that a dead peer is noticed within {@link
     *     Session#UNNOTICED}
     * @param registration what to register with, node_id left empty
     */
    public Link(
            List<String> controllers,
            Function<String, ManagedChannel> channels,
            Supplier<RegisterNodeRequest> registration,
            Parts parts,
            Clock clock,
            Tasks tasks,
            RandomGenerator random,
            MeterRegistry metrics) {
        this.controllers = List.copyOf(controllers);
        this.channels = channels;
        this.registration = registration;
        this.parts = parts;
        this.clock = clock;
        this.tasks = tasks;
        this.random = random;
        this.serial = tasks.serial("link");
        this.attempts = metrics.counter("hypervisor.agent.link.attempts");
        this.sessions = metrics.counter("hypervisor.agent.link.sessions");
        metrics.gauge(
                "hypervisor.agent.link.in.touch",
                parts.contact(),
                c -> c.outOfTouch().isEmpty() ? 1 : 0);
    }

    /** Begins to connect, for ever. */
    public void start() {
        serial.execute(this::attempt);
    }

    private void attempt() {
        if (closed) {
            return;
        }
        String address = leader.isEmpty() ? controllers.get(next++ % controllers.size()) : leader;
        leader = "";
        attempts.increment();
        try {
            Session opened = new Session(this, address, channels.apply(address));
            session = Optional.of(opened);
            opened.open(registered ? Optional.empty() : Optional.of(request()));
        } catch (IllegalArgumentException | JournalException e) {
            // An address that a controller made up, or a disk that fails.
            log.error("controller={}: cannot connect: {}", address, e.getMessage());
            session.ifPresent(Session::close);
            session = Optional.empty();
            tasks.after(pause(), serial, this::attempt);
        }
    }

    private RegisterNodeRequest request() {
        String nodeId = parts.dataDir().identity().map(DataDir.Identity::nodeId).orElse("");
        return registration.get().toBuilder().setNodeId(nodeId).build();
    }

    Parts parts() {
        return parts;
    }

    Clock clock() {
        return clock;
    }

    Tasks tasks() {
        return tasks;
    }

    Executor serial() {
        return serial;
    }

    void registered() {
        registered = true;
    }

    /** The session has brought a full document that the journal accepted. */
    void current(Session by) {
        sessions.increment();
        failures = 0;
        redirects = 0;
        lastFailure = "";
        log.info("controller={}: in touch", by.address());
        parts.contact().made();
        parts.contact().documentIsCurrent();
        parts.reconciler().wakeAll();
    }

    /** The session is over; the next one follows. */
    void ended(Session by, Throwable reason) {
        if (session.filter(s -> s == by).isEmpty()) {
            return;
        }
        session = Optional.empty();
        parts.contact().lost(Session.UNNOTICED);
        parts.reconciler().wakeAll();
        Status status = Status.fromThrowable(reason);
        if (status.getCode() == Status.Code.NOT_FOUND) {
            registered = false;
        }
        leader = leaderIn(reason);
        boolean follow = !leader.isEmpty() && redirects < MAX_REDIRECTS;
        redirects = follow ? redirects + 1 : 0;
        String failure = status.getCode() + ": " + Reasons.of(status);
        if (!follow && !failure.equals(lastFailure)) {
            log.warn("controller={}: out of touch, tries again: {}", by.address(), failure);
            lastFailure = failure;
        }
        tasks.after(follow ? Duration.ZERO : pause(), serial, this::attempt);
    }

    /** Short until each controller was asked, then longer with every round. */
    private Duration pause() {
        failures++;
        int rounds = failures % controllers.size() == 0 ? failures / controllers.size() : 1;
        // A cluster of nodes must not return at the same moment.
        double share = 0.5 + random.nextDouble() / 2;
        return Duration.ofNanos((long) (RETRIES.pause(rounds).toNanos() * share));
    }

    private static String leaderIn(Throwable reason) {
        com.google.rpc.Status status = StatusProto.fromThrowable(reason);
        if (status == null) {
            return "";
        }
        try {
            for (Any detail : status.getDetailsList()) {
                if (detail.is(ErrorInfo.class)) {
                    return detail.unpack(ErrorInfo.class).getMetadataOrDefault("leader", "");
                }
            }
        } catch (InvalidProtocolBufferException e) {
            log.debug("details of {} cannot be read", status.getMessage(), e);
        }
        return "";
    }

    /** Ends the session; nothing is journaled when this has returned. */
    @Override
    public void close() {
        CountDownLatch done = new CountDownLatch(1);
        serial.execute(
                () -> {
                    closed = true;
                    Optional<Session> last = session;
                    session = Optional.empty();
                    last.ifPresent(Session::close);
                    done.countDown();
                });
        try {
            if (!done.await(CLOSING.toMillis(), TimeUnit.MILLISECONDS)) {
                log.warn("the link did not end in {}", CLOSING);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
