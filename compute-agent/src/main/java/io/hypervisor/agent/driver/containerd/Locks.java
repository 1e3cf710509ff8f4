package io.hypervisor.agent.driver.containerd;

import java.util.concurrent.locks.ReentrantLock;

/** One lock for every so many instances: the caller's work and settling an end do not mix. */
final class Locks {
    // More than the work that one node does at a time, so that strangers rarely wait.
    private static final int COUNT = 256;

    private final ReentrantLock[] locks = new ReentrantLock[COUNT];

    Locks() {
        for (int i = 0; i < COUNT; i++) {
            locks[i] = new ReentrantLock();
        }
    }

    ReentrantLock of(String instanceId) {
        return locks[Math.floorMod(instanceId.hashCode(), COUNT)];
    }

    void holding(String instanceId, Runnable work) {
        ReentrantLock lock = of(instanceId);
        lock.lock();
        try {
            work.run();
        } finally {
            lock.unlock();
        }
    }
}
