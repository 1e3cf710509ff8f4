package io.hypervisor.network.ovs;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypervisor.network.compiler.Meter;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.List;

class OpenFlowTest {
    private static ByteBuffer bytes(String hex) {
        return ByteBuffer.wrap(HexFormat.of().parseHex(hex.replace(" ", "")));
    }

    @Test
    void readsPortRegistersAndFrame() {
        PacketIn packet =
                OpenFlow.packetIn(
                                bytes(
                                        "ffffffff 0003 01 00 0000000000000000"
                                                + "0001 0014 80000004 00000007 00010e04 00000abc"
                                                + "00000000 0000 aabbcc"))
                        .orElseThrow();
        assertThat(packet.inPort()).isEqualTo(7);
        assertThat(packet.register(7)).isEqualTo(0xabc);
        assertThat(packet.register(0)).isZero();
        assertThat(packet.frame()).isEqualTo(bytes("aabbcc"));
    }

    @Property
    void bytesOfAnyKindAreReadWithoutFailure(@ForAll @Size(max = 200) byte[] body) {
        OpenFlow.packetIn(ByteBuffer.wrap(body));
        OpenFlow.meterConfigs(ByteBuffer.wrap(body));
        OpenFlow.error(ByteBuffer.wrap(body));
    }

    @Test
    void meters() {
        assertThat(
                        OpenFlow.meterConfigs(
                                bytes(
                                        "000a 0000 000000000018 0006 00000003 0001 0010 0000000a"
                                                + " 00000014 000000000018 0005 00000004 0001 0010"
                                                + " 00001388 00000258 00000000")))
                .isEqualTo(List.of(new Meter(3, false, 10, 20), new Meter(4, true, 5000, 600)));
    }
}
