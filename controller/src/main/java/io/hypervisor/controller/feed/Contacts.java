package io.hypervisor.controller.feed;

import io.hypervisor.core.Clock;

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * What the leader remembers of its contact with each node since it leads. In memory only: a new
 * leader begins with nothing, and with a full period of grace for everybody. Bounded by the number
 * of registered nodes.
 */
public final class Contacts {
    private final Clock clock;
    private final List<Consumer<String>> settledListeners = new CopyOnWriteArrayList<>();
    // Guarded by this, as what it holds.
    private final Map<String, Contact> contacts = new HashMap<>();
    private long begun;

    /** One node; times in nanoseconds of the clock. */
    private static final class Contact {
        long heard;
        long touched;
        Optional<Instant> lastSeen = Optional.empty();
        boolean beats;
        boolean well = true;
        boolean streaming;
        boolean streamed;
        boolean settled;
        long journaled;
        long networkDue;
    }

    /** No contacts yet. */
    public Contacts(Clock clock) {
        this.clock = clock;
        this.begun = clock.nanos();
    }

    /** Forgets everything and gives every node its grace anew: this process leads from now on. */
    public synchronized void begin() {
        begun = clock.nanos();
        contacts.clear();
    }

    /**
     * A sign of life by the Heartbeat method, which only nodes without a stream call.
     *
     * @param well false if the node calls itself NOT_READY
     */
    public synchronized void heartbeat(String nodeId, boolean well) {
        Contact contact = hear(nodeId);
        contact.beats = true;
        contact.well = well;
    }

    /** When the node was last heard of since this process leads. */
    public Optional<Instant> lastSeen(String nodeId) {
        return read(nodeId, Optional.empty(), c -> c.lastSeen);
    }

    /** The document revision that the node has journaled last; 0 if not known. */
    public long journaledRevision(String nodeId) {
        return read(nodeId, 0L, c -> c.journaled);
    }

    /**
     * The revision that last changed the node's part of the network, as far as this process knows;
     * 0 if it does not.
     */
    public long networkDue(String nodeId) {
        return read(nodeId, 0L, c -> c.networkDue);
    }

    /** The node's part of the network is another from this revision on. */
    synchronized void networkChanged(String nodeId, long revision) {
        contacts.computeIfAbsent(nodeId, id -> unknown()).networkDue = revision;
    }

    /** For how long the node was not heard of; never longer than this process leads. */
    public synchronized Duration silence(String nodeId) {
        return since(read(nodeId, begun, c -> c.heard));
    }

    /**
     * For how long the node cannot have heard of this process either; zero while its stream is
     * open, never longer than this process leads.
     */
    public synchronized Duration apart(String nodeId) {
        return read(nodeId, false, c -> c.streaming)
                ? Duration.ZERO
                : since(read(nodeId, begun, c -> c.touched));
    }

    /** Whether the node sends heartbeats and has opened no stream since this process leads. */
    public boolean foreign(String nodeId) {
        return read(nodeId, false, c -> c.beats && !c.streamed);
    }

    /** Whether the node had a stream since this process leads, so that it keeps our rules. */
    public boolean streamed(String nodeId) {
        return read(nodeId, false, c -> c.streamed);
    }

    /**
     * Whether the node has told in full what it has, holds nothing that was moved away from it, and
     * knows what it should be, and does not call itself NOT_READY.
     */
    public boolean settled(String nodeId) {
        return read(nodeId, false, c -> c.settled && c.well);
    }

    /** Calls the listener with the id of every node that becomes settled. */
    public void onSettled(Consumer<String> listener) {
        settledListeners.add(listener);
    }

    synchronized void heard(String nodeId) {
        hear(nodeId);
    }

    synchronized void streamOpened(String nodeId) {
        Contact contact = hear(nodeId);
        contact.streaming = true;
        contact.streamed = true;
        contact.settled = false;
    }

    /** Until its stream ends a node may hear of us even if we do not hear of it. */
    synchronized void streamEnded(String nodeId) {
        contacts.computeIfPresent(
                nodeId,
                (id, contact) -> {
                    contact.touched = clock.nanos();
                    contact.streaming = false;
                    contact.settled = false;
                    return contact;
                });
    }

    synchronized void journaled(String nodeId, long revision) {
        hear(nodeId).journaled = revision;
    }

    void settle(String nodeId) {
        synchronized (this) {
            hear(nodeId).settled = true;
        }
        settledListeners.forEach(listener -> listener.accept(nodeId));
    }

    /** What the node holds has to be learned anew. */
    synchronized void unsettle(String nodeId) {
        contacts.computeIfPresent(
                nodeId,
                (id, contact) -> {
                    contact.settled = false;
                    return contact;
                });
    }

    /** Ids of the nodes that send heartbeats and have opened no stream. */
    synchronized List<String> foreigners() {
        return contacts.entrySet().stream()
                .filter(entry -> entry.getValue().beats && !entry.getValue().streamed)
                .map(Map.Entry::getKey)
                .toList();
    }

    synchronized void forget(String nodeId) {
        contacts.remove(nodeId);
    }

    private Contact hear(String nodeId) {
        Contact contact = contacts.computeIfAbsent(nodeId, id -> unknown());
        contact.heard = clock.nanos();
        contact.touched = contact.heard;
        contact.lastSeen = Optional.of(clock.now());
        return contact;
    }

    private Contact unknown() {
        Contact contact = new Contact();
        contact.heard = begun;
        contact.touched = begun;
        return contact;
    }

    private synchronized <T> T read(String nodeId, T ifUnknown, Function<Contact, T> field) {
        Contact contact = contacts.get(nodeId);
        return contact == null ? ifUnknown : field.apply(contact);
    }

    private Duration since(long nanos) {
        return Duration.ofNanos(clock.nanos() - nanos);
    }
}
