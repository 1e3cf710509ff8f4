package io.hypervisor.agent.journal;

import io.hypervisor.api.internal.v1.JournalRecord;
import io.hypervisor.api.internal.v1.LocalIntent;
import io.hypervisor.api.internal.v1.NodeDelta;
import io.hypervisor.api.internal.v1.NodeDocument;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The node's durable {@link Intent}. A method that returns has put its change on the disk; one that
 * throws has changed nothing.
 */
public final class Journal implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Journal.class);
    private static final String NAME = "journal";
    // Below this a file is read in milliseconds; above it, it is rewritten when it has grown
    // fourfold, so that rewriting costs a constant share of writing.
    private static final long SMALL = 1024 * 1024;
    private static final int GROWTH = 4;

    private final JournalFile file;
    private volatile Intent intent;
    private long compactAt;
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private boolean broken;
    private boolean closed;

    private Journal(JournalFile file, Intent intent) {
        this.file = file;
        this.intent = intent;
        this.compactAt = Math.max(SMALL, GROWTH * file.size());
    }

    /**
     * Reads the journal on a disk, whose folder the caller has locked; an empty one if there is
     * none.
     *
     * @throws JournalException if it is damaged
     */
    public static Journal open(Disk disk) {
        String path = disk.path(NAME);
        try {
            JournalFile.Opened opened = JournalFile.open(disk, NAME);
            if (opened.cut() > 0) {
                log.warn("journal={} cut_bytes={}: torn record at its end", path, opened.cut());
            }
            Intent intent = Intent.NOTHING;
            for (JournalRecord record : opened.records()) {
                intent = intent.apply(record);
            }
            return new Journal(opened.file(), intent);
        } catch (IOException e) {
            throw new JournalException("cannot open " + path + ": " + e.getMessage(), e);
        }
    }

    /** As {@link #open(Disk)}, in a folder of this machine. */
    public static Journal open(Path folder) {
        try {
            return open(Disk.at(folder));
        } catch (IOException e) {
            throw new JournalException("cannot open " + folder + ": " + e.getMessage(), e);
        }
    }

    /** What the node should be. */
    public Intent intent() {
        return intent;
    }

    /**
     * Takes a full document in the place of the present one. Returns the ids whose assignment
     * changed.
     *
     * @throws RefusedException if it is older and does not supersede the present one, of another
     *     cluster, or differs at the same revision
     */
    public synchronized Set<String> accept(NodeDocument document) {
        Intent now = intent;
        if (!now.clusterId().isEmpty() && !now.clusterId().equals(document.getClusterId())) {
            throw new RefusedException(
                    "document of cluster "
                            + document.getClusterId()
                            + " (expected: cluster "
                            + now.clusterId()
                            + ", which this node belongs to)");
        }
        if (!now.termId().isEmpty() && document.getSupersededList().contains(now.termId())) {
            log.warn(
                    "term_id={} revision={}: given up for an older store, at revision {}",
                    now.termId(),
                    now.revision(),
                    document.getRevision());
            return replace(now, document);
        }
        requireNewer(document.getTerm(), document.getRevision());
        if (document.getTerm() == now.term() && document.getRevision() == now.revision()) {
            if (!now.document().equals(document.toBuilder().clearSuperseded().build())) {
                throw new RefusedException(
                        "document differs from the journaled one of the same term "
                                + document.getTerm()
                                + " and revision "
                                + document.getRevision()
                                + " (expected: the same content)");
            }
            return Set.of();
        }
        return replace(now, document);
    }

    private Set<String> replace(Intent now, NodeDocument document) {
        append(
                JournalRecord.newBuilder()
                        .setDocument(document.toBuilder().clearSuperseded())
                        .build());
        return changed(now, intent);
    }

    /**
     * Applies a delta. Returns the ids whose assignment changed.
     *
     * @throws RefusedException if it is older or does not continue the present document
     */
    public synchronized Set<String> accept(NodeDelta delta) {
        Intent now = intent;
        requireNewer(delta.getTerm(), delta.getRevision());
        if (delta.getTerm() != now.term() || delta.getBaseRevision() != now.revision()) {
            throw new RefusedException(
                    "delta for term "
                            + delta.getTerm()
                            + " and revision "
                            + delta.getBaseRevision()
                            + " (expected: "
                            + now.term()
                            + " and "
                            + now.revision()
                            + ")");
        }
        append(JournalRecord.newBuilder().setDelta(delta).build());
        return changed(now, intent);
    }

    /** Calls the listener after every change. Must not block. */
    public void listen(Runnable changed) {
        listeners.add(changed);
    }

    /** Records what is wanted of a local instance. */
    public synchronized void putLocal(LocalIntent local) {
        append(JournalRecord.newBuilder().setLocal(local).build());
    }

    /** Forgets a local instance. */
    public synchronized void removeLocal(String id) {
        if (intent.locals().containsKey(id)) {
            append(JournalRecord.newBuilder().setLocalRemoved(id).build());
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        try {
            file.close();
        } catch (IOException e) {
            throw new JournalException("cannot close the journal", e);
        }
    }

    private void requireNewer(long term, long revision) {
        if (term < intent.term() || revision < intent.revision()) {
            throw new RefusedException(
                    "term "
                            + term
                            + " and revision "
                            + revision
                            + " (expected: at least "
                            + intent.term()
                            + " and "
                            + intent.revision()
                            + ", which this node has journaled)");
        }
    }

    private void append(JournalRecord record) {
        if (closed) {
            throw new JournalException("the journal is closed");
        }
        if (broken) {
            mend();
        }
        Intent next = intent.apply(record);
        try {
            if (file.size() > compactAt) {
                file.rewrite(next.records());
                compactAt = Math.max(SMALL, GROWTH * file.size());
            } else {
                file.append(record);
            }
        } catch (IOException e) {
            recover(e);
        }
        intent = next;
        listeners.forEach(Runnable::run);
    }

    // What a failed write left behind is unknown, so the file is written anew from what was
    // acknowledged; where even that fails, nothing may be acknowledged until it succeeds.
    private void recover(IOException failure) {
        broken = true;
        try {
            mend();
        } catch (JournalException e) {
            failure.addSuppressed(e);
        }
        throw new JournalException("cannot write the journal: " + failure.getMessage(), failure);
    }

    private void mend() {
        try {
            file.rewrite(intent.records());
            broken = false;
        } catch (IOException e) {
            throw new JournalException("cannot write the journal: " + e.getMessage(), e);
        }
    }

    private static Set<String> changed(Intent before, Intent after) {
        Set<String> ids = new HashSet<>();
        before.assignments()
                .forEach(
                        (id, old) -> {
                            if (!old.equals(after.assignments().get(id))) {
                                ids.add(id);
                            }
                        });
        after.assignments().keySet().stream()
                .filter(id -> !before.assignments().containsKey(id))
                .forEach(ids::add);
        return ids;
    }
}
