package io.hypervisor.network.ovs;

import java.util.Set;

/**
 * Numbers of conntrack zones. Which are taken, and which was handed out last, is in the database.
 *
 * @param first the first of a range
 * @param last its last
 */
record Zones(int first, int last) {
    /** For the devices of ports. */
    static final Zones OF_PORTS = new Zones(1, 0x7FFF);

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

    /** A zone as a text of ours tells it; 0: none. What others may have written does not count. */
    static int parse(String text) {
        int number = text.matches("[0-9]{1,5}") ? Integer.parseInt(text) : 0;
        return number <= OF_OTHERS.last ? number : 0;
    }
}
