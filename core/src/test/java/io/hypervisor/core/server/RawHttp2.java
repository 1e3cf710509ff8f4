package io.hypervisor.core.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.function.Predicate;

/** A client that says, frame by frame, what no gRPC library would. */
public final class RawHttp2 implements AutoCloseable {
    public static final int RST_STREAM = 3;

    private static final int DATA = 0;
    private static final int HEADERS = 1;
    private static final int WINDOW_UPDATE = 8;
    private static final int END_STREAM = 1;
    private static final int MAX_FRAME = 16_384;
    private static final int SETTINGS = 4;
    private static final int ACK = 1;
    private static final int END_HEADERS = 4;

    private final Socket socket;
    private final DataOutputStream out;
    private final DataInputStream in;
    private int next = 1;

    /** What the server sent. */
    public record Frame(int type, int flags, int stream, ByteBuffer payload) {
        /** Whether a stream ends with it. */
        public boolean ends(int other) {
            return stream == other && type == HEADERS && (flags & END_STREAM) != 0;
        }
    }

    /** Connects, and waits until the server lets it send more than the first 64 KiB. */
    public RawHttp2(int port) throws IOException {
        socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(20_000);
        out = new DataOutputStream(socket.getOutputStream());
        in = new DataInputStream(socket.getInputStream());
        out.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        send(SETTINGS, 0, 0, new byte[0]);
        var _ = await(frame -> frame.type() == WINDOW_UPDATE && frame.stream() == 0);
        // The server's settings, streams' windows among them, count from here.
        send(SETTINGS, ACK, 0, new byte[0]);
    }

    /** Starts a call; gives its stream. */
    public int call(String method) throws IOException {
        ByteArrayOutputStream headers = new ByteArrayOutputStream();
        String[] pairs = {
            ":method",
            "POST",
            ":scheme",
            "http",
            ":path",
            "/" + method,
            ":authority",
            "x",
            "content-type",
            "application/grpc",
            "te",
            "trailers"
        };
        for (int i = 0; i < pairs.length; i++) {
            if (i % 2 == 0) {
                // A literal that goes into no table.
                headers.write(0);
            }
            assertThat(pairs[i].length()).isLessThan(127);
            headers.write(pairs[i].length());
            headers.writeBytes(pairs[i].getBytes(StandardCharsets.US_ASCII));
        }
        int stream = next;
        next += 2;
        send(HEADERS, END_HEADERS, stream, headers.toByteArray());
        return stream;
    }

    /** Sends the first bytes of a message that is to have that length. */
    public void begin(int stream, int length, int sent) throws IOException {
        ByteBuffer data = ByteBuffer.allocate(5 + sent).put((byte) 0).putInt(length).rewind();
        while (data.hasRemaining()) {
            byte[] part = new byte[Math.min(data.remaining(), MAX_FRAME)];
            data.get(part);
            send(DATA, 0, stream, part);
        }
    }

    private void send(int type, int flags, int stream, byte[] payload) throws IOException {
        out.writeByte(payload.length >> 16);
        out.writeShort(payload.length);
        out.writeByte(type);
        out.writeByte(flags);
        out.writeInt(stream);
        out.write(payload);
        out.flush();
    }

    /** Reads up to such a frame. */
    public Frame await(Predicate<Frame> wanted) throws IOException {
        Frame frame = read();
        while (!wanted.test(frame)) {
            frame = read();
        }
        return frame;
    }

    private Frame read() throws IOException {
        int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
        int type = in.readUnsignedByte();
        int flags = in.readUnsignedByte();
        int stream = in.readInt();
        return new Frame(type, flags, stream, ByteBuffer.wrap(in.readNBytes(length)));
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
