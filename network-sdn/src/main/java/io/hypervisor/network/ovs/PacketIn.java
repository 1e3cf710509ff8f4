package io.hypervisor.network.ovs;

import java.nio.ByteBuffer;
import java.util.Map;

/**
 * A packet that a flow handed to the node.
 *
 * @param inPort OpenFlow number of the port that it came in by
 * @param registers what flows wrote into registers; the others hold 0
 * @param frame all of it
 */
public record PacketIn(int inPort, Map<Integer, Integer> registers, ByteBuffer frame) {
    public PacketIn {
        registers = Map.copyOf(registers);
        frame = frame.asReadOnlyBuffer();
    }

    /** What a register holds. */
    public int register(int number) {
        return registers.getOrDefault(number, 0);
    }
}
