package io.hypervisor.agent.reconcile;

import java.time.Duration;
import java.util.Optional;

/**
 * When a decision is made: monotonic nanoseconds, and for how long the controller has been out of
 * touch (empty: in touch), and whether it has ever been in touch with this process.
 */
record Moment(long nanos, Optional<Duration> outOfTouch, boolean everInTouch) {}
