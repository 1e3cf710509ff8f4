package io.hypervisor.sim;

import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Queue;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/** Messages that arrived at one end of a call and are handed over as they are asked for. */
final class Inflow {
    // As HTTP/2 gives its window back: in large pieces.
    private static final int PIECE = 16 * 1024;

    private final Consumer<byte[]> deliver;
    private final IntConsumer credit;
    private final Queue<byte[]> messages = new ArrayDeque<>();
    private Optional<Runnable> end = Optional.empty();
    private int asked;
    private int taken;

    Inflow(Consumer<byte[]> deliver, IntConsumer credit) {
        this.deliver = deliver;
        this.credit = credit;
    }

    void request(int count) {
        asked += count;
        pump();
    }

    void add(byte[] message) {
        messages.add(message);
        pump();
    }

    /** Nothing follows; said when all messages were handed over. */
    void end(Runnable action) {
        if (end.isEmpty()) {
            end = Optional.of(action);
            pump();
        }
    }

    private void pump() {
        while (asked > 0 && !messages.isEmpty()) {
            asked--;
            byte[] message = messages.remove();
            taken += message.length;
            if (taken >= PIECE) {
                credit.accept(taken);
                taken = 0;
            }
            deliver.accept(message);
        }
        if (messages.isEmpty() && end.isPresent()) {
            Runnable action = end.get();
            end = Optional.of(() -> {});
            action.run();
        }
    }
}
