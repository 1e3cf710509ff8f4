package io.hypervisor.agent.door;

import com.google.protobuf.ByteString;

import io.grpc.stub.ServerCallStreamObserver;
import io.hypervisor.agent.driver.LogFollower;
import io.hypervisor.api.v1.InstanceLogChunk;

import java.util.function.BooleanSupplier;

/** One reader of an instance's log. */
final class LogCall implements LogFollower.Reader {
    private final ServerCallStreamObserver<InstanceLogChunk> out;
    private final BooleanSupplier goesOn;

    /** A reader that ends when {@code goesOn} is false at the end of the log. */
    LogCall(ServerCallStreamObserver<InstanceLogChunk> out, BooleanSupplier goesOn) {
        this.out = out;
        this.goesOn = goesOn;
    }

    @Override
    public boolean isReady() {
        return out.isReady();
    }

    @Override
    public void read(byte[] data) {
        if (!out.isCancelled()) {
            out.onNext(InstanceLogChunk.newBuilder().setData(ByteString.copyFrom(data)).build());
        }
    }

    @Override
    public boolean atEnd() {
        if (out.isCancelled()) {
            return false;
        }
        if (!goesOn.getAsBoolean()) {
            out.onCompleted();
            return false;
        }
        return true;
    }
}
