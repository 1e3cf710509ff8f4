package io.hypervisor.controller.commit;

import io.hypervisor.controller.state.Edit;
import io.hypervisor.controller.state.Snapshot;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** Remembers what it hears, and that it heard it in order. */
final class Observer implements ChangeListener {
    private final List<String> faults = new CopyOnWriteArrayList<>();
    private volatile Snapshot last = Snapshot.empty();
    private final AtomicInteger resets = new AtomicInteger();

    @Override
    public void changed(Snapshot before, Snapshot after, List<Edit> edits) {
        if (before != last || after.revision() <= before.revision()) {
            faults.add(last.revision() + " then " + before.revision() + ">" + after.revision());
        }
        last = after;
    }

    @Override
    public void reset(Snapshot now) {
        last = now;
        resets.incrementAndGet();
    }

    Snapshot last() {
        return last;
    }

    int resets() {
        return resets.get();
    }

    List<String> faults() {
        return faults;
    }
}
