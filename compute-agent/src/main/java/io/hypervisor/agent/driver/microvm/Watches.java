package io.hypervisor.agent.driver.microvm;

import io.hypervisor.core.Tasks;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

/** Listens to the events of QEMUs, one connection each for as long as they live. */
final class Watches implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Watches.class);

    private final Executor listeners;
    private final Map<String, Qmp> watched = new ConcurrentHashMap<>();
    private volatile Consumer<String> changed = id -> {};
    private volatile boolean closed;

    Watches(Tasks tasks) {
        this.listeners = tasks.concurrent("microvm-events");
    }

    void onChange(Consumer<String> listener) {
        changed = listener;
    }

    /** Listens to an instance's QEMU, unless it does already. */
    void watch(String id, Path folder) {
        if (closed || watched.containsKey(id)) {
            return;
        }
        try {
            Qmp qmp = Qmp.connect(folder.resolve(QemuArguments.EVENTS));
            if (watched.putIfAbsent(id, qmp) == null) {
                listeners.execute(() -> listen(id, qmp));
            } else {
                qmp.close();
            }
        } catch (IOException e) {
            log.debug("instance={} events=none: it has just ended", id, e);
        }
    }

    private void listen(String id, Qmp qmp) {
        try (qmp) {
            qmp.greet();
            // Of what was before, there is no event.
            changed.accept(id);
            while (true) {
                String event = qmp.next().get("event").getAsString();
                log.debug("instance={} event={}", id, event);
                changed.accept(id);
            }
        } catch (IOException e) {
            log.debug("instance={} events=over: {}", id, e.toString());
        } finally {
            watched.remove(id, qmp);
            if (!closed) {
                changed.accept(id);
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        watched.values().forEach(Qmp::close);
    }
}
