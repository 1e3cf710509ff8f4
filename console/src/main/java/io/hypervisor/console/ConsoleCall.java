package io.hypervisor.console;

import com.google.protobuf.ByteString;

import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.hypervisor.api.v1.ComputeServiceGrpc;
import io.hypervisor.api.v1.ConsoleInput;
import io.hypervisor.api.v1.ConsoleOutput;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.TerminalSize;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One visit to a console. Three threads meet here under one lock: the main one waits for the end,
 * grpc's shows what comes, and one reads the keys, because that read cannot be interrupted.
 */
final class ConsoleCall implements ClientResponseObserver<ConsoleInput, ConsoleOutput> {
    /** Ctrl-], as telnet and virsh have it. */
    static final byte DETACH = 0x1d;

    // The API takes 64 KiB in one message.
    private static final int CHUNK_BYTES = 16 * 1024;

    private static final Duration FAREWELL = Duration.ofSeconds(1);

    private final Hvctl hvctl;
    private final Instance instance;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Condition ready = lock.newCondition();
    private volatile OutputStream out;
    private volatile Optional<ClientCallStreamObserver<ConsoleInput>> call = Optional.empty();
    private boolean inputEnded;
    private boolean left;
    private Optional<Status> closed = Optional.empty();

    ConsoleCall(Hvctl hvctl, Instance instance) {
        this.hvctl = hvctl;
        this.instance = instance;
        this.out = hvctl.surroundings().out();
    }

    /** Stays until the user leaves, the server ends it, or piped input and its output are over. */
    void run(Duration quietFor) {
        if (!hvctl.surroundings().interactive()) {
            open(ConsoleInput.newBuilder());
            read(hvctl.surroundings().in(), false);
            awaitEnd(quietFor);
            return;
        }
        hvctl.say("connected to " + instance.getName() + "; Ctrl-] to leave");
        try (RawTerminal terminal = hvctl.surroundings().terminal().get()) {
            out = terminal.output();
            TerminalSize size = terminal.size();
            open(
                    ConsoleInput.newBuilder()
                            .setTty(true)
                            .setWidth(size.getWidth())
                            .setHeight(size.getHeight()));
            terminal.onResize(
                    () -> send(ConsoleInput.newBuilder().setResize(terminal.size()).build()));
            read(terminal.input(), true);
            awaitEnd(Duration.ZERO);
        } finally {
            hvctl.say("\nleft " + instance.getName());
        }
    }

    private void open(ConsoleInput.Builder first) {
        ComputeServiceGrpc.newStub(hvctl.session().channel()).attachConsole(this);
        lock.lock();
        try {
            call.orElseThrow().onNext(first.setInstanceId(instance.getId()).build());
        } finally {
            lock.unlock();
        }
    }

    private void read(InputStream in, boolean terminal) {
        Thread.ofVirtual().name("console-input").start(() -> copy(in, terminal));
    }

    private void copy(InputStream in, boolean terminal) {
        byte[] buffer = new byte[CHUNK_BYTES];
        boolean leaves = terminal;
        try {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                int end = terminal ? detachAt(buffer, n) : n;
                if (end > 0) {
                    ByteString data = ByteString.copyFrom(buffer, 0, end);
                    send(ConsoleInput.newBuilder().setData(data).build());
                }
                if (end < n) {
                    break;
                }
            }
        } catch (IOException e) {
            leaves = true;
            hvctl.say("cannot read what is typed: " + e.getMessage());
        }
        change(leaves, true);
    }

    private static int detachAt(byte[] buffer, int length) {
        for (int i = 0; i < length; i++) {
            if (buffer[i] == DETACH) {
                return i;
            }
        }
        return length;
    }

    // Waits while the server takes no more, so that what is pasted stays where it comes from.
    private void send(ConsoleInput input) {
        lock.lock();
        try {
            while (closed.isEmpty() && !call.orElseThrow().isReady()) {
                ready.awaitUninterruptibly();
            }
            if (closed.isEmpty()) {
                call.orElseThrow().onNext(input);
            }
        } finally {
            lock.unlock();
        }
    }

    private void awaitEnd(Duration quietFor) {
        lock.lock();
        try {
            boolean quiet = false;
            while (closed.isEmpty() && !left && !quiet) {
                if (inputEnded) {
                    quiet = !changed.await(quietFor.toNanos(), TimeUnit.NANOSECONDS);
                } else {
                    changed.await();
                }
            }
            if (closed.isPresent() && !closed.get().isOk()) {
                throw closed.get().asRuntimeException();
            }
            if (closed.isEmpty()) {
                call.orElseThrow().onCompleted();
            }
            // So that what was typed last still arrives.
            long nanos = FAREWELL.toNanos();
            while (closed.isEmpty() && nanos > 0) {
                nanos = changed.awaitNanos(nanos);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }

    private void change(boolean leaves, boolean ends) {
        lock.lock();
        try {
            left |= leaves;
            inputEnded |= ends;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void close(Status status) {
        lock.lock();
        try {
            closed = Optional.of(status);
            changed.signalAll();
            ready.signalAll();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<ConsoleInput> requests) {
        call = Optional.of(requests);
        requests.setOnReadyHandler(
                () -> {
                    lock.lock();
                    try {
                        ready.signalAll();
                    } finally {
                        lock.unlock();
                    }
                });
    }

    @Override
    public void onNext(ConsoleOutput output) {
        boolean broken;
        try {
            output.getData().writeTo(out);
            out.flush();
            broken = out instanceof PrintStream print && print.checkError();
        } catch (IOException e) {
            broken = true;
        }
        change(broken, false);
    }

    @Override
    public void onError(Throwable thrown) {
        close(Status.fromThrowable(thrown));
    }

    @Override
    public void onCompleted() {
        close(Status.OK);
    }
}
