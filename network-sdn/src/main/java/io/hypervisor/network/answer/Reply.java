package io.hypervisor.network.answer;

import java.nio.ByteBuffer;

/** What the node does about a question. */
public sealed interface Reply {
    /** Sends a frame out of an interface. */
    record Send(int ofport, ByteBuffer frame) implements Reply {}

    /** Passes a query of a guest on to the node's own resolvers. */
    final class Forward implements Reply {
        // Room for the headers of IPv6 and UDP.
        private static final int HEADERS = 48;

        private final int ofport;
        private final int mtu;
        private final IpPacket packet;
        private final ByteBuffer query;

        Forward(int ofport, int mtu, IpPacket packet, ByteBuffer query) {
            this.ofport = ofport;
            this.mtu = mtu;
            this.packet = packet;
            this.query = query;
        }

        /** Interface of the guest that asks. */
        public int ofport() {
            return ofport;
        }

        /** The message to pass on as it is. */
        public ByteBuffer query() {
            return query.duplicate();
        }

        /** The resolver's answer on its way to the guest. */
        public Send answered(ByteBuffer message) {
            boolean fits = message.remaining() + HEADERS <= mtu;
            return send(fits ? message : Dns.truncated(query));
        }

        /** No resolver answers. */
        public Send failed() {
            return send(Dns.failure(query));
        }

        private Send send(ByteBuffer message) {
            return new Send(ofport, Answers.back(packet, message));
        }
    }
}
