package io.hypervisor.core.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.StringValue;

import io.grpc.MethodDescriptor;
import io.grpc.protobuf.ProtoUtils;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.io.InputStream;
import java.util.stream.IntStream;

class SerializedOnceTest {
    private int serialized;
    private final MethodDescriptor.Marshaller<StringValue> proto =
            ProtoUtils.marshaller(StringValue.getDefaultInstance());
    private final SerializedOnce<StringValue> once = new SerializedOnce<>(new Counting());

    private final class Counting implements MethodDescriptor.Marshaller<StringValue> {
        @Override
        public InputStream stream(StringValue value) {
            serialized++;
            return proto.stream(value);
        }

        @Override
        public StringValue parse(InputStream stream) {
            return proto.parse(stream);
        }
    }

    @Test
    void theSameObjectIsSerializedOnce() throws IOException {
        StringValue event = StringValue.of("event");
        for (int stream = 0; stream < 1_000; stream++) {
            assertThat(once.stream(event).readAllBytes()).isEqualTo(event.toByteArray());
        }
        assertThat(serialized).isEqualTo(1);
    }

    @Test
    void othersAreNeverMistakenForIt() {
        IntStream.range(0, 1_000)
                .mapToObj(i -> StringValue.of("event " + i))
                .forEach(event -> assertThat(once.parse(once.stream(event))).isEqualTo(event));
        assertThat(serialized).isEqualTo(1_000);
    }
}
