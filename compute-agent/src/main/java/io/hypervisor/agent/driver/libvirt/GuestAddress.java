package io.hypervisor.agent.driver.libvirt;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;

import io.hypervisor.network.model.Address;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * Reads a guest agent's answer to guest-network-get-interfaces. It is a stranger's text: what is
 * not an address, or too much, is as if it had not been said. Pure.
 */
final class GuestAddress {
    private static final int MAX_ANSWER = 64 << 10;
    private static final int MAX_INTERFACES = 64;
    private static final int MAX_ADDRESSES = 64;
    // Four numbers, or with a colon; no zone.
    private static final Pattern LITERAL =
            Pattern.compile("[0-9]{1,3}(?:[.][0-9]{1,3}){3}|(?=.{0,4}:)[0-9a-fA-F:.]{2,45}");

    private GuestAddress() {}

    /** The first address that others could reach, IPv4 before IPv6; empty if there is none. */
    static String of(String answer) {
        if (answer.length() > MAX_ANSWER) {
            return "";
        }
        List<InetAddress> all;
        try {
            all =
                    array(JsonParser.parseString(answer), "return", MAX_INTERFACES)
                            .flatMap(each -> array(each, "ip-addresses", MAX_ADDRESSES))
                            .flatMap(each -> address(each).stream())
                            .toList();
        } catch (JsonParseException e) {
            return "";
        }
        return all.stream()
                .filter(Inet4Address.class::isInstance)
                .findFirst()
                .or(() -> all.stream().findFirst())
                .map(InetAddress::getHostAddress)
                .map(literal -> Address.parse(literal).toString())
                .orElse("");
    }

    private static Stream<JsonElement> array(JsonElement parent, String name, int most) {
        return parent instanceof JsonObject object && object.get(name) instanceof JsonArray array
                ? StreamSupport.stream(array.spliterator(), false).limit(most)
                : Stream.empty();
    }

    private static Optional<InetAddress> address(JsonElement element) {
        if (!(element instanceof JsonObject object
                && object.get("ip-address") instanceof JsonPrimitive value
                && LITERAL.matcher(value.getAsString()).matches())) {
            return Optional.empty();
        }
        try {
            return Optional.of(InetAddress.ofLiteral(value.getAsString()))
                    .filter(GuestAddress::isReachable);
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private static boolean isReachable(InetAddress address) {
        return !address.isLoopbackAddress()
                && !address.isLinkLocalAddress()
                && !address.isAnyLocalAddress()
                && !address.isMulticastAddress();
    }
}
