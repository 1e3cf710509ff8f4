package io.hypervisor.agent.driver.fake;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.ImagePulls;
import io.hypervisor.agent.driver.SharedPulls;
import io.hypervisor.api.v1.InstanceSpec;

import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/** Images that are not here before they are fetched: those whose names begin with "remote". */
final class FakePulls implements ImagePulls {
    static final long BYTES = 1 << 20;

    private final Set<String> fetched = ConcurrentHashMap.newKeySet();
    private final AtomicInteger givenUp = new AtomicInteger();
    private final SharedPulls shared;
    private final Consumer<CompletableFuture<Void>> transfer;

    /** Lets {@code transfer} pass the time that a transfer takes, unless it is abandoned. */
    FakePulls(SharedPulls shared, Consumer<CompletableFuture<Void>> transfer) {
        this.shared = shared;
        this.transfer = transfer;
    }

    Set<String> fetched() {
        return fetched;
    }

    int givenUp() {
        return givenUp.get();
    }

    @Override
    public boolean holds(InstanceSpec spec) {
        String image = spec.getImage();
        return !image.startsWith("remote") || fetched.contains(image);
    }

    @Override
    public Pull pull(InstanceSpec spec) {
        String image = spec.getImage();
        return shared.join(image, (abandoned, progress) -> fetch(image, abandoned, progress));
    }

    private void fetch(
            String image, CompletableFuture<Void> abandoned, Consumer<Progress> progress) {
        progress.accept(new Progress(Stage.DOWNLOADING, BYTES / 2, BYTES));
        transfer.accept(abandoned);
        if (abandoned.isDone()) {
            givenUp.incrementAndGet();
            throw DriverException.passing("nobody waits for the image any more", null);
        }
        progress.accept(new Progress(Stage.UNPACKING, BYTES, BYTES));
        fetched.add(image);
    }
}
