package io.hypervisor.network.ovs;

import java.util.Set;

/**
 * Numbers of conntrack zones. Which are taken, and which was handed out last, is in the database.
 *
 * @param first the first of a range
 * @param last its last
 */
record Zones(int first, int last) {
    /** For the devices of ports. As many as there are OpenFlow numbers for them. */
    static final Zones OF_PORTS = new Zones(1, 0x7EFF);

    // The switch counts up from 1 for whom it numbers itself; 0xFF00 and above have a meaning.
    private static final int BEFORE_OFPORTS = 0x8000;

    /** For what has no device, such as a router that translates. */
    static final Zones OF_OTHERS = new Zones(0x8000, 0xFFFF);

    /**
     * The next free zone. Round the whole range, so that one that was just given back rests while
     * flows still name it.
     *
     * @param before the one that was handed out last; 0: none was
     */
    int next(int before, Set<Integer> taken) {
        int zone = Math.max(before, first - 1);
        for (int i = first; i <= last; i++) {
            zone = zone >= last ? first : zone + 1;
            if (!taken.contains(zone)) {
                return zone;
            }
        }
        throw new SwitchException(
                "all conntrack zones from " + first + " to " + last + " are taken");
    }

    /** The OpenFlow number that goes with a device's zone. */
    static int ofport(int zone) {
        return BEFORE_OFPORTS + zone;
    }

    /** The zone that goes with an OpenFlow number; not positive: none does. */
    static int ofOfport(long ofport) {
        return (int) ofport - BEFORE_OFPORTS;
    }

    /** A zone as a text of ours tells it; 0: none. What others may have written does not count. */
    static int parse(String text) {
        int number = text.matches("[0-9]{1,5}") ? Integer.parseInt(text) : 0;
        return number <= OF_OTHERS.last ? number : 0;
    }
}
