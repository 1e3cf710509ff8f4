package io.hypervisor.agent.driver;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/** Makes a call on another thread while the caller does something else. */
public final class Beside {
    private Beside() {}

    /** Begins a call. What it returns or throws, the supplier does, when the call has ended. */
    public static <T> Supplier<T> begin(Executor executor, Supplier<T> call) {
        CompletableFuture<T> future = CompletableFuture.supplyAsync(call, executor);
        return () -> joined(future);
    }

    private static <T> T joined(CompletableFuture<T> future) {
        try {
            return future.join();
        } catch (CompletionException e) {
            throw switch (e.getCause()) {
                case DriverException known -> known;
                case RuntimeException defect -> defect;
                case null, default -> e;
            };
        }
    }
}
