package io.hypervisor.sim;

import io.hypervisor.agent.journal.Disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.random.RandomGenerator;

/**
 * A node's disk. What was not forced is lost at a power cut, or half of it; at times nothing can be
 * written.
 */
final class SimDisk implements Disk {
    private final Kernel kernel;
    private final RandomGenerator random;
    private final Map<String, Content> files = new TreeMap<>();
    private Optional<SimProcess> user = Optional.empty();
    private double full;

    /** A file: what is surely there, and what was written since. */
    private static final class Content {
        byte[] durable = new byte[0];
        byte[] visible = new byte[0];
        final List<Change> pending = new ArrayList<>();
    }

    /** Bytes at a position; none: the file ends there. */
    private static final class Change {
        private final int at;
        private final byte[] bytes;

        Change(int at, byte[] bytes) {
            this.at = at;
            this.bytes = bytes;
        }

        byte[] on(byte[] before, int length) {
            if (bytes.length == 0) {
                return Arrays.copyOf(before, at);
            }
            byte[] after = Arrays.copyOf(before, Math.max(before.length, at + length));
            System.arraycopy(bytes, 0, after, at, length);
            return after;
        }
    }

    SimDisk(Kernel kernel) {
        this.kernel = kernel;
        this.random = kernel.generator();
    }

    /** The process that uses it from now on. */
    void usedBy(SimProcess process) {
        user = Optional.of(process);
    }

    /** The share of writes that fail. */
    void full(double share) {
        full = share;
    }

    private void effect(String what) {
        user.ifPresent(process -> process.effect("disk " + what));
    }

    private void requireRoom() throws IOException {
        if (full > 0 && random.nextDouble() < full) {
            kernel.note("disk", "is full");
            throw new IOException("No space left on device");
        }
    }

    /** What was not forced is gone, but for a part of it that made it. */
    void losePower() {
        for (Content content : files.values()) {
            byte[] left = content.durable;
            for (Change change : content.pending) {
                if (random.nextBoolean()) {
                    break;
                }
                boolean torn = change.bytes.length > 1 && random.nextBoolean();
                int length = torn ? random.nextInt(change.bytes.length) : change.bytes.length;
                if (change.bytes.length == 0 || length > 0) {
                    left = change.on(left, length);
                }
                if (torn) {
                    break;
                }
            }
            content.durable = left;
            content.visible = left;
            content.pending.clear();
        }
    }

    @Override
    public Optional<byte[]> read(String name) {
        return Optional.ofNullable(files.get(name)).map(content -> content.visible.clone());
    }

    @Override
    public File open(String name) throws IOException {
        Content content = files.get(name);
        if (content == null) {
            throw new IOException("no such file: " + name);
        }
        return new Handle(name, content);
    }

    @Override
    public File create(String name) throws IOException {
        requireRoom();
        effect("creates " + name);
        Content content = new Content();
        files.put(name, content);
        return new Handle(name, content);
    }

    @Override
    public void rename(String from, String to) throws IOException {
        requireRoom();
        effect("renames " + from);
        files.put(to, files.remove(from));
        effect("renamed " + from);
    }

    @Override
    public String path(String name) {
        return "disk/" + name;
    }

    private final class Handle implements File {
        private final String name;
        private final Content content;

        Handle(String name, Content content) {
            this.name = name;
            this.content = content;
        }

        @Override
        public void write(long at, ByteBuffer bytes) throws IOException {
            byte[] all = new byte[bytes.remaining()];
            bytes.get(all);
            if (full > 0 && random.nextDouble() < full) {
                // As a full disk does: a part fits.
                apply(new Change((int) at, Arrays.copyOf(all, random.nextInt(all.length))));
                throw new IOException("No space left on device");
            }
            apply(new Change((int) at, all));
            effect("writes " + all.length + " to " + name);
        }

        private void apply(Change change) {
            if (change.bytes.length > 0) {
                content.visible = change.on(content.visible, change.bytes.length);
                content.pending.add(change);
            }
        }

        @Override
        public void force() throws IOException {
            requireRoom();
            content.durable = content.visible;
            content.pending.clear();
            effect("forces " + name);
        }

        @Override
        public void truncate(long size) {
            Change cut = new Change((int) size, new byte[0]);
            content.visible = cut.on(content.visible, 0);
            content.pending.add(cut);
        }

        @Override
        public void close() {}
    }
}
