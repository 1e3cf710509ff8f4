package io.hypervisor.agent.driver;

import com.google.protobuf.InvalidProtocolBufferException;

import io.hypervisor.api.internal.v1.Nic;
import io.hypervisor.api.v1.PortBindingType;
import io.hypervisor.core.Fault;
import io.hypervisor.core.Ids;

import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What every driver makes of the interfaces that a node is told of: the name of the end on the
 * node, and that nothing in them means more than it says, because they become arguments of programs
 * that run as root.
 */
public final class Nics {
    /** What the devices that this software names begin with. */
    public static final String DEVICE_PREFIX = "hv-";

    private static final int MAX_NICS = 16;
    // Of all interfaces together.
    private static final int MAX_ADDRESSES = 128;
    private static final int MAX_DNS = 16;
    private static final int MAX_MTU = 65_535;
    // What IPv4 asks of every link.
    private static final int MIN_MTU = 68;
    // The rest of an id is random; its beginning is a time, which many ports share.
    private static final int TAIL = 12;
    private static final Pattern MAC = Pattern.compile("[0-9a-f]{2}(:[0-9a-f]{2}){5}");
    private static final Pattern DEVICE = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,14}");
    private static final Pattern PREFIXED = Pattern.compile("([0-9a-f.:]+)/([0-9]{1,3})");
    private static final Pattern ADDRESS = Pattern.compile("[0-9]+(\\.[0-9]+){3}|[0-9a-f:.]*:.*");
    private static final Pattern ADDRESS_LETTERS = Pattern.compile("[0-9a-f.:]+");

    private Nics() {}

    /**
     * The interface on the node: as asked for, or "hv-" and the last 12 digits of the port's id.
     */
    public static String device(Nic nic) {
        return nic.getDeviceName().isEmpty() ? device(nic.getPortId()) : nic.getDeviceName();
    }

    /**
     * What an agent marks the devices of its containers with, so that it finds them again. Other
     * agents of the machine have other folders.
     */
    public static String mark(Path dataDir) {
        UUID name = UUID.nameUUIDFromBytes(dataDir.toString().getBytes(StandardCharsets.UTF_8));
        return "hypervisor " + name.toString().substring(0, 8);
    }

    /** Interfaces as text, one a line. */
    public static String write(List<Nic> nics) {
        return nics.stream()
                .map(nic -> Base64.getEncoder().encodeToString(nic.toByteArray()) + "\n")
                .collect(Collectors.joining());
    }

    /** Reads what {@link #write} wrote. */
    public static List<Nic> read(String text) {
        return text.lines().filter(line -> !line.isEmpty()).map(Nics::nic).toList();
    }

    private static Nic nic(String line) {
        try {
            return Nic.parseFrom(Base64.getDecoder().decode(line));
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalArgumentException("not an interface: " + line, e);
        }
    }

    /** The interface that carries a port unless somebody asks for another one. */
    public static String device(String portId) {
        return DEVICE_PREFIX + portId.substring(portId.length() - TAIL);
    }

    /** Whether the kernel and this software take it for the name of one interface. */
    public static boolean isDevice(String name) {
        return DEVICE.matcher(name).matches();
    }

    /**
     * Checks all interfaces of an instance.
     *
     * @throws DriverException permanent, naming field, value and expectation
     */
    public static void check(Target target) {
        List<Nic> nics = target.nics();
        require(nics.size() <= MAX_NICS, "nics", nics.size(), "at most " + MAX_NICS);
        int addresses = nics.stream().mapToInt(Nic::getAddressesCount).sum();
        require(addresses <= MAX_ADDRESSES, "nics.addresses", addresses, "at most 128");
        require(
                !target.spec().hasNetwork() || !nics.isEmpty(),
                "spec.network",
                target.spec().getNetwork().getNetworkId(),
                "none, because the controller gave this instance no interface");
        Set<String> ports = new HashSet<>();
        Set<String> macs = new HashSet<>();
        for (int i = 0; i < nics.size(); i++) {
            String field = "nics[" + i + "].";
            Nic nic = nics.get(i);
            check(field, nic);
            require(ports.add(nic.getPortId()), field + "port_id", nic.getPortId(), "each once");
            require(macs.add(nic.getMacAddress()), field + "mac_address", nic, "each once");
        }
    }

    private static void check(String field, Nic nic) {
        require(Ids.isId(nic.getPortId()), field + "port_id", nic.getPortId(), "a UUID");
        require(
                MAC.matcher(nic.getMacAddress()).matches(),
                field + "mac_address",
                nic.getMacAddress(),
                "six lower-case pairs with colons");
        require(
                nic.getMtu() == 0 || (nic.getMtu() >= MIN_MTU && nic.getMtu() <= MAX_MTU),
                field + "mtu",
                Integer.toUnsignedString(nic.getMtu()),
                "68 to 65535");
        require(
                isDevice(device(nic)),
                field + "device_name",
                nic.getDeviceName(),
                "the name of an interface, at most 15 characters");
        require(
                nic.getBindingType() == PortBindingType.PORT_BINDING_OVS
                        || nic.getBindingType() == PortBindingType.PORT_BINDING_UNSPECIFIED,
                field + "binding_type",
                nic.getBindingTypeValue(),
                "PORT_BINDING_OVS: this node plugs interfaces into Open vSwitch alone");
        require(nic.getGatewaysCount() <= 2, field + "gateways", nic.getGatewaysList(), "two");
        require(
                nic.getDnsServersCount() <= MAX_DNS,
                field + "dns_servers",
                nic.getDnsServersCount(),
                "at most 16");
        nic.getAddressesList()
                .forEach(a -> require(isPrefixed(a), field + "addresses", a, "ADDRESS/LENGTH"));
        nic.getGatewaysList()
                .forEach(a -> require(isAddress(a), field + "gateways", a, "an IP address"));
        nic.getDnsServersList()
                .forEach(a -> require(isAddress(a), field + "dns_servers", a, "an IP address"));
    }

    private static boolean isPrefixed(String text) {
        var parts = PREFIXED.matcher(text);
        return parts.matches()
                && isAddress(parts.group(1))
                && Integer.parseInt(parts.group(2)) <= (isIpv6(text) ? 128 : 32);
    }

    /** Whether an address, with or without a prefix length, is one of IPv6. */
    public static boolean isIpv6(String address) {
        return address.indexOf(':') >= 0;
    }

    private static boolean isAddress(String text) {
        if (!ADDRESS.matcher(text).matches() || !ADDRESS_LETTERS.matcher(text).matches()) {
            return false;
        }
        try {
            // Never a name, so nobody is asked.
            return InetAddress.ofLiteral(text) != null;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private static void require(boolean holds, String field, Object value, String expected) {
        if (!holds) {
            Fault.Violation violation = Fault.violation(field, value, expected);
            throw DriverException.permanent(violation.field() + ": " + violation.description());
        }
    }
}
