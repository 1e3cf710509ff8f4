package io.hypervisor.agent.driver;

import io.hypervisor.api.v1.Image;
import io.hypervisor.api.v1.InstanceStats;
import io.hypervisor.api.v1.InstanceType;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Runs instances of one type. Every method may block, may be called again after a crash at any
 * point of an earlier call, and then does what is left to do. The caller never makes two calls for
 * one instance at the same time; calls for different instances run concurrently.
 *
 * <p>Methods throw {@link DriverException}: permanent when the same call cannot succeed (image
 * missing, spec impossible), transient when it may (daemon out of reach).
 */
public interface InstanceDriver extends AutoCloseable {
    /** The type that this driver runs. */
    InstanceType type();

    /** Whether it works here, and the versions of what it drives. Never throws. */
    DriverHealth health();

    /**
     * Tells the node's switch; without, the node has none. Called at most once, before any other
     * method but {@link #type}.
     */
    default void ports(PortGate gate) {}

    /**
     * Everything of ours that exists, complete or half-made, running or not. Never a part of it:
     * throws when the daemon cannot tell. What is not ours is not listed.
     */
    List<Found> list();

    /**
     * Makes disks, definition and devices without starting. Does nothing if complete, whatever its
     * interfaces: those are {@link #hotPlug}'s.
     */
    void create(Target target);

    /**
     * Starts what {@link #create} made, under {@code target.runGeneration()}, which {@link #list}
     * shows from then on. Returns when it runs. Does nothing if it runs under that generation.
     */
    void start(Target target);

    /**
     * Ends it: asks the guest, and after {@code grace} ends it by force; a grace of zero does not
     * ask. Returns when it does not run. Does nothing if it does not run or does not exist.
     */
    void stop(String instanceId, Duration grace);

    /** Removes it and everything made for it, ending it first. Does nothing if nothing is left. */
    void destroy(String instanceId);

    /** The power to change interfaces, if it has it. */
    default Optional<HotPlug> hotPlug() {
        return Optional.empty();
    }

    /** The power to change specs, if it has it. */
    default Optional<Reshape> reshape() {
        return Optional.empty();
    }

    /** The power to fetch images, if it has it. */
    default Optional<ImagePulls> imagePulls() {
        return Optional.empty();
    }

    /** What a running instance uses. cpu_usage_percent is left 0 for the caller to derive. */
    InstanceStats stats(String instanceId);

    /** The images that it can start, by the names that specs use. */
    List<Image> images();

    /** Output and input of an instance; of one that does not run, output alone. */
    Console console(String instanceId);

    /**
     * Calls {@code changed} with the id of an instance that may have changed by itself, or with ""
     * when any may have. Events are hints: they may repeat or get lost. One listener; called once,
     * before any other method but {@link #type}.
     */
    void events(Consumer<String> changed);

    /** Lets go of the daemon; instances run on. */
    @Override
    void close();
}
