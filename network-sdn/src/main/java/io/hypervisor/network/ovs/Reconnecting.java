package io.hypervisor.network.ovs;

import io.hypervisor.core.Backoff;
import io.hypervisor.core.Tasks;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

/** Keeps one connection open: opens it again when it ends, ends it when it falls silent. */
final class Reconnecting<S extends Reconnecting.Session> implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Reconnecting.class);
    private static final Duration ANSWER = Duration.ofSeconds(15);
    private static final Duration PROBE = Duration.ofSeconds(5);
    private static final int MOST_SILENT_PROBES = 3;
    // After a restart of the switch nothing passes until we are back.
    private static final Backoff PAUSES =
            new Backoff(Duration.ofMillis(20), Duration.ofMillis(500));

    /** One connection. */
    interface Session extends AutoCloseable {
        /** Handles what comes until the connection ends, which it tells by an exception. */
        void read() throws IOException;

        /** How many messages have come. */
        long messages();

        /** Asks for a sign of life, which is a message. May block until the session is closed. */
        void echo();

        @Override
        void close();
    }

    /** Makes a connection; what it sends first is short enough not to wait for a reader. */
    interface Opening<S> {
        S open() throws IOException;
    }

    private final String name;
    private final Tasks tasks;
    private final Opening<S> opening;
    private final Runnable ended;
    private final Executor executor;
    private Tasks.Timer probes = () -> {};
    private Tasks.Timer retry = () -> {};
    private Optional<S> session = Optional.empty();
    private int failures;
    private boolean closed;
    private long probedMessages;
    private int silentProbes;

    /**
     * Not open yet.
     *
     * @param ended told after each end of a connection, and of each attempt that failed
     */
    Reconnecting(String name, Tasks tasks, Opening<S> opening, Runnable ended) {
        this.name = name;
        this.tasks = tasks;
        this.opening = opening;
        this.ended = ended;
        this.executor = tasks.concurrent(name);
    }

    synchronized void start() {
        executor.execute(this::connection);
        probes = tasks.every(PROBE, executor, this::probe);
    }

    /** The connection; none: out of touch. */
    synchronized Optional<S> session() {
        return session;
    }

    /** Asks over the connection and waits for the answer. */
    <R> R ask(Function<S, CompletableFuture<R>> question) {
        return asked(question).await();
    }

    /** Asks over the connection; who asked waits for the answer later. */
    <R> Asked<R> asked(Function<S, CompletableFuture<R>> question) {
        S open = session().orElseThrow(() -> failure("not connected", new EOFException()));
        CompletableFuture<R> answer = question.apply(open);
        return () -> await(open, answer);
    }

    /** An answer that may be on its way. */
    interface Asked<R> {
        R await();
    }

    private <R> R await(S open, CompletableFuture<R> answer) {
        try {
            return tasks.await(answer, ANSWER);
        } catch (ExecutionException e) {
            throw failure(e.getCause().getMessage(), e.getCause());
        } catch (TimeoutException e) {
            open.close();
            throw failure("no answer in " + ANSWER, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw failure("interrupted", e);
        }
    }

    private SwitchException failure(String what, Throwable cause) {
        return new SwitchException(name + ": " + what, cause);
    }

    /** Opens a unix socket. */
    static SocketChannel connect(Path socket) throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.connect(UnixDomainSocketAddress.of(socket));
            return channel;
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    private void connection() {
        try (S open = opening.open()) {
            if (begun(open)) {
                open.read();
            }
        } catch (IOException e) {
            again(e);
            ended.run();
        }
    }

    private synchronized boolean begun(S open) {
        session = Optional.of(open);
        probedMessages = 0;
        silentProbes = 0;
        return !closed;
    }

    private synchronized void again(IOException why) {
        // A connection that brought something counts as a success.
        failures = session.filter(s -> s.messages() > 0).isPresent() ? 1 : failures + 1;
        session = Optional.empty();
        if (closed) {
            return;
        }
        if (failures == 1) {
            log.warn("{}: {}; trying again", name, why.getMessage());
        }
        retry = tasks.after(PAUSES.pause(failures), executor, this::connection);
    }

    private synchronized void probe() {
        session.ifPresent(
                open -> {
                    silentProbes = open.messages() == probedMessages ? silentProbes + 1 : 0;
                    probedMessages = open.messages();
                    if (silentProbes > MOST_SILENT_PROBES) {
                        log.warn("{}: no sign of life, connecting anew", name);
                        open.close();
                    } else {
                        executor.execute(open::echo);
                    }
                });
    }

    @Override
    public synchronized void close() {
        closed = true;
        probes.cancel();
        retry.cancel();
        session.ifPresent(Session::close);
    }
}
