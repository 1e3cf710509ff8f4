package io.hypervisor.controller.edge;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import io.netty.channel.CombinedChannelDuplexHandler;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;

/**
 * Ends an HTTP/1 connection after the running answer if its client sends another request before
 * that. Armeria would keep the later answers until it is their turn, and would never free the
 * memory of those that are still kept when the connection ends.
 */
final class OneAtATime extends ChannelDuplexHandler {
    // Created while the first request passes.
    private boolean busy = true;
    private boolean ending;

    private OneAtATime() {}

    /** For pipelines of Armeria, which learn with the first request which HTTP they speak. */
    static void install(ChannelPipeline pipeline) {
        pipeline.addBefore(
                pipeline.lastContext().name(),
                null,
                new ChannelInboundHandlerAdapter() {
                    @Override
                    public void channelRead(ChannelHandlerContext ctx, Object request) {
                        var codec = ctx.pipeline().context(CombinedChannelDuplexHandler.class);
                        if (codec != null) {
                            ctx.pipeline().addAfter(codec.name(), null, new OneAtATime());
                        }
                        ctx.fireChannelRead(request);
                        ctx.pipeline().remove(this);
                    }
                });
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ending |= busy && message instanceof HttpRequest;
        busy |= message instanceof HttpRequest;
        if (ending) {
            ReferenceCountUtil.release(message);
        } else {
            ctx.fireChannelRead(message);
        }
    }

    @Override
    public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
        boolean last = message instanceof LastHttpContent && !isInterim(message);
        busy &= !last;
        ChannelFuture written = ctx.write(message, promise);
        if (last && ending) {
            written.addListener(ChannelFutureListener.CLOSE);
        }
    }

    private static boolean isInterim(Object message) {
        return message instanceof HttpResponse response
                && response.status().codeClass() == HttpStatusClass.INFORMATIONAL;
    }
}
