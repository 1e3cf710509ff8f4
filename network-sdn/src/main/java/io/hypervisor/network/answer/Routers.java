package io.hypervisor.network.answer;

import io.hypervisor.network.compiler.Directory;
import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.LogicalNetwork;
import io.hypervisor.network.model.LogicalSubnet;
import io.hypervisor.network.model.Mac;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Router advertisements of RFC 4861. Addresses are never made up from the prefix, since a port may
 * only use its own: they come by DHCP, or by hand.
 */
final class Routers {
    private static final int SOLICITATION = 133;
    private static final int ADVERTISEMENT = 134;
    private static final int HOPS_OF_GUESTS = 64;
    private static final int MANAGED = 0x80;
    private static final int OTHER = 0x40;
    private static final int SOURCE_MAC = 1;
    private static final int PREFIX = 3;
    private static final int MTU = 5;
    private static final int DNS_SERVERS = 25;
    private static final int SEARCH = 31;
    private static final int ON_LINK = 0x80;
    private static final int FOREVER = -1;
    private static final int UNIT = 8;
    private static final int MOST_BYTES = 1_232;

    /** How long a guest takes the router for one without hearing of it. */
    static final int ROUTER_SECONDS = 9_000;

    private Routers() {}

    static boolean solicits(IpPacket packet) {
        return packet.protocol() == IpPacket.ICMP6
                && packet.hops() == IpPacket.NOT_FORWARDED
                && Wire.i32(packet.payload().duplicate()) >>> 16 == SOLICITATION << 8;
    }

    /** The advertisements of a network's IPv6 subnets, each of its router, or of none. */
    static List<IpPacket> advertisements(
            Directory directory, LogicalNetwork network, String domain) {
        List<IpPacket> packets = new ArrayList<>();
        for (LogicalSubnet subnet : directory.subnets(network)) {
            boolean managed = subnet.source().getEnableDhcp();
            boolean router = directory.router(subnet).isPresent();
            if (subnet.cidr().v6() && (network.overlay() || managed || router)) {
                Mac from = directory.gateway(subnet);
                packets.add(
                        new IpPacket(
                                from,
                                Neighbours.multicast(Neighbours.ALL_NODES),
                                Address.linkLocal(from),
                                Neighbours.ALL_NODES,
                                IpPacket.ICMP6,
                                IpPacket.NOT_FORWARDED,
                                advertisement(network, subnet, router, from, domain)));
            }
        }
        return packets;
    }

    private static ByteBuffer advertisement(
            LogicalNetwork network, LogicalSubnet subnet, boolean router, Mac from, String domain) {
        ByteBuffer out = ByteBuffer.allocate(MOST_BYTES).putInt(ADVERTISEMENT << 24);
        boolean managed = subnet.source().getEnableDhcp();
        out.put((byte) HOPS_OF_GUESTS).put((byte) (managed ? MANAGED | OTHER : 0));
        out.putShort((short) (router ? ROUTER_SECONDS : 0));
        // Reachable time and retransmission time: the guest's own.
        out.putInt(0).putInt(0);
        Neighbours.link(out, SOURCE_MAC, from);
        out.put((byte) MTU).put((byte) 1).putShort((short) 0).putInt(network.source().getMtu());
        out.put((byte) PREFIX).put((byte) 4);
        out.put((byte) subnet.cidr().length()).put((byte) ON_LINK);
        out.putInt(FOREVER).putInt(FOREVER).putInt(0);
        Wire.put(out, subnet.cidr().first());
        List<Address> servers = Lease.dnsServers(subnet);
        out.put((byte) DNS_SERVERS).put((byte) (1 + 2 * servers.size())).putShort((short) 0);
        out.putInt(ROUTER_SECONDS);
        servers.forEach(server -> Wire.put(out, server));
        ByteBuffer search = Names.encoded(Names.labels(domain));
        int units = (search.remaining() + UNIT - 1) / UNIT;
        out.put((byte) SEARCH).put((byte) (1 + units)).putShort((short) 0).putInt(ROUTER_SECONDS);
        int end = out.position() + units * UNIT;
        return out.put(search).position(end).flip();
    }
}
