package io.hypervisor.sim;

import java.util.ArrayDeque;
import java.util.Queue;

/** One direction of a connection: what is sent arrives in order, later. */
final class Pipe {
    /** Says that the other end is gone; nobody answers that. */
    static final String RESET = "reset";

    private final Network network;
    private final Connection.End from;
    private final Connection.End to;
    private final Queue<Frame> frames = new ArrayDeque<>();
    private long last;
    private boolean moving;
    private boolean ready;
    private boolean lost;

    /** What is sent, and what it does where it arrives. */
    private record Frame(long due, String what, Runnable arrive) {}

    Pipe(Network network, Connection.End from, Connection.End to) {
        this.network = network;
        this.from = from;
        this.to = to;
    }

    void send(String what, Runnable arrive) {
        if (lost) {
            return;
        }
        long now = network.kernel().now();
        last = Math.max(last, now + network.latency());
        frames.add(new Frame(last, what, arrive));
        move();
    }

    /** There is somebody at the other end: what was sent goes on its way. */
    void open() {
        ready = true;
        resume();
    }

    /** Loses what is on its way, and with it all that follows. */
    void lose() {
        lost = true;
        frames.clear();
    }

    void resume() {
        if (!frames.isEmpty()) {
            // Sent again by whoever kept it.
            last = Math.max(last, network.kernel().now());
            move();
        }
    }

    private void move() {
        if (ready && !moving && !frames.isEmpty()) {
            moving = true;
            long wait = frames.element().due() - network.kernel().now();
            network.kernel().after(Math.max(wait, 0), this::arrive);
        }
    }

    private void arrive() {
        moving = false;
        if (frames.isEmpty()) {
            return;
        }
        if (frames.element().due() > network.kernel().now()) {
            move();
            return;
        }
        if (!network.open(from.machine().name(), to.machine().name()) || to.paused()) {
            network.waits(this);
            return;
        }
        Frame frame = frames.remove();
        if (to.isOpen()) {
            network.kernel()
                    .note(to.machine().name(), "< " + from.machine().name() + " " + frame.what());
            to.heard();
            frame.arrive().run();
        } else if (!frame.what().equals(RESET)) {
            to.refuse();
        }
        move();
    }
}
