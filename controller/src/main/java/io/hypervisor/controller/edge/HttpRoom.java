package io.hypervisor.controller.edge;

import com.linecorp.armeria.common.ExchangeType;
import com.linecorp.armeria.common.FilteredHttpRequest;
import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpObject;
import com.linecorp.armeria.common.HttpRequest;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.RoutingContext;
import com.linecorp.armeria.server.ServiceRequestContext;
import com.linecorp.armeria.server.SimpleDecoratingHttpService;

import io.hypervisor.core.Fault;
import io.hypervisor.core.server.CallMemory;
import io.hypervisor.core.server.Faults;
import io.netty.util.AttributeKey;

import java.util.Objects;

/** Counts what a service's requests over HTTP hold, together with those over gRPC. */
final class HttpRoom extends SimpleDecoratingHttpService {
    // What a piece of a body costs besides its bytes, of which there may be one.
    private static final int PIECE = 128;
    // What a byte of JSON may become while it is read: a list of short numbers takes that much.
    private static final int READ = 48;
    private static final AttributeKey<CallMemory.Part> PART =
            AttributeKey.valueOf(HttpRoom.class, "part");

    private final CallMemory memory;

    HttpRoom(HttpService service, CallMemory memory) {
        super(service);
        this.memory = memory;
    }

    @Override
    public ExchangeType exchangeType(RoutingContext ctx) {
        // Otherwise Armeria may collect the body before anything here sees it.
        return ExchangeType.BIDI_STREAMING;
    }

    @Override
    public HttpResponse serve(ServiceRequestContext ctx, HttpRequest request) throws Exception {
        CallMemory.Part part =
                memory.open(CallMemory.CALL, () -> request.abort(Faults.toException(noRoom(ctx))));
        ctx.setAttr(PART, part);
        HttpRequest counted = new Counted(request, part);
        ctx.updateRequest(counted);
        var _ = request.whenComplete().thenRun(part::keep);
        HttpResponse response = unwrap().serve(ctx, counted);
        var _ = response.whenComplete().whenComplete((done, broken) -> part.release());
        return response;
    }

    private static Fault noRoom(ServiceRequestContext ctx) {
        return CallMemory.noRoom(ctx.method() + " " + ctx.path());
    }

    /** Lets a request be read that is there, or says that there is no room. */
    static void admit(ServiceRequestContext ctx, int bytes) {
        CallMemory.Part part = Objects.requireNonNull(ctx.attr(PART));
        var _ = part.keep();
        part.take((long) READ * bytes);
        if (!part.keep()) {
            throw noRoom(ctx);
        }
    }

    /** Gets copies of the pieces, not the buffers that they came in with others. */
    private static final class Counted extends FilteredHttpRequest {
        private final CallMemory.Part part;

        Counted(HttpRequest request, CallMemory.Part part) {
            super(request);
            this.part = part;
        }

        @Override
        protected HttpObject filter(HttpObject piece) {
            if (piece instanceof HttpData data) {
                part.take(data.length() + PIECE);
            }
            return piece;
        }
    }
}
