package io.hypervisor.sim;

/** What can go wrong. */
enum Fault {
    /** A way between two machines is cut, in one direction or both, and mended later. */
    PARTITION,
    /** A node reaches no controller, for longer than what stops on lost contact runs on. */
    ISOLATION,
    /** A connection breaks; what is on its way is lost. */
    BREAK,
    /** Everything travels slowly. */
    SLOW_NETWORK,
    /** Some requests that may be repeated arrive twice. */
    TWICE,
    /** A controller is killed. */
    CONTROLLER_KILL,
    /** The leader is killed. */
    LEADER_KILL,
    /** A controller stops in order and starts again. */
    CONTROLLER_RESTART,
    /** A controller dies at one of its effects. */
    CONTROLLER_CRASH_POINT,
    /** A controller stands still. */
    CONTROLLER_PAUSE,
    /** An agent is killed. */
    AGENT_KILL,
    /** An agent dies at one of its effects, or its machine loses power there. */
    AGENT_CRASH_POINT,
    /** An agent stands still. */
    AGENT_PAUSE,
    /** A node loses power. */
    POWER,
    /** A wall clock jumps. */
    CLOCK,
    /** A node's disk is full. */
    DISK_FULL,
    /** A driver's calls fail. */
    DRIVER_FAILS,
    /** What runs a node's instances answers nobody. */
    DRIVER_DOWN,
    /** A driver's calls take long. */
    DRIVER_HANGS,
    /** A guest ends by itself. */
    GUEST_ENDS,
    /** The store answers some calls not at all. */
    STORE_DOWN,
    /** The store loses answers to commits, and applies some later. */
    STORE_AMBIGUOUS,
    /** The store breaks off followers. */
    STORE_LOST,
    /** The store is slow. */
    STORE_SLOW,
    /** The store ends a term. */
    DEPOSE
}
