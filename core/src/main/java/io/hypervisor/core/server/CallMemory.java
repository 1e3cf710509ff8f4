package io.hypervisor.core.server;

import io.hypervisor.core.Fault;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.channel.Channel;

import java.util.Comparator;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Bounds the memory that a process's connections, calls and their requests hold together. When more
 * does not fit, the largest request that no service has yet is refused: who sends many large
 * requests, or never ends them, takes room from his own kind and not from small ones.
 */
public final class CallMemory {
    /** What a connection costs: 7 KiB are measured when it is idle. */
    static final int CONNECTION = 32 * 1024;

    /** What a call costs besides its request: 4 KiB are measured. */
    public static final int CALL = 8 * 1024;

    // What holds less is not looked for.
    private static final int LARGE = 64 * 1024;

    private final long limit;
    private final AtomicLong held = new AtomicLong();
    private final Set<Part> large = ConcurrentHashMap.newKeySet();

    /** Nothing is held yet; the limit is in bytes. */
    public CallMemory(long limit) {
        this.limit = limit;
    }

    /** Half of the heap, with a gauge of what is held. */
    public static CallMemory halfOfHeap(MeterRegistry metrics) {
        CallMemory memory = new CallMemory(Runtime.getRuntime().maxMemory() / 2);
        metrics.gauge("hypervisor.calls.held.bytes", memory, CallMemory::held);
        return memory;
    }

    /** Why a request was refused. */
    public static Fault noRoom(String request) {
        return Fault.of(
                Fault.Kind.RESOURCE_EXHAUSTED,
                "NO_ROOM_FOR_REQUEST",
                request
                        + ": no room: calls hold all the memory that they may (expected: fewer or"
                        + " smaller ones at a time; try again)");
    }

    /** What all parts hold. */
    public long held() {
        return held.get();
    }

    /**
     * A part that holds that much until its release.
     *
     * @param refusal ends what needs the part, which is released by then; runs at most once, on the
     *     thread of whoever needs the room, and must not wait
     */
    public Part open(int bytes, Runnable refusal) {
        Part part = new Part(bytes, refusal);
        part.take(bytes);
        return part;
    }

    /** A connection, which is closed when there is no room for it. */
    public void hold(Channel connection) {
        Part part = open(CONNECTION, () -> hangUp(connection));
        connection.closeFuture().addListener(closed -> part.release());
    }

    private static void hangUp(Channel connection) {
        var _ = connection.close();
    }

    private void makeRoom(Part last) {
        while (held.get() > limit) {
            Part largest = large.stream().max(Comparator.comparingLong(Part::bytes)).orElse(last);
            if (largest.release()) {
                largest.refusal.run();
            } else if (largest == last) {
                return;
            }
        }
    }

    /** What one connection or call holds. */
    public final class Part {
        private final int base;
        private final Runnable refusal;
        private long bytes;
        private long complete;
        private long begun;
        private long done;
        private boolean kept;
        private boolean over;

        private Part(int base, Runnable refusal) {
            this.base = base;
            this.refusal = refusal;
        }

        private synchronized long bytes() {
            return bytes;
        }

        /** Holds more. */
        public void take(long more) {
            if (add(more) && held.get() > limit) {
                makeRoom(this);
            }
        }

        private synchronized boolean add(long more) {
            if (!over) {
                bytes += more;
                held.addAndGet(more);
                if (bytes >= LARGE && !kept) {
                    large.add(this);
                }
            }
            return !over;
        }

        /** A message begins; those before it are complete. */
        synchronized void begin() {
            begun++;
            complete = bytes - base;
        }

        /** A message is done with. */
        synchronized void done() {
            done++;
            long free = done == begun ? bytes - base : complete;
            complete = 0;
            if (!over) {
                bytes -= free;
                held.addAndGet(-free);
                if (bytes < LARGE) {
                    large.remove(this);
                }
            }
        }

        /** From now on it is not refused for others; false if it has been released already. */
        public synchronized boolean keep() {
            kept = true;
            large.remove(this);
            return !over;
        }

        /** Holds nothing any more; false if it has been released already. */
        public synchronized boolean release() {
            if (over) {
                return false;
            }
            over = true;
            large.remove(this);
            held.addAndGet(-bytes);
            return true;
        }
    }
}
