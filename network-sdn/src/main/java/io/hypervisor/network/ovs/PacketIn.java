package io.hypervisor.network.ovs;

import java.util.Map;

/** A packet that a flow handed to the node. */
public final class PacketIn {
    private final int inPort;
    private final Map<Integer, Integer> registers;
    private final byte[] frame;

    PacketIn(int inPort, Map<Integer, Integer> registers, byte[] frame) {
        this.inPort = inPort;
        this.registers = Map.copyOf(registers);
        this.frame = frame;
    }

    /** The OpenFlow number of the port that it came in by. */
    public int inPort() {
        return inPort;
    }

    /** What a flow wrote into a register; 0: nothing. */
    public int register(int number) {
        return registers.getOrDefault(number, 0);
    }

    /** The whole frame. Not to be written to. */
    public byte[] frame() {
        return frame;
    }
}
