package io.hypervisor.controller.network;

import io.hypervisor.core.Fault;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** Collects what keeps a resource from being deleted or changed, to name it. */
public final class Holders {
    /** How many are named: enough to begin with; the sender lists the rest. */
    public static final int MAX_NAMED = 4;

    private final String type;
    private final String id;
    private final List<String> named = new ArrayList<>();
    private int count;

    /** Nothing holds it yet. */
    public Holders(String type, String id) {
        this.type = type;
        this.id = id;
    }

    /** These hold it: their type, and their ids. */
    public Holders add(String holderType, Collection<String> ids) {
        return add(
                ids.stream().limit(MAX_NAMED).map(holder -> holderType + " " + holder).toList(),
                ids.size());
    }

    /** So many hold it, of which the first are named. */
    public Holders add(List<String> first, int number) {
        first.stream().limit(Math.max(0, MAX_NAMED - named.size())).forEach(named::add);
        count += number;
        return this;
    }

    /** Throws FAILED_PRECONDITION with the first few by name, if anything holds it. */
    public void throwIfAny(String expected) {
        if (count == 0) {
            return;
        }
        String more = count == named.size() ? "" : " and " + (count - named.size()) + " more";
        String message =
                "%s %s: in use by %s%s (expected: %s)"
                        .formatted(type, id, String.join(", ", named), more, expected);
        throw Fault.of(
                Fault.Kind.FAILED_PRECONDITION,
                "IN_USE",
                message,
                named.stream().map(holder -> new Fault.Violation(holder, "uses it")).toList());
    }
}
