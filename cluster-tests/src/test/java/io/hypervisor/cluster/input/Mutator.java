package io.hypervisor.cluster.input;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.WireFormat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.zip.GZIPOutputStream;

/** Makes bytes that are nearly, or not at all, a message of some type. */
final class Mutator {
    private static final int MAX_DEPTH = 4;
    private static final long[] NUMBERS = {
        0,
        1,
        -1,
        2,
        63,
        1000,
        1 << 16,
        Integer.MAX_VALUE,
        Integer.MIN_VALUE,
        Long.MAX_VALUE,
        Long.MIN_VALUE,
        1L << 40,
        253_402_300_800L
    };

    private final RandomGenerator random;
    private final List<String> texts;

    /** Texts are drawn from these, among others. */
    Mutator(RandomGenerator random, List<String> texts) {
        this.random = random;
        this.texts = texts;
    }

    byte[] request(Descriptor type) {
        return switch (random.nextInt(12)) {
            case 0 -> bytes(random.nextInt(200));
            case 1 -> new byte[0];
            case 2 -> truncated(message(type, 0).toByteArray());
            case 3, 4 -> flipped(message(type, 0).toByteArray());
            case 5 -> groups(1 + random.nextInt(random.nextInt(20) == 0 ? 100_000 : 200));
            case 6 -> nested(type, 1 + random.nextInt(300));
            case 7 -> wrongTypes(type);
            case 8 -> noText(type);
            case 9 -> random.nextInt(20) == 0 ? large() : lengths(type);
            default -> message(type, 0).toByteArray();
        };
    }

    /** Messages in gRPC's frames, mostly. */
    byte[] frames(Descriptor type) {
        ByteArrayOutputStream frames = new ByteArrayOutputStream();
        for (int i = random.nextInt(4); i >= 0; i--) {
            frames.writeBytes(framed(random.nextInt(3) == 0 ? zipped(type) : request(type)));
        }
        byte[] whole = frames.toByteArray();
        return random.nextInt(4) == 0 ? truncated(whole) : whole;
    }

    /** A message in gRPC's frame, mostly. */
    byte[] framed(byte[] message) {
        long length = random.nextInt(5) == 0 ? number() : message.length;
        return ByteBuffer.allocate(message.length + 5)
                .put((byte) (random.nextInt(3) == 0 ? random.nextInt(3) : 0))
                .putInt((int) length)
                .put(message)
                .array();
    }

    private byte[] zipped(Descriptor type) {
        byte[] content = random.nextInt(20) == 0 ? new byte[64 << 20] : request(type);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream zip = new GZIPOutputStream(bytes)) {
            zip.write(content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    private byte[] truncated(byte[] whole) {
        return whole.length == 0 ? bytes(3) : Arrays.copyOf(whole, random.nextInt(whole.length));
    }

    private byte[] flipped(byte[] whole) {
        byte[] bytes = whole.length == 0 ? bytes(5) : whole.clone();
        for (int i = random.nextInt(4); i >= 0; i--) {
            bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
        }
        return bytes;
    }

    /** Well-formed groups in groups, of a field that no message has. */
    private byte[] groups(int depth) {
        return written(
                out -> {
                    for (int i = 0; i < depth; i++) {
                        out.writeTag(1000, WireFormat.WIRETYPE_START_GROUP);
                    }
                    for (int i = random.nextInt(3) == 0 ? 1 : 0; i < depth; i++) {
                        out.writeTag(1000, WireFormat.WIRETYPE_END_GROUP);
                    }
                });
    }

    /** The first message field in itself, again and again. */
    private byte[] nested(Descriptor type, int depth) {
        int number =
                type.getFields().stream()
                        .filter(f -> f.getJavaType() == FieldDescriptor.JavaType.MESSAGE)
                        .map(FieldDescriptor::getNumber)
                        .findFirst()
                        .orElse(1);
        byte[] inner = new byte[0];
        for (int i = 0; i < depth; i++) {
            byte[] content = inner;
            inner = written(out -> out.writeByteArray(number, content));
        }
        return inner;
    }

    private byte[] wrongTypes(Descriptor type) {
        return written(
                out -> {
                    for (FieldDescriptor field : type.getFields()) {
                        switch (random.nextInt(4)) {
                            case 0 -> out.writeInt64(field.getNumber(), number());
                            case 1 -> out.writeFixed64(field.getNumber(), number());
                            case 2 -> out.writeFixed32(field.getNumber(), (int) number());
                            default -> out.writeByteArray(field.getNumber(), bytes(9));
                        }
                    }
                });
    }

    private byte[] noText(Descriptor type) {
        byte[] broken = {'a', (byte) 0xc3, (byte) 0x28, (byte) 0xff, 0};
        return written(
                out -> {
                    for (FieldDescriptor field : type.getFields()) {
                        out.writeByteArray(field.getNumber(), broken);
                    }
                });
    }

    /** Lengths that are negative or beyond the end. */
    private byte[] lengths(Descriptor type) {
        return written(
                out -> {
                    int fields = type.getFields().size();
                    int field = fields == 0 ? 1 : type.getFields().get(0).getNumber();
                    out.writeTag(field, WireFormat.WIRETYPE_LENGTH_DELIMITED);
                    out.writeUInt64NoTag(number());
                    out.writeRawBytes(bytes(random.nextInt(20)));
                });
    }

    private byte[] large() {
        int size = random.nextBoolean() ? (4 << 20) + 1 : 3 << 20;
        return written(out -> out.writeByteArray(1000, new byte[size]));
    }

    private interface Writing {
        void to(CodedOutputStream out) throws IOException;
    }

    private static byte[] written(Writing writing) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        try {
            writing.to(out);
            out.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    /** A well-formed message with values that are often wrong. */
    DynamicMessage message(Descriptor type, int depth) {
        DynamicMessage.Builder message = DynamicMessage.newBuilder(type);
        for (FieldDescriptor field : type.getFields()) {
            boolean deep =
                    depth >= MAX_DEPTH && field.getJavaType() == FieldDescriptor.JavaType.MESSAGE;
            if (deep || random.nextInt(3) == 0) {
                continue;
            }
            if (field.isRepeated()) {
                for (int i = random.nextInt(random.nextInt(10) == 0 ? 300 : 3); i > 0; i--) {
                    message.addRepeatedField(field, value(field, depth));
                }
            } else {
                message.setField(field, value(field, depth));
            }
        }
        return message.build();
    }

    private Object value(FieldDescriptor field, int depth) {
        return switch (field.getJavaType()) {
            case INT -> (int) number();
            case LONG -> number();
            case FLOAT -> (float) number();
            case DOUBLE -> (double) number();
            case BOOLEAN -> random.nextBoolean();
            case STRING -> text();
            case BYTE_STRING -> ByteString.copyFrom(bytes(random.nextInt(100)));
            case ENUM ->
                    field.getEnumType().findValueByNumberCreatingIfUnknown(random.nextInt(10) - 1);
            case MESSAGE -> message(field.getMessageType(), depth + 1);
        };
    }

    long number() {
        return random.nextBoolean()
                ? NUMBERS[random.nextInt(NUMBERS.length)]
                : random.nextLong() >> random.nextInt(64);
    }

    String text() {
        return switch (random.nextInt(6)) {
            case 0 -> "";
            case 1 -> new String(bytes(random.nextInt(40)), StandardCharsets.UTF_8);
            case 2 -> "\u0000\n\u202e\ud83d\ude00".repeat(random.nextInt(50));
            case 3 -> "x".repeat(random.nextInt(random.nextInt(50) == 0 ? 100_000 : 300));
            default -> texts.get(random.nextInt(texts.size()));
        };
    }
}
