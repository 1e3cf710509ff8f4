package io.hypervisor.network.answer;

import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.LogicalSubnet;
import io.hypervisor.network.model.Mac;
import io.hypervisor.network.model.Prefix;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** DHCP of RFC 2131: a port gets its address, and nobody else's. */
final class Dhcp4 {
    private static final int CLIENT = 68;
    private static final int SERVER = 67;
    private static final int REQUEST = 1;
    private static final int REPLY = 2;
    private static final int ETHERNET = 1;
    private static final int MAC_BYTES = 6;
    private static final int HARDWARE_BYTES = 16;
    private static final int NAME_BYTES = 64 + 128;
    private static final int COOKIE = 0x6382_5363;
    private static final int BROADCAST_FLAG = 0x8000;
    // What a client takes at least; ours need about 400.
    private static final int MOST_BYTES = 576 - 28;
    // BOOTP's size, which some clients insist on.
    private static final int LEAST_BYTES = 300;
    private static final int TTL = 64;
    private static final Mac EVERYBODY = new Mac(0xFFFF_FFFF_FFFFL);
    private static final Address ANYWHERE = Address.parse("255.255.255.255");
    private static final Address NONE = Address.parse("0.0.0.0");

    private static final int DISCOVER = 1;
    private static final int OFFER = 2;
    private static final int REQUESTED = 3;
    private static final int ACK = 5;
    private static final int NAK = 6;
    private static final int INFORM = 8;

    private static final int PAD = 0;
    private static final int MASK = 1;
    private static final int ROUTER = 3;
    private static final int DNS = 6;
    private static final int HOST_NAME = 12;
    private static final int DOMAIN = 15;
    private static final int MTU = 26;
    private static final int REQUESTED_ADDRESS = 50;
    private static final int LEASE_TIME = 51;
    private static final int TYPE = 53;
    private static final int SERVER_ID = 54;
    private static final int RENEWAL = 58;
    private static final int REBINDING = 59;
    private static final int SEARCH = 119;
    private static final int ROUTES = 121;
    private static final int END = 255;
    private static final int MOST_OPTION = 255;

    private final Lease lease;
    private final int transaction;
    private final int flags;
    private final Address current;
    private final Map<Integer, ByteBuffer> options;

    private Dhcp4(
            Lease lease,
            int transaction,
            int flags,
            Address current,
            Map<Integer, ByteBuffer> options) {
        this.lease = lease;
        this.transaction = transaction;
        this.flags = flags;
        this.current = current;
        this.options = options;
    }

    static Optional<IpPacket> answer(Lease lease, IpPacket packet) {
        ByteBuffer in = Datagram.read(packet).data();
        boolean request =
                Wire.u8(in) == REQUEST && Wire.u8(in) == ETHERNET && Wire.u8(in) == MAC_BYTES;
        Wire.u8(in);
        int transaction = Wire.i32(in);
        Wire.u16(in);
        int flags = Wire.u16(in);
        Address current = Wire.ipv4(in);
        Wire.take(in, 3 * 4);
        Mac client = Wire.mac(in);
        Wire.take(in, HARDWARE_BYTES - MAC_BYTES + NAME_BYTES);
        if (!request || Wire.i32(in) != COOKIE || !client.equals(lease.port().mac())) {
            return Optional.empty();
        }
        return new Dhcp4(lease, transaction, flags, current, options(in)).reply();
    }

    private static Map<Integer, ByteBuffer> options(ByteBuffer in) {
        Map<Integer, ByteBuffer> options = new HashMap<>();
        while (in.hasRemaining()) {
            int code = Wire.u8(in);
            if (code == END) {
                break;
            }
            if (code != PAD) {
                options.putIfAbsent(code, Wire.take(in, Wire.u8(in)));
            }
        }
        return options;
    }

    private Optional<IpPacket> reply() {
        return switch (options.containsKey(TYPE) ? Wire.u8(options.get(TYPE)) : 0) {
            case DISCOVER -> Optional.of(lease(OFFER));
            case REQUESTED -> requested();
            case INFORM -> Optional.of(packet(ACK, NONE, true, this::settings));
            // Release and decline: the address stays the port's.
            default -> Optional.empty();
        };
    }

    private Optional<IpPacket> requested() {
        if (options.containsKey(SERVER_ID)
                && !Wire.ipv4(options.get(SERVER_ID)).equals(lease.subnet().gateway())) {
            // It took another server's offer.
            return Optional.empty();
        }
        Address wanted =
                options.containsKey(REQUESTED_ADDRESS)
                        ? Wire.ipv4(options.get(REQUESTED_ADDRESS))
                        : current;
        return Optional.of(
                wanted.equals(lease.address()) ? lease(ACK) : packet(NAK, NONE, false, out -> {}));
    }

    private IpPacket lease(int type) {
        return packet(
                type,
                lease.address(),
                true,
                out -> {
                    number(out, LEASE_TIME, Lease.SECONDS);
                    number(out, RENEWAL, Lease.RENEW_SECONDS);
                    number(out, REBINDING, Lease.REBIND_SECONDS);
                    settings(out);
                });
    }

    private void settings(ByteBuffer out) {
        LogicalSubnet subnet = lease.subnet();
        option(out, MASK, Wire.put(ByteBuffer.allocate(4), mask(subnet.cidr())).flip());
        option(out, ROUTER, Wire.put(ByteBuffer.allocate(4), subnet.gateway()).flip());
        ByteBuffer servers = ByteBuffer.allocate(4 * lease.dnsServers().size());
        lease.dnsServers().forEach(server -> Wire.put(servers, server));
        option(out, DNS, servers.flip());
        option(out, MTU, ByteBuffer.allocate(2).putShort((short) lease.mtu()).flip());
        option(out, DOMAIN, text(lease.domain()));
        option(out, SEARCH, Names.encoded(Names.labels(lease.domain())));
        option(out, HOST_NAME, text(lease.hostname()));
        option(out, ROUTES, routes());
    }

    private static Address mask(Prefix cidr) {
        return new Address(false, cidr.mask());
    }

    /** To the network's other subnets; who reads them ignores the router, so that is among them. */
    private ByteBuffer routes() {
        ByteBuffer out = ByteBuffer.allocate(MOST_OPTION);
        for (LogicalSubnet neighbour : lease.neighbours()) {
            // Two routes of at most nine bytes must fit.
            if (out.remaining() >= 18) {
                route(out, neighbour.cidr(), NONE);
            }
        }
        if (out.position() > 0) {
            route(out, Prefix.all(false), lease.subnet().gateway());
        }
        return out.flip();
    }

    private static void route(ByteBuffer out, Prefix to, Address by) {
        ByteBuffer first = Wire.put(ByteBuffer.allocate(4), to.first()).flip();
        out.put((byte) to.length()).put(first.limit((to.length() + 7) / 8));
        Wire.put(out, by);
    }

    private static ByteBuffer text(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static void number(ByteBuffer out, int code, int value) {
        option(out, code, ByteBuffer.allocate(4).putInt(value).flip());
    }

    /** An option, unless it is empty or there is no room. */
    private static void option(ByteBuffer out, int code, ByteBuffer value) {
        int length = value.remaining();
        if (length > 0 && length <= MOST_OPTION && out.remaining() > length + 3) {
            out.put((byte) code).put((byte) length).put(value);
        }
    }

    /** Writes options. */
    private interface Options {
        void write(ByteBuffer out);
    }

    private IpPacket packet(int type, Address yours, boolean mayBeUnicast, Options more) {
        ByteBuffer out = ByteBuffer.allocate(MOST_BYTES);
        out.put((byte) REPLY).put((byte) ETHERNET).put((byte) MAC_BYTES).put((byte) 0);
        out.putInt(transaction).putShort((short) 0).putShort((short) flags);
        Wire.put(out, type == NAK ? NONE : current);
        Wire.put(out, yours);
        Wire.put(out, NONE);
        Wire.put(out, NONE);
        Wire.put(out, lease.port().mac());
        out.position(out.position() + HARDWARE_BYTES - MAC_BYTES + NAME_BYTES);
        out.putInt(COOKIE);
        option(out, TYPE, ByteBuffer.wrap(new byte[] {(byte) type}));
        option(out, SERVER_ID, Wire.put(ByteBuffer.allocate(4), lease.subnet().gateway()).flip());
        more.write(out);
        out.put((byte) END);
        out.position(Math.max(out.position(), LEAST_BYTES));

        boolean configured = !current.equals(NONE);
        boolean asked = (flags & BROADCAST_FLAG) != 0 || yours.equals(NONE);
        boolean broadcast = !mayBeUnicast || (!configured && asked);
        Address to = broadcast ? ANYWHERE : configured ? current : yours;
        return new IpPacket(
                lease.server(),
                broadcast ? EVERYBODY : lease.port().mac(),
                lease.subnet().gateway(),
                to,
                IpPacket.UDP,
                TTL,
                new Datagram(SERVER, CLIENT, out.flip()).payload());
    }
}
