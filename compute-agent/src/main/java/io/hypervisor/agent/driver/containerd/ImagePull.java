package io.hypervisor.agent.driver.containerd;

import com.google.gson.JsonParseException;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.ImagePulls.Progress;
import io.hypervisor.agent.driver.ImagePulls.Stage;
import io.hypervisor.agent.driver.Wanted;
import io.hypervisor.agent.registry.Descriptor;
import io.hypervisor.agent.registry.Manifest;
import io.hypervisor.agent.registry.Reference;
import io.hypervisor.agent.registry.Repository;
import io.hypervisor.core.Tasks;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;

/**
 * Brings one image from a registry: its blobs, its snapshots, and last its name, so that nobody
 * finds half of it. A lease keeps what has no name yet. Done again after an end at any point, it
 * does what is left to do.
 */
final class ImagePull {
    private static final int TRANSFERS = 3;
    private static final String REFERS = "containerd.io/gc.ref.";

    private final String name;
    private final Images images;
    private final Contents contents;
    private final Layers layers;
    private final PullLocks locks;
    private final Executor executor;
    private final CompletableFuture<Void> abandoned;
    private final Consumer<Progress> listener;
    private Progress progress = new Progress(Stage.RESOLVING, 0, 0);

    /** What all pulls of a node share. */
    record Images(Daemon daemon, ImageStore store, Containers containers, Tasks tasks) {}

    /**
     * A pull that has not begun.
     *
     * @param name in full
     * @param lease keeps its parts
     * @param abandoned completes when nobody wants it any more
     * @param listener is told how far it is
     */
    ImagePull(
            String name,
            Images images,
            String lease,
            PullLocks locks,
            CompletableFuture<Void> abandoned,
            Consumer<Progress> listener) {
        this.name = name;
        this.listener = listener;
        this.images = images;
        this.abandoned = abandoned;
        Daemon daemon = images.daemon();
        contents = new Contents(daemon.leased(lease));
        layers = new Layers(daemon, lease, images.containers().snapshotter(), locks.snapshots());
        this.locks = locks;
        executor = images.tasks().concurrent("image-layer");
    }

    /** Tries every host in order; what the last one says is why it fails. */
    void run(List<Repository> hosts) {
        String version = Reference.of(name).version();
        for (Repository host : hosts) {
            try {
                bring(host, version);
                return;
            } catch (DriverException e) {
                if (host.equals(hosts.getLast()) || abandoned.isDone()) {
                    throw e;
                }
            }
        }
    }

    private void bring(Repository from, String version) {
        reach(new Progress(Stage.RESOLVING, 0, 0));
        Repository.Found found = from.resolve(version);
        Manifest manifest = found.manifest();
        reach(new Progress(Stage.DOWNLOADING, 0, manifest.size()));
        CompletableFuture<Void> ended = new CompletableFuture<>();
        var _ = abandoned.thenRun(() -> ended.complete(null));
        Wanted wanted = new Wanted(ended, images.tasks());
        Download download = new Download(contents, locks.blobs(), wanted);
        download.fetch(from, manifest.config(), this::more);
        List<String> diffIds = diffIds(manifest);
        Semaphore transfers = new Semaphore(TRANSFERS);
        List<CompletableFuture<Void>> fetched =
                manifest.layers().stream()
                        .map(layer -> fetch(download, wanted, from, layer, transfers))
                        .toList();
        try {
            for (int i = 0; i < fetched.size(); i++) {
                fetched.get(i).join();
                wanted.check();
                layers.unpack(manifest.layers().get(i), diffIds.subList(0, i + 1));
            }
        } catch (CompletionException e) {
            throw e.getCause() instanceof DriverException known ? known : e;
        } finally {
            // Nothing of it goes on behind the back of whoever comes next.
            ended.complete(null);
            CompletableFuture.allOf(fetched.toArray(CompletableFuture[]::new))
                    .exceptionally(e -> null)
                    .join();
        }
        reach(new Progress(Stage.UNPACKING, manifest.size(), manifest.size()));
        record(found, ImageStore.chainId(diffIds));
    }

    private CompletableFuture<Void> fetch(
            Download download,
            Wanted wanted,
            Repository from,
            Descriptor layer,
            Semaphore transfers) {
        return CompletableFuture.runAsync(
                () -> {
                    transfers.acquireUninterruptibly();
                    try {
                        wanted.check();
                        download.fetch(from, layer, this::more);
                    } finally {
                        transfers.release();
                    }
                },
                executor);
    }

    private synchronized void more(long bytes) {
        long current = progress.current() + bytes;
        Stage stage = current == progress.total() ? Stage.UNPACKING : Stage.DOWNLOADING;
        reach(new Progress(stage, current, progress.total()));
    }

    private synchronized void reach(Progress next) {
        progress = next;
        listener.accept(next);
    }

    private List<String> diffIds(Manifest manifest) {
        try {
            List<String> ids = Manifest.diffIds(images.store().json(manifest.config().digest()));
            if (ids.size() != manifest.layers().size()) {
                throw new JsonParseException(
                        ids.size() + " diff_ids for " + manifest.layers().size() + " layers");
            }
            return ids;
        } catch (JsonParseException | IllegalStateException | UnsupportedOperationException e) {
            throw DriverException.permanent(
                    "image "
                            + name
                            + ": its configuration cannot be used: "
                            + Wording.printable(String.valueOf(e.getMessage())));
        }
    }

    // From here on the name keeps the manifest, and labels keep what each part needs.
    private void record(Repository.Found found, String chainId) {
        Manifest manifest = found.manifest();
        if (!chainId.isEmpty()) {
            String snapshotter = images.containers().snapshotter();
            contents.label(
                    manifest.config().digest(),
                    Map.of(REFERS + "snapshot." + snapshotter, chainId));
        }
        Map<String, String> parts = new HashMap<>();
        parts.put(REFERS + "content.config", manifest.config().digest());
        for (int i = 0; i < manifest.layers().size(); i++) {
            parts.put(REFERS + "content.l." + i, manifest.layers().get(i).digest());
        }
        for (Repository.Document document : found.documents().reversed()) {
            put(document, parts);
            parts = Map.of(REFERS + "content.m.0", document.descriptor().digest());
        }
        images.store().name(name, found.target());
    }

    private void put(Repository.Document document, Map<String, String> parts) {
        String digest = document.descriptor().digest();
        locks.blobs()
                .holding(
                        digest,
                        () -> {
                            contents.put(document.descriptor(), document.content().toByteArray());
                            contents.label(digest, parts);
                        });
    }
}
