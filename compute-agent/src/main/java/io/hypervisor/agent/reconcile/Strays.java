package io.hypervisor.agent.reconcile;

import io.hypervisor.agent.driver.Found;
import io.hypervisor.agent.journal.Intent;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Decides whether an instance of ours that nobody wants may be destroyed: only with a full, current
 * document, seen again in a list that began after it was first seen, and never when that would
 * remove more than half of four or more instances without the operator's word.
 */
final class Strays {
    private static final Logger log = LoggerFactory.getLogger(Strays.class);
    private static final int FEW = 4;

    private final Map<String, Long> firstSeen = new HashMap<>();
    private boolean holding;

    /** What may be done with a stray. */
    sealed interface Verdict {
        record Keep(String reason) implements Verdict {}

        record Destroy() implements Verdict {}
    }

    /** Judges one stray. */
    synchronized Verdict judge(
            Found stray, Inventory inventory, Intent intent, boolean current, List<Found> all) {
        if (stray.local()) {
            return new Verdict.Keep(
                    "local instance that this node's journal does not know; it is left alone");
        }
        if (!current) {
            firstSeen.remove(stray.instanceId());
            return new Verdict.Keep("not assigned to this node as far as it knows");
        }
        Long first = firstSeen.putIfAbsent(stray.instanceId(), inventory.listsBegun());
        if (first == null || inventory.lastComplete() <= first) {
            return new Verdict.Keep("not assigned to this node; is destroyed if it stays so");
        }
        if (wouldBeMany(intent, all)) {
            return new Verdict.Keep(
                    "not assigned to this node; kept because more than half of its instances would"
                            + " be removed (expected: mass_removal_agreed)");
        }
        return new Verdict.Destroy();
    }

    private boolean wouldBeMany(Intent intent, List<Found> all) {
        List<Found> ours = all.stream().filter(f -> !f.local()).toList();
        long strays = count(ours, intent);
        boolean many = ours.size() >= FEW && 2 * strays > ours.size();
        boolean hold = many && !intent.massRemovalAgreed();
        if (hold != holding) {
            log.warn(
                    "strays={} of={} hold={}: mass removal of instances",
                    strays,
                    ours.size(),
                    hold);
            holding = hold;
        }
        return hold;
    }

    private static long count(Collection<Found> ours, Intent intent) {
        return ours.stream().filter(f -> intent.assignment(f.instanceId()).isEmpty()).count();
    }

    synchronized void forget(String id) {
        firstSeen.remove(id);
        if (firstSeen.isEmpty()) {
            holding = false;
        }
    }

    /** Whether strays are kept because they are too many. */
    synchronized boolean isHolding() {
        return holding;
    }
}
