package io.hypervisor.agent.driver.libvirt;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.stream.Collectors;
import java.util.stream.Stream;

class GuestAddressTest {
    private static String answer(String... addresses) {
        return Stream.of(addresses)
                .map("{\"ip-address\":\"%s\",\"prefix\":24}"::formatted)
                .collect(
                        Collectors.joining(
                                ",",
                                "{\"return\":[{\"name\":\"lo\"},{\"name\":\"eth0\",\"ip-addresses\":[",
                                "]}]}"));
    }

    @Test
    void takesTheFirstAddressThatOthersCouldReach() {
        assertThat(GuestAddress.of(answer("127.0.0.1", "fe80::1", "10.0.0.5", "10.0.0.6")))
                .isEqualTo("10.0.0.5");
        assertThat(GuestAddress.of(answer("fd00::5", "10.0.0.5"))).isEqualTo("10.0.0.5");
        assertThat(GuestAddress.of(answer("::1", "fd00::5"))).isEqualTo("fd00::5");
        assertThat(GuestAddress.of(answer())).isEmpty();
    }

    static Stream<String> hostile() {
        return Stream.of(
                "",
                "null",
                "[]",
                "{",
                "\0",
                "{\"return\":{}}",
                "{\"return\":[[],1,null,\"x\"]}",
                "{\"return\":[{\"ip-addresses\":{\"ip-address\":\"10.0.0.5\"}}]}",
                "{\"return\":[{\"ip-addresses\":[{\"ip-address\":[\"10.0.0.5\"]}]}]}",
                "{\"return\":[{\"ip-addresses\":[{\"ip-address\":null}, 7]}]}",
                "{\"return\":[{\"ip-addresses\":[{\"ip-address\":5}, 7]}]}",
                "[".repeat(60_000),
                "{\"return\":" + "[".repeat(30_000) + "]".repeat(30_000) + "}",
                "{\"return\":[" + "{},".repeat(100_000) + "{}]}",
                answer("example.org"),
                answer("10.0.0.5\\n"),
                answer("10.0.0.5; reboot"),
                answer("0x7f000001", "10.0.0.256", "10.1", "5"),
                answer("<b>"),
                answer("fe80::1%eth0"),
                answer("fd00::5%" + "x".repeat(100)),
                answer("0.0.0.0", "::", "224.0.0.1", "ff02::1"),
                answer("1".repeat(50_000)),
                answer("10.0.0.5").repeat(1_000));
    }

    @ParameterizedTest
    @MethodSource("hostile")
    void whatIsNoAddressWasNotSaid(String answer) {
        assertThat(GuestAddress.of(answer)).isEmpty();
    }
}
