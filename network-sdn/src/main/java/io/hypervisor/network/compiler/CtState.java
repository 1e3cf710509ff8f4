package io.hypervisor.network.compiler;

/** Bits of {@link Field#CT_STATE}: what connection tracking says of a packet. */
final class CtState {
    static final int NEW = 1;
    static final int ESTABLISHED = 2;
    static final int RELATED = 4;
    static final int REPLY = 8;
    static final int INVALID = 16;
    static final int TRACKED = 32;

    private static final String[] NAMES = {"new", "est", "rel", "rpl", "inv", "trk"};

    private CtState() {}

    static String show(int value, int mask) {
        StringBuilder text = new StringBuilder();
        for (int bit = 0; bit < NAMES.length; bit++) {
            if ((mask >> bit & 1) == 1) {
                text.append((value >> bit & 1) == 1 ? '+' : '-').append(NAMES[bit]);
            }
        }
        return text.toString();
    }
}
