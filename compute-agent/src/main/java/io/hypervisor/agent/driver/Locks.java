package io.hypervisor.agent.driver;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * One lock for each instance, so that a caller's work on it and what its end brings do not mix.
 * None is shared: ending one guest may take minutes, and no other may wait for that. Holds what is
 * locked or waited for, and nothing else.
 */
public final class Locks {
    private final Map<String, Lock> locks = new ConcurrentHashMap<>();

    private static final class Lock extends ReentrantLock {
        private static final long serialVersionUID = 1;
        private int users;
    }

    /** Works on an instance as soon as nobody else does. */
    public <T> T holding(String instanceId, Supplier<T> work) {
        Lock lock = enter(instanceId);
        lock.lock();
        return finish(instanceId, lock, work);
    }

    /** Works on an instance as soon as nobody else does. */
    public void holding(String instanceId, Runnable work) {
        holding(
                instanceId,
                () -> {
                    work.run();
                    return true;
                });
    }

    /** Works on an instance unless somebody else does; empty then. */
    public <T> Optional<T> ifFree(String instanceId, Supplier<T> work) {
        Lock lock = enter(instanceId);
        if (!lock.tryLock()) {
            leave(instanceId);
            return Optional.empty();
        }
        return Optional.of(finish(instanceId, lock, work));
    }

    private Lock enter(String id) {
        return locks.compute(
                id,
                (key, known) -> {
                    Lock lock = known == null ? new Lock() : known;
                    lock.users++;
                    return lock;
                });
    }

    private <T> T finish(String id, Lock lock, Supplier<T> work) {
        try {
            return work.get();
        } finally {
            lock.unlock();
            leave(id);
        }
    }

    private void leave(String id) {
        locks.computeIfPresent(
                id,
                (key, lock) -> {
                    lock.users--;
                    return lock.users == 0 ? null : lock;
                });
    }
}
