package io.hypervisor.agent.driver.containerd;

import com.google.protobuf.Empty;
import com.google.protobuf.InvalidProtocolBufferException;

import io.grpc.stub.StreamObserver;
import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.containerd.wire.Envelope;
import io.hypervisor.agent.driver.containerd.wire.SubscribeRequest;
import io.hypervisor.agent.driver.containerd.wire.TaskEvent;
import io.hypervisor.core.Tasks;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

/** Passes on which containers' tasks changed; subscribes again when the daemon was away. */
final class EventStream implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(EventStream.class);
    private static final Duration PAUSE = Duration.ofMillis(500);
    // What a task does by itself. That one begins is this agent's own doing: looking at all of them
    // for it would slow the very start that it announces.
    private static final List<String> TOPICS =
            List.of(
                    "/tasks/exit",
                    "/tasks/oom",
                    "/tasks/paused",
                    "/tasks/resumed",
                    "/tasks/delete");

    private final Daemon daemon;
    private final String namespace;
    private final Tasks tasks;
    private final Executor executor;
    private final Consumer<String> changed;
    private final Runnable lost;
    private volatile boolean closed;
    private boolean away;

    /**
     * @param changed gets a container's id, or "" when any may have changed
     * @param lost called each time the stream ends by itself
     */
    EventStream(
            Daemon daemon, String namespace, Tasks tasks, Consumer<String> changed, Runnable lost) {
        this.daemon = daemon;
        this.namespace = namespace;
        this.tasks = tasks;
        this.executor = tasks.serial("containerd-events");
        this.changed = changed;
        this.lost = lost;
    }

    void open() {
        executor.execute(this::subscribe);
    }

    private void subscribe() {
        if (closed) {
            return;
        }
        daemon.wake();
        try {
            Daemon.call(() -> daemon.version().version(Empty.getDefaultInstance()));
        } catch (DriverException e) {
            if (!away) {
                log.warn("containerd away reason=\"{}\"", e.getMessage());
                away = true;
            }
            again();
            return;
        }
        if (away) {
            log.info("containerd back");
            away = false;
        }
        SubscribeRequest.Builder request = SubscribeRequest.newBuilder();
        TOPICS.forEach(topic -> request.addFilters("namespace==" + namespace + ",topic==" + topic));
        daemon.events().subscribe(request.build(), new Listener());
        // What happened while nobody listened.
        changed.accept("");
    }

    private void again() {
        if (!closed) {
            tasks.after(PAUSE, executor, this::subscribe);
        }
    }

    @Override
    public void close() {
        closed = true;
    }

    private final class Listener implements StreamObserver<Envelope> {
        @Override
        public void onNext(Envelope envelope) {
            try {
                TaskEvent event = TaskEvent.parseFrom(envelope.getEvent().getValue());
                // Here and not on a queue: the next event is asked for when this returns.
                changed.accept(event.getContainerId());
            } catch (InvalidProtocolBufferException e) {
                log.warn(
                        "containerd sent an event that cannot be read topic={}",
                        envelope.getTopic());
            }
        }

        @Override
        public void onError(Throwable cause) {
            if (!closed) {
                lost.run();
                executor.execute(EventStream.this::again);
            }
        }

        @Override
        public void onCompleted() {
            onError(new IllegalStateException("the daemon ended the stream"));
        }
    }
}
