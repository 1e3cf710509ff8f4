package io.hypervisor.sim;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.LockSupport;

/**
 * One process of a machine, from its start to its end: what runs in it is gone for good when it is
 * killed, in the middle of whatever it did.
 */
final class SimProcess {
    private static final Constructor<?> THREAD = virtualThread();

    private final SimMachine machine;
    private final Kernel kernel;
    private final int number;
    private final String name;
    private final SimTasks tasks;
    private final SimClock clock;
    private final List<Scheduler> held = new ArrayList<>();
    private final List<Runnable> endings = new ArrayList<>();
    private boolean alive = true;
    private boolean paused;

    /** The machine's process of this number; nothing runs in it yet. */
    SimProcess(SimMachine machine, int number) {
        this.machine = machine;
        this.kernel = machine.kernel();
        this.number = number;
        this.name = machine.name() + "." + number;
        this.tasks = new SimTasks(this);
        this.clock = new SimClock(kernel, machine.rate(), machine.wall());
    }

    // Virtual threads with a scheduler of one's own are not in the JDK's API yet.
    private static Constructor<?> virtualThread() {
        try {
            Constructor<?> constructor =
                    Class.forName("java.lang.VirtualThread")
                            .getDeclaredConstructor(
                                    Executor.class, String.class, int.class, Runnable.class);
            constructor.setAccessible(true);
            return constructor;
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("needs --add-opens=java.base/java.lang=ALL-UNNAMED", e);
        }
    }

    /** Which one of its machine's processes it is. */
    int number() {
        return number;
    }

    String name() {
        return name;
    }

    Kernel kernel() {
        return kernel;
    }

    SimTasks tasks() {
        return tasks;
    }

    SimClock clock() {
        return clock;
    }

    SimMachine machine() {
        return machine;
    }

    boolean alive() {
        return alive;
    }

    boolean paused() {
        return paused;
    }

    /** Starts a thread. */
    void start(String threadName, Runnable task) {
        if (!alive) {
            return;
        }
        kernel.starting(name, threadName);
        Runnable guarded = () -> guarded(threadName, task);
        try {
            Scheduler scheduler = new Scheduler();
            scheduler.thread = (Thread) THREAD.newInstance(scheduler, threadName, 0, guarded);
            scheduler.thread.start();
        } catch (InvocationTargetException | InstantiationException | IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }

    private void guarded(String threadName, Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            StackTraceElement[] where = e.getStackTrace();
            kernel.fail(
                    "no task fails",
                    name
                            + " "
                            + threadName
                            + ": "
                            + e
                            + (where.length > 0 ? " at " + where[0] : ""));
            Defects.show(e);
        }
    }

    /** Runs a thread until it waits. */
    void go(Scheduler thread) {
        if (!alive) {
            return;
        }
        if (paused) {
            held.add(thread);
        } else {
            kernel.go(thread);
        }
    }

    /** Hands the continuations of one thread to the kernel. */
    final class Scheduler implements Executor {
        private Thread thread = Thread.currentThread();
        private Runnable continuation = () -> {};

        @Override
        public void execute(Runnable next) {
            continuation = next;
            if (alive) {
                kernel.ready(SimProcess.this, this);
            }
        }

        Thread thread() {
            return thread;
        }

        SimProcess process() {
            return SimProcess.this;
        }

        void run() {
            continuation.run();
        }
    }

    /** An effect of the calling thread, which may be the process's last. */
    void effect(String what) {
        kernel.note(name, what);
        if (machine.crashesHere()) {
            kernel.note(name, "dies here");
            machine.crash();
        }
        if (!alive) {
            forever();
        }
    }

    private static void forever() {
        while (true) {
            LockSupport.park();
        }
    }

    /** Runs when the process has died. */
    void onEnd(Runnable action) {
        endings.add(action);
    }

    /** Ends it, in the middle of whatever it does. */
    void kill() {
        if (alive) {
            alive = false;
            held.clear();
            endings.forEach(Runnable::run);
            endings.clear();
        }
    }

    /** Stops all its threads for a while. */
    void pause() {
        paused = true;
    }

    void resume() {
        paused = false;
        held.forEach(thread -> kernel.ready(this, thread));
        held.clear();
    }
}
