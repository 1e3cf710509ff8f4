package io.hypervisor.sim;

import java.util.ArrayDeque;
import java.util.List;
import java.util.function.Consumer;

/** Everything that happened, as a hash and the last lines. Two runs with one hash did the same. */
final class Trace {
    private static final long PRIME = 0x100000001b3L;

    private final int kept;
    private final Consumer<String> reader;
    private final ArrayDeque<Line> last = new ArrayDeque<>();
    private long hash = 0xcbf29ce484222325L;
    private long lines;

    /** One effect: when, by whom, what. */
    private record Line(long step, long nanos, String who, String what) {
        @Override
        public String toString() {
            return "%8d %11.6f s  %-8s %s".formatted(step, nanos / 1e9, who, what);
        }
    }

    /** A trace that keeps so many lines, and shows each to a reader. */
    Trace(int kept, Consumer<String> reader) {
        this.kept = kept;
        this.reader = reader;
    }

    void add(long step, long nanos, String who, String what) {
        mix(nanos);
        mix(who);
        mix(what);
        lines++;
        Line line = new Line(step, nanos, who, what);
        if (last.size() == kept) {
            last.removeFirst();
        }
        last.addLast(line);
        if (!reader.equals(SILENT)) {
            reader.accept(line.toString());
        }
    }

    /** A reader of nothing. */
    static final Consumer<String> SILENT = line -> {};

    private void mix(long value) {
        hash = (hash ^ value) * PRIME;
        hash ^= hash >>> 29;
    }

    private void mix(String text) {
        for (int i = 0; i < text.length(); i++) {
            hash = (hash ^ text.charAt(i)) * PRIME;
        }
    }

    long hash() {
        return hash;
    }

    long lines() {
        return lines;
    }

    List<String> last() {
        return last.stream().map(Line::toString).toList();
    }
}
