package io.hypervisor.agent.journal;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.OptionalLong;

/**
 * Since when the controller has been out of touch, kept for the agent's next process: one that dies
 * again and again must not begin to count anew each time. In nanoseconds of the machine's monotonic
 * clock, which all processes share. Nothing of it is forced to the disk, and it may be of an
 * earlier boot: what it is for, to stop what runs, is no matter after a loss of power.
 */
public final class Absence {
    private static final Logger log = LoggerFactory.getLogger(Absence.class);
    private static final String FILE = "out-of-touch";

    private final Disk disk;

    /** On the disk of the data folder. */
    public Absence(Disk disk) {
        this.disk = disk;
    }

    /** Since when; empty if that is not known, or the controller was in touch. */
    public OptionalLong since() {
        try {
            String text =
                    disk.read(FILE)
                            .map(bytes -> new String(bytes, StandardCharsets.US_ASCII))
                            .orElse("");
            return text.isEmpty() ? OptionalLong.empty() : OptionalLong.of(Long.parseLong(text));
        } catch (IOException | NumberFormatException e) {
            log.warn("cannot read {}", disk.path(FILE), e);
            return OptionalLong.empty();
        }
    }

    /** Out of touch, since then. */
    public void begins(long nanos) {
        write(Long.toString(nanos));
    }

    /** In touch. */
    public void ends() {
        write("");
    }

    private void write(String text) {
        try (Disk.File file = disk.create(FILE)) {
            file.write(0, ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)));
        } catch (IOException e) {
            // Then the next process counts from its own start.
            log.warn("cannot write {}", disk.path(FILE), e);
        }
    }
}
