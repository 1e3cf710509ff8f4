package io.hypervisor.controller.network;

import io.hypervisor.network.model.Address;
import io.hypervisor.network.model.Mac;
import io.hypervisor.network.model.Prefix;

import java.math.BigInteger;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** Reads the addresses that callers write, and says what a range of them begins and ends with. */
public final class Addresses {
    private static final Pattern IPV4 =
            Pattern.compile("((25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)(\\.(?!$)|$)){4}");
    // No scope, and nothing that a name could be.
    private static final Pattern IPV6 = Pattern.compile("[0-9A-Fa-f:.]{2,45}");
    private static final Pattern LENGTH = Pattern.compile("0|[1-9]\\d{0,2}");
    private static final Pattern MAC = Pattern.compile("([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}");
    private static final long MULTICAST_BIT = 1L << 40;

    /** Where no host has its address: this network, loopback, multicast and reserved ones. */
    private static final List<Prefix> NO_HOSTS =
            List.of(
                    Prefix.parse("0.0.0.0/8"),
                    Prefix.parse("127.0.0.0/8"),
                    Prefix.parse("224.0.0.0/3"),
                    Prefix.parse("::/8"),
                    Prefix.parse("fe80::/10"),
                    Prefix.parse("ff00::/8"));

    private Addresses() {}

    /** An IPv4 or IPv6 address in any valid spelling; empty for anything else. */
    public static Optional<Address> address(String text) {
        boolean v4 = IPV4.matcher(text).matches();
        if (!v4 && !(text.contains(":") && IPV6.matcher(text).matches())) {
            return Optional.empty();
        }
        try {
            // An IPv4 address in the clothes of an IPv6 one is neither.
            return Optional.of(Address.parse(text)).filter(address -> address.v6() != v4);
        } catch (IllegalArgumentException notOne) {
            return Optional.empty();
        }
    }

    /** A range in prefix notation, host bits zero; empty for anything else. */
    public static Optional<Prefix> prefix(String text) {
        int slash = text.indexOf('/');
        if (slash < 0 || !LENGTH.matcher(text.substring(slash + 1)).matches()) {
            return Optional.empty();
        }
        int length = Integer.parseInt(text.substring(slash + 1));
        return address(text.substring(0, slash))
                .filter(address -> length <= address.width())
                .map(address -> new Prefix(address, length))
                .filter(prefix -> prefix.contains(prefix.first()));
    }

    /** A MAC address of one interface; empty for anything else. */
    public static Optional<Mac> mac(String text) {
        return Optional.of(text)
                .filter(t -> MAC.matcher(t).matches())
                .map(Mac::parse)
                .filter(mac -> (mac.bits() & MULTICAST_BIT) == 0 && mac.bits() != 0);
    }

    /** Whether every address of a range may be a host's. */
    public static boolean isForHosts(Prefix range) {
        return NO_HOSTS.stream().noneMatch(none -> overlap(none, range));
    }

    /** Whether two ranges have an address in common. */
    public static boolean overlap(Prefix a, Prefix b) {
        return a.length() <= b.length() ? a.contains(b.first()) : b.contains(a.first());
    }

    /** The first address that a host may have: that after the network's own. */
    public static Address firstHost(Prefix range) {
        return range.first().step(1);
    }

    /** The last address that a host may have: in IPv4 that before the broadcast address. */
    public static Address lastHost(Prefix range) {
        BigInteger size = BigInteger.ONE.shiftLeft(range.first().width() - range.length());
        Address beyond = new Address(range.v6(), range.first().bits().add(size));
        return beyond.step(range.v6() ? -1 : -2);
    }

    /** Whether a host of the range may have the address. */
    public static boolean isHost(Prefix range, Address address) {
        return address.v6() == range.v6()
                && firstHost(range).compareTo(address) <= 0
                && address.compareTo(lastHost(range)) <= 0;
    }
}
