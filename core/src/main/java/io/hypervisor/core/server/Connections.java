package io.hypervisor.core.server;

import io.grpc.ServerCredentials;
import io.grpc.netty.GrpcHttp2ConnectionHandler;
import io.grpc.netty.InternalNettyServerCredentials;
import io.grpc.netty.InternalProtocolNegotiator.ProtocolNegotiator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerAdapter;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2ConnectionAdapter;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Stream;
import io.netty.util.AsciiString;

/**
 * What a server does for each connection besides grpc-java: it closes one for which there is no
 * room, and resets streams that are answered before the client has sent everything, as servers of
 * gRPC in other languages do. Without it both sides keep such a stream until the connection ends,
 * the client with all that it has left to send, for the server gives it no window any more; and ten
 * thousand of them, the most that a connection may have, leave it of no use (grpc-java #2162).
 */
final class Connections extends Http2ConnectionAdapter {
    private final Channel channel;
    private final Http2ConnectionHandler connection;

    private Connections(Channel channel, Http2ConnectionHandler connection) {
        this.channel = channel;
        this.connection = connection;
    }

    /** The credentials, for a server that does so. */
    static ServerCredentials watched(ServerCredentials credentials, CallMemory memory) {
        return InternalNettyServerCredentials.create(
                executors ->
                        new Negotiator(
                                InternalNettyServerCredentials.toNegotiator(credentials)
                                        .newNegotiator(executors),
                                memory));
    }

    @Override
    public void onStreamHalfClosed(Http2Stream stream) {
        if (stream.state() == Http2Stream.State.HALF_CLOSED_LOCAL) {
            // Not while the end itself is being written.
            channel.eventLoop().execute(() -> resetUnlessOver(stream));
        }
    }

    private void resetUnlessOver(Http2Stream stream) {
        ChannelHandlerContext context = channel.pipeline().context(connection);
        if (stream.state() == Http2Stream.State.HALF_CLOSED_LOCAL && context != null) {
            var _ =
                    connection.resetStream(
                            context, stream.id(), Http2Error.NO_ERROR.code(), context.newPromise());
            context.flush();
        }
    }

    /** Meets each connection before its first byte. */
    private record Negotiator(ProtocolNegotiator usual, CallMemory memory)
            implements ProtocolNegotiator {
        @Override
        public AsciiString scheme() {
            return usual.scheme();
        }

        @Override
        public ChannelHandler newHandler(GrpcHttp2ConnectionHandler connection) {
            ChannelHandler next = usual.newHandler(connection);
            return new ChannelHandlerAdapter() {
                @Override
                public void handlerAdded(ChannelHandlerContext context) {
                    Channel channel = context.channel();
                    memory.hold(channel);
                    connection.connection().addListener(new Connections(channel, connection));
                    context.pipeline().replace(context.name(), null, next);
                }
            };
        }

        @Override
        public void close() {
            usual.close();
        }
    }
}
