package io.hypervisor.controller.store.history;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;

import io.hypervisor.controller.store.Store.Write;

import org.junit.jupiter.api.Test;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

class RemoteStoreTest {
    private static final List<Write> WRITES =
            List.of(
                    new Write("gone", Optional.empty()),
                    new Write("there", Optional.of(ByteString.copyFromUtf8("value"))));

    @Test
    void writesThatWereCutOffAnywhereAreNotRead() throws IOException {
        byte[] whole = written();
        assertThat(read(whole)).isEqualTo(WRITES);
        for (int length = 0; length < whole.length; length++) {
            byte[] part = Arrays.copyOf(whole, length);
            assertThatThrownBy(() -> read(part)).isInstanceOf(EOFException.class);
        }
    }

    private static byte[] written() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        RemoteStore.writeWrites(new DataOutputStream(bytes), WRITES);
        return bytes.toByteArray();
    }

    private static List<Write> read(byte[] bytes) throws IOException {
        return RemoteStore.readWrites(new DataInputStream(new ByteArrayInputStream(bytes)));
    }
}
