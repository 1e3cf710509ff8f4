package io.hypervisor.network.answer;

import io.hypervisor.network.model.Address;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** DNS of RFC 1035 for the names of one network; what others know is theirs to answer. */
final class Dns {
    /** A query's answer, or whose business it is. */
    sealed interface Verdict {
        /** The message to send back. */
        record Local(ByteBuffer message) implements Verdict {}

        /** Somebody else knows. */
        record Foreign() implements Verdict {}
    }

    private static final int HEADER = 12;
    private static final int MOST_BYTES = 512;
    private static final int MOST_NAME = 255;
    private static final int MOST_LABEL = 63;
    private static final int SECONDS = 30;

    private static final int RESPONSE = 0x8000;
    private static final int OPCODE = 0x7800;
    private static final int AUTHORITATIVE = 0x0400;
    private static final int TRUNCATED = 0x0200;
    private static final int RECURSION_DESIRED = 0x0100;
    private static final int RECURSION_AVAILABLE = 0x0080;
    private static final int SERVER_FAILURE = 2;
    private static final int NO_SUCH_NAME = 3;
    private static final int NOT_IMPLEMENTED = 4;

    private static final int A = 1;
    private static final int PTR = 12;
    private static final int AAAA = 28;
    private static final int ANY = 255;
    private static final int INTERNET = 1;
    private static final int POINTER_TO_QUESTION = 0xC000 | HEADER;

    private final int id;
    private final int flags;
    private final ByteBuffer question;
    private final List<String> name;
    private final int type;

    private Dns(int id, int flags, ByteBuffer question, List<String> name, int type) {
        this.id = id;
        this.flags = flags;
        this.question = question;
        this.name = name;
        this.type = type;
    }

    /** What to do with a message of a guest. */
    static Verdict answer(ByteBuffer message, Names names) {
        return read(message).verdict(names);
    }

    /** The answer when those who know cannot be asked. */
    static ByteBuffer failure(ByteBuffer message) {
        return read(message).reply(SERVER_FAILURE, 0, List.of());
    }

    /** The answer when the real one is too long for a packet. */
    static ByteBuffer truncated(ByteBuffer message) {
        return read(message).reply(0, TRUNCATED, List.of());
    }

    private static Dns read(ByteBuffer message) {
        ByteBuffer in = message.duplicate();
        int id = Wire.u16(in);
        int flags = Wire.u16(in);
        int questions = Wire.u16(in);
        Wire.take(in, HEADER - 6);
        if ((flags & RESPONSE) != 0 || questions != 1) {
            throw new Unreadable("not a query with one question");
        }
        List<String> name = name(in);
        int type = Wire.u16(in);
        int kind = Wire.u16(in);
        ByteBuffer question =
                message.slice(
                        message.position() + HEADER, in.position() - message.position() - HEADER);
        return new Dns(id, flags, question, name, kind == INTERNET ? type : 0);
    }

    private static List<String> name(ByteBuffer in) {
        List<String> labels = new ArrayList<>();
        int total = 0;
        for (int length = Wire.u8(in); length > 0; length = Wire.u8(in)) {
            total += length + 1;
            // Longer ones would be pointers, which a question has no use for.
            if (length > MOST_LABEL || total >= MOST_NAME) {
                throw new Unreadable("not a name");
            }
            byte[] label = Wire.bytes(Wire.take(in, length));
            labels.add(new String(label, StandardCharsets.ISO_8859_1).toLowerCase(Locale.ROOT));
        }
        return labels;
    }

    private Verdict verdict(Names names) {
        if ((flags & OPCODE) != 0) {
            return local(NOT_IMPLEMENTED, List.of());
        }
        Optional<Address> reverse = Names.reverse(name);
        if (reverse.isPresent()) {
            return reverse(names, reverse.get());
        }
        if (!names.ours(name) || name.isEmpty()) {
            return new Verdict.Foreign();
        }
        Optional<List<Address>> addresses = names.host(name).flatMap(names::addresses);
        if (addresses.isEmpty() && !names.isDomain(name)) {
            return local(NO_SUCH_NAME, List.of());
        }
        return local(
                0,
                addresses.orElse(List.of()).stream()
                        .filter(a -> type == ANY || type == (a.v6() ? AAAA : A))
                        .map(a -> record(a.v6() ? AAAA : A, bytes(a)))
                        .toList());
    }

    private Verdict reverse(Names names, Address address) {
        Optional<List<String>> host = names.name(address);
        if (host.isEmpty()) {
            return names.holds(address) ? local(NO_SUCH_NAME, List.of()) : new Verdict.Foreign();
        }
        boolean asked = type == PTR || type == ANY;
        return local(0, asked ? List.of(record(PTR, Names.encoded(host.get()))) : List.of());
    }

    private static ByteBuffer bytes(Address address) {
        return Wire.put(ByteBuffer.allocate(address.width() / Byte.SIZE), address).flip();
    }

    private static ByteBuffer record(int type, ByteBuffer data) {
        return ByteBuffer.allocate(HEADER + data.remaining())
                .putShort((short) POINTER_TO_QUESTION)
                .putShort((short) type)
                .putShort((short) INTERNET)
                .putInt(SECONDS)
                .putShort((short) data.remaining())
                .put(data)
                .flip();
    }

    private Verdict local(int code, List<ByteBuffer> records) {
        return new Verdict.Local(reply(code, AUTHORITATIVE, records));
    }

    private ByteBuffer reply(int code, int more, List<ByteBuffer> records) {
        ByteBuffer out = ByteBuffer.allocate(MOST_BYTES).position(HEADER).put(question.duplicate());
        int count = 0;
        for (ByteBuffer one : records) {
            if (one.remaining() <= out.remaining()) {
                out.put(one);
                count++;
            }
        }
        int kept = flags & (OPCODE | RECURSION_DESIRED);
        return out.putShort(0, (short) id)
                .putShort(2, (short) (RESPONSE | kept | RECURSION_AVAILABLE | more | code))
                .putShort(4, (short) 1)
                .putShort(6, (short) count)
                .flip();
    }
}
