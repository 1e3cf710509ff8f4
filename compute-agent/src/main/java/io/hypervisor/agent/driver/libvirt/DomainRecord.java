package io.hypervisor.agent.driver.libvirt;

import io.hypervisor.agent.driver.Found;
import io.hypervisor.agent.driver.Target;
import io.hypervisor.api.v1.InstanceSpec;

import org.w3c.dom.Element;

import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;

/**
 * What a domain's metadata says about its instance. {@code home} is the folder of all instances of
 * the agent that made it: another agent on the same libvirt has another. {@code spec} tells which
 * spec the definition was made of.
 */
record DomainRecord(
        String home,
        long epoch,
        long runGeneration,
        boolean local,
        Phase phase,
        Optional<Instant> startedAt,
        String spec) {
    static final String NAMESPACE = "urn:hypervisor:instance:1";
    static final String PREFIX = "hv";

    /** Where the last run stands. What libvirt itself remembers is lost when it restarts. */
    enum Phase {
        /** Has never run. */
        NEW,
        /** A start has begun; whether the guest ever ran cannot be told. */
        STARTING,
        RUNNING,
        /** Asked to stop; however it ends now is a stop. */
        STOPPING,
        ENDED_CLEAN,
        ENDED_FAILED,
        ENDED_STOPPED,
        ENDED_UNKNOWN;

        /** How the run ended, for a domain that does not run. */
        Found.Exit exit() {
            return switch (this) {
                case NEW -> Found.Exit.NONE;
                case ENDED_CLEAN -> Found.Exit.CLEAN;
                case ENDED_FAILED -> Found.Exit.FAILED;
                case STOPPING, ENDED_STOPPED -> Found.Exit.STOPPED;
                case STARTING, RUNNING, ENDED_UNKNOWN -> Found.Exit.UNKNOWN;
            };
        }
    }

    static DomainRecord of(Target target, String home) {
        return new DomainRecord(
                home,
                target.epoch(),
                target.runGeneration(),
                target.local(),
                Phase.NEW,
                Optional.empty(),
                digest(target.spec()));
    }

    DomainRecord starting(Target target) {
        return new DomainRecord(
                home,
                target.epoch(),
                target.runGeneration(),
                target.local(),
                Phase.STARTING,
                Optional.empty(),
                spec);
    }

    DomainRecord running(Instant since) {
        return new DomainRecord(
                home, epoch, runGeneration, local, Phase.RUNNING, Optional.of(since), spec);
    }

    DomainRecord in(Phase next) {
        return new DomainRecord(home, epoch, runGeneration, local, next, startedAt, spec);
    }

    /** The same, of a definition that is made of another spec. */
    DomainRecord of(InstanceSpec other) {
        return new DomainRecord(home, epoch, runGeneration, local, phase, startedAt, digest(other));
    }

    boolean isOf(InstanceSpec other) {
        return spec.equals(digest(other));
    }

    private static String digest(InstanceSpec spec) {
        return UUID.nameUUIDFromBytes(spec.toByteArray()).toString();
    }

    /** As an element; libvirt puts it into the namespace when it replaces the record. */
    Xml xml() {
        return Xml.of("instance", attributes());
    }

    /** As an element of the namespace, for a whole domain. */
    Xml namespacedXml() {
        Map<String, String> attributes = attributes();
        attributes.put("xmlns:" + PREFIX, NAMESPACE);
        return Xml.of(PREFIX + ":instance", attributes);
    }

    private Map<String, String> attributes() {
        Map<String, String> attributes = new TreeMap<>();
        attributes.put("home", home);
        attributes.put("epoch", Long.toString(epoch));
        attributes.put("generation", Long.toString(runGeneration));
        attributes.put("local", Boolean.toString(local));
        attributes.put("phase", phase.name().toLowerCase(Locale.ROOT));
        attributes.put("spec", spec);
        startedAt.ifPresent(at -> attributes.put("started", at.toString()));
        return attributes;
    }

    /** Reads what {@link #xml} wrote, whichever prefix libvirt gave back. */
    static DomainRecord parse(String xml) {
        Element element = Xml.parse(xml);
        String started = element.getAttribute("started");
        return new DomainRecord(
                element.getAttribute("home"),
                Long.parseLong(element.getAttribute("epoch")),
                Long.parseLong(element.getAttribute("generation")),
                Boolean.parseBoolean(element.getAttribute("local")),
                Phase.valueOf(element.getAttribute("phase").toUpperCase(Locale.ROOT)),
                started.isEmpty() ? Optional.empty() : Optional.of(Instant.parse(started)),
                element.getAttribute("spec"));
    }
}
