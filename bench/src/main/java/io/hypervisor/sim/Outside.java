package io.hypervisor.sim;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.invoke.VarHandle;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.AbstractOwnableSynchronizer;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Simulations of one JVM share some locks, such as that of the log. What the JDK knows of who holds
 * one, and does not tell.
 */
final class Outside {
    private static final MethodHandle CARRIER;
    private static final VarHandle OWNER;
    private static final VarHandle SCHEDULER;

    static {
        try {
            MethodHandles.Lookup threads =
                    MethodHandles.privateLookupIn(Thread.class, MethodHandles.lookup());
            CARRIER =
                    threads.findStatic(
                            Thread.class,
                            "currentCarrierThread",
                            MethodType.methodType(Thread.class));
            Class<?> virtual = Class.forName("java.lang.VirtualThread");
            SCHEDULER =
                    MethodHandles.privateLookupIn(virtual, MethodHandles.lookup())
                            .findVarHandle(virtual, "scheduler", Executor.class);
            OWNER =
                    MethodHandles.privateLookupIn(
                                    AbstractOwnableSynchronizer.class, MethodHandles.lookup())
                            .findVarHandle(
                                    AbstractOwnableSynchronizer.class,
                                    "exclusiveOwnerThread",
                                    Thread.class);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(
                    "needs --add-opens for java.lang and java.util.concurrent.locks", e);
        }
    }

    private Outside() {}

    /** The thread of the system that runs the caller. */
    static Thread carrier() {
        try {
            return (Thread) CARRIER.invokeExact();
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /** Whether a thread waits for a lock that no thread of its simulation holds. */
    static boolean holdsWhatIsWaitedFor(Thread waiting, Kernel kernel) {
        if (!(LockSupport.getBlocker(waiting) instanceof AbstractOwnableSynchronizer lock)
                || lock.getClass().getEnclosingClass() != ReentrantLock.class) {
            return false;
        }
        // Nobody: somebody outside has just let go, as nothing in the simulation runs now.
        Thread owner = (Thread) OWNER.get(lock);
        return owner == null
                || !owner.isVirtual()
                || !(SCHEDULER.get(owner) instanceof SimProcess.Scheduler scheduler)
                || !scheduler.process().kernel().equals(kernel);
    }
}
