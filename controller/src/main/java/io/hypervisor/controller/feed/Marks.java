package io.hypervisor.controller.feed;

import io.hypervisor.api.internal.v1.Assignment;
import io.hypervisor.api.internal.v1.NodeDocument;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.controller.state.History;
import io.hypervisor.controller.state.Snapshot;

import java.util.Map;

/**
 * What a copy on a foreign node says of where it comes from, in annotations; its agent may have
 * dropped them. Pure.
 */
final class Marks {
    static final String EPOCH = "hypervisor.io/epoch";
    static final String RUN_GENERATION = "hypervisor.io/run-generation";

    private static final String TERM = "hypervisor.io/term";
    private static final String REVISION = "hypervisor.io/revision";

    private Marks() {}

    /** The marks of a copy that is made as a document says. */
    static Map<String, String> of(Assignment wanted, NodeDocument document) {
        return Map.of(
                EPOCH, Long.toString(wanted.getEpoch()),
                RUN_GENERATION, Long.toString(wanted.getRunGeneration()),
                TERM, document.getTermId(),
                REVISION, Long.toString(document.getRevision()));
    }

    /** The epoch that it was made for; 0 if it does not say. */
    static long epoch(Instance copy) {
        return number(copy, EPOCH);
    }

    /** The run generation that it was made for; 0 if it does not say. */
    static long runGeneration(Instance copy) {
        return number(copy, RUN_GENERATION);
    }

    /**
     * Whether this store had the instance when the copy was made. If it has not any more, somebody
     * has deleted it; of another past, such as that of a backup, absence says nothing.
     */
    static boolean ofThisPast(Snapshot now, Instance copy) {
        String term = copy.getMetadata().getAnnotationsOrDefault(TERM, "");
        long made = number(copy, REVISION);
        return made > 0 && History.holds(now.history(), now.revision(), term, made);
    }

    private static long number(Instance copy, String annotation) {
        String text = copy.getMetadata().getAnnotationsOrDefault(annotation, "");
        return text.matches("[0-9]{1,18}") ? Long.parseLong(text) : 0;
    }
}
