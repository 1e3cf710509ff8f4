package io.hypervisor.controller.network;

import com.google.protobuf.Timestamp;

import io.hypervisor.core.Clock;
import io.hypervisor.core.Ids;

import java.util.List;
import java.util.stream.Stream;

/**
 * What a verb needs beside the state: ids that nothing has yet, and the time. A verb that is
 * decided anew uses the same ones.
 *
 * @param ids as many as the verb may make records
 */
public record Fresh(List<String> ids, Timestamp at) {
    public Fresh {
        ids = List.copyOf(ids);
    }

    /** The present time and so many new ids. */
    public static Fresh of(Ids ids, Clock clock, int number) {
        return new Fresh(Stream.generate(ids::next).limit(number).toList(), clock.timestamp());
    }

    /** The id of what the verb makes; parts of it take the later ones. */
    public String id() {
        return ids.getFirst();
    }

    /** Without the first so many ids, for what has taken those. */
    public Fresh after(int taken) {
        return new Fresh(ids.subList(taken, ids.size()), at);
    }
}
