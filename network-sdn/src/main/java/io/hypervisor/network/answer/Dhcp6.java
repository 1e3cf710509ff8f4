package io.hypervisor.network.answer;

import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.Mac;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** DHCPv6 of RFC 8415, with one address for one association: a port gets its own. */
final class Dhcp6 {
    private static final int CLIENT = 546;
    private static final int SERVER = 547;
    private static final int HOPS = 64;
    private static final int MOST_BYTES = 1_232;
    private static final int MOST_OPTIONS = 64;
    private static final int MOST_ID = 130;

    private static final int SOLICIT = 1;
    private static final int ADVERTISE = 2;
    private static final int REQUEST = 3;
    private static final int CONFIRM = 4;
    private static final int RENEW = 5;
    private static final int REBIND = 6;
    private static final int REPLY = 7;
    private static final int RELEASE = 8;
    private static final int DECLINE = 9;
    private static final int INFORMATION_REQUEST = 11;

    private static final int CLIENT_ID = 1;
    private static final int SERVER_ID = 2;
    private static final int ASSOCIATION = 3;
    private static final int IA_ADDRESS = 5;
    private static final int STATUS = 13;
    private static final int RAPID_COMMIT = 14;
    private static final int DNS = 23;
    private static final int SEARCH = 24;

    private static final int SUCCESS = 0;
    private static final int NO_BINDING = 3;
    private static final int NOT_ON_LINK = 4;

    private static final int DUID_OF_LINK = 3;
    private static final int ETHERNET = 1;

    private final Lease lease;
    private final IpPacket packet;
    private final int type;
    private final int transaction;
    private final Map<Integer, ByteBuffer> options;

    private Dhcp6(
            Lease lease,
            IpPacket packet,
            int type,
            int transaction,
            Map<Integer, ByteBuffer> options) {
        this.lease = lease;
        this.packet = packet;
        this.type = type;
        this.transaction = transaction;
        this.options = options;
    }

    static Optional<IpPacket> answer(Lease lease, IpPacket packet) {
        ByteBuffer in = Datagram.read(packet).data();
        int header = Wire.i32(in);
        return new Dhcp6(lease, packet, header >>> 24, header & 0xFF_FFFF, options(in)).reply();
    }

    private static Map<Integer, ByteBuffer> options(ByteBuffer in) {
        Map<Integer, ByteBuffer> options = new HashMap<>();
        for (int i = 0; i < MOST_OPTIONS && in.hasRemaining(); i++) {
            options.putIfAbsent(Wire.u16(in), Wire.take(in, Wire.u16(in)));
        }
        return options;
    }

    private Optional<IpPacket> reply() {
        boolean forUs = serverId().equals(options.getOrDefault(SERVER_ID, serverId()));
        ByteBuffer client = options.getOrDefault(CLIENT_ID, ByteBuffer.allocate(0));
        boolean named = client.hasRemaining() || type == INFORMATION_REQUEST;
        if (!forUs || !named || client.remaining() > MOST_ID) {
            return Optional.empty();
        }
        return switch (type) {
            case SOLICIT ->
                    Optional.of(
                            options.containsKey(RAPID_COMMIT)
                                    ? message(REPLY, this::quickLease)
                                    : message(ADVERTISE, this::lease));
            case REQUEST, RENEW, REBIND -> Optional.of(message(REPLY, this::lease));
            case CONFIRM -> Optional.of(message(REPLY, this::confirm));
            case RELEASE, DECLINE -> Optional.of(message(REPLY, out -> status(out, SUCCESS, "")));
            case INFORMATION_REQUEST -> Optional.of(message(REPLY, this::settings));
            default -> Optional.empty();
        };
    }

    private void quickLease(ByteBuffer out) {
        option(out, RAPID_COMMIT, ByteBuffer.allocate(0));
        lease(out);
    }

    /** The port's address, in the association that the client named. Others that it names end. */
    private void lease(ByteBuffer out) {
        if (options.containsKey(ASSOCIATION)) {
            ByteBuffer asked = options.get(ASSOCIATION).duplicate();
            ByteBuffer given = ByteBuffer.allocate(200);
            given.putInt(Wire.i32(asked));
            given.putInt(Lease.RENEW_SECONDS).putInt(Lease.REBIND_SECONDS);
            address(given, lease.address(), Lease.SECONDS);
            Wire.take(asked, 8);
            Optional.ofNullable(options(asked).get(IA_ADDRESS))
                    .map(one -> Wire.ipv6(one.duplicate()))
                    .filter(one -> !one.equals(lease.address()))
                    .ifPresent(one -> address(given, one, 0));
            option(out, ASSOCIATION, given.flip());
        } else {
            status(out, NO_BINDING, "no association");
        }
        settings(out);
    }

    private static void address(ByteBuffer out, Address address, int seconds) {
        ByteBuffer value = Wire.put(ByteBuffer.allocate(24), address);
        option(out, IA_ADDRESS, value.putInt(seconds).putInt(seconds).flip());
    }

    private void confirm(ByteBuffer out) {
        boolean same =
                Optional.ofNullable(options.get(ASSOCIATION))
                        .map(
                                association -> {
                                    ByteBuffer asked = association.duplicate();
                                    Wire.take(asked, 12);
                                    return options(asked).get(IA_ADDRESS);
                                })
                        .filter(one -> Wire.ipv6(one.duplicate()).equals(lease.address()))
                        .isPresent();
        status(out, same ? SUCCESS : NOT_ON_LINK, "");
    }

    private void settings(ByteBuffer out) {
        ByteBuffer servers = ByteBuffer.allocate(16 * lease.dnsServers().size());
        lease.dnsServers().forEach(server -> Wire.put(servers, server));
        option(out, DNS, servers.flip());
        option(out, SEARCH, Names.encoded(Names.labels(lease.domain())));
    }

    private static void status(ByteBuffer out, int code, String text) {
        byte[] message = text.getBytes(StandardCharsets.US_ASCII);
        ByteBuffer value = ByteBuffer.allocate(2 + message.length).putShort((short) code);
        option(out, STATUS, value.put(message).flip());
    }

    private static void option(ByteBuffer out, int code, ByteBuffer value) {
        out.putShort((short) code).putShort((short) value.remaining()).put(value.duplicate());
    }

    private ByteBuffer serverId() {
        ByteBuffer id = ByteBuffer.allocate(10);
        id.putShort((short) DUID_OF_LINK).putShort((short) ETHERNET);
        return Wire.put(id, lease.server()).flip();
    }

    /** Writes options. */
    private interface Options {
        void write(ByteBuffer out);
    }

    private IpPacket message(int kind, Options more) {
        ByteBuffer out = ByteBuffer.allocate(MOST_BYTES).putInt(kind << 24 | transaction);
        if (options.containsKey(CLIENT_ID)) {
            option(out, CLIENT_ID, options.get(CLIENT_ID));
        }
        option(out, SERVER_ID, serverId());
        more.write(out);
        Mac server = lease.server();
        return new IpPacket(
                server,
                packet.fromMac(),
                Address.linkLocal(server),
                packet.from(),
                IpPacket.UDP,
                HOPS,
                new Datagram(SERVER, CLIENT, out.flip()).payload());
    }
}
