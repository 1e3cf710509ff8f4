package io.hypervisor.agent.driver.containerd;

import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.AbstractStub;
import io.grpc.stub.MetadataUtils;
import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.containerd.wire.ContainersGrpc;
import io.hypervisor.agent.driver.containerd.wire.ContentGrpc;
import io.hypervisor.agent.driver.containerd.wire.DiffGrpc;
import io.hypervisor.agent.driver.containerd.wire.EventsGrpc;
import io.hypervisor.agent.driver.containerd.wire.ImagesGrpc;
import io.hypervisor.agent.driver.containerd.wire.IntrospectionGrpc;
import io.hypervisor.agent.driver.containerd.wire.LeasesGrpc;
import io.hypervisor.agent.driver.containerd.wire.SnapshotsGrpc;
import io.hypervisor.agent.driver.containerd.wire.TasksGrpc;
import io.hypervisor.agent.driver.containerd.wire.VersionGrpc;
import io.hypervisor.core.server.Reasons;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.unix.DomainSocketAddress;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/** The connection to a containerd, which comes back by itself when the daemon does. */
final class Daemon implements AutoCloseable {
    // Far above what any call takes; a daemon that needs longer counts as out of reach.
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    // A layer of many GiB takes that long on a slow disk.
    private static final Duration UNPACKING = Duration.ofMinutes(30);
    private static final int MAX_MESSAGE = 16 << 20;

    // What runc says when the image or the spec is at fault, not the moment.
    private static final Pattern HOPELESS =
            Pattern.compile(
                    "executable file not found|no such file or directory|permission denied"
                            + "|not a directory|is a directory|exec format error"
                            + "|invalid argument|argument list too long");

    private final MultiThreadIoEventLoopGroup loops;
    private final ManagedChannel channel;
    private final Channel calls;

    Daemon(ContainerdConfig config, Executor executor) {
        loops = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        channel =
                NettyChannelBuilder.forAddress(new DomainSocketAddress(config.socket().toString()))
                        .eventLoopGroup(loops)
                        .channelType(EpollDomainSocketChannel.class, DomainSocketAddress.class)
                        .executor(executor)
                        .overrideAuthority("localhost")
                        .maxInboundMessageSize(MAX_MESSAGE)
                        .usePlaintext()
                        .build();
        calls = with(channel, "containerd-namespace", config.namespace());
    }

    private static Channel with(Channel channel, String header, String value) {
        Metadata headers = new Metadata();
        headers.put(Metadata.Key.of(header, Metadata.ASCII_STRING_MARSHALLER), value);
        return ClientInterceptors.intercept(
                channel, MetadataUtils.newAttachHeadersInterceptor(headers));
    }

    /** Calls whose results a lease keeps. */
    Channel leased(String lease) {
        return with(calls, "containerd-lease", lease);
    }

    LeasesGrpc.LeasesBlockingStub leases() {
        return patient(LeasesGrpc.newBlockingStub(calls));
    }

    DiffGrpc.DiffBlockingStub diff() {
        return DiffGrpc.newBlockingStub(calls)
                .withDeadlineAfter(UNPACKING.toMillis(), TimeUnit.MILLISECONDS);
    }

    ContainersGrpc.ContainersBlockingStub containers() {
        return patient(ContainersGrpc.newBlockingStub(calls));
    }

    SnapshotsGrpc.SnapshotsBlockingStub snapshots() {
        return patient(SnapshotsGrpc.newBlockingStub(calls));
    }

    ImagesGrpc.ImagesBlockingStub images() {
        return patient(ImagesGrpc.newBlockingStub(calls));
    }

    ContentGrpc.ContentBlockingStub content() {
        return patient(ContentGrpc.newBlockingStub(calls));
    }

    TasksGrpc.TasksBlockingStub tasks() {
        return patient(TasksGrpc.newBlockingStub(calls));
    }

    IntrospectionGrpc.IntrospectionBlockingStub introspection() {
        return patient(IntrospectionGrpc.newBlockingStub(calls));
    }

    VersionGrpc.VersionBlockingStub version() {
        return patient(VersionGrpc.newBlockingStub(calls));
    }

    EventsGrpc.EventsStub events() {
        return EventsGrpc.newStub(calls);
    }

    /** Tries to connect now instead of when the channel's own growing pause is over. */
    void wake() {
        if (channel.getState(true) == ConnectivityState.TRANSIENT_FAILURE) {
            channel.resetConnectBackoff();
        }
    }

    static <S extends AbstractStub<S>> S patient(S stub) {
        return stub.withDeadlineAfter(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Makes a call; what it throws becomes a DriverException. */
    static <T> T call(Supplier<T> call) {
        try {
            return call.get();
        } catch (StatusRuntimeException e) {
            throw failure(e);
        }
    }

    /** Makes a call that finds something, or not. */
    static <T> Optional<T> find(Supplier<T> call) {
        try {
            return Optional.of(call.get());
        } catch (StatusRuntimeException e) {
            if (e.getStatus().getCode() == Status.Code.NOT_FOUND) {
                return Optional.empty();
            }
            throw failure(e);
        }
    }

    /** What a failed call means to the caller of the driver. */
    static DriverException failure(StatusRuntimeException e) {
        String said = Wording.printable(Reasons.of(e.getStatus()));
        return switch (e.getStatus().getCode()) {
            case UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED ->
                    DriverException.passing("containerd is out of reach: " + said, e);
            case INVALID_ARGUMENT -> DriverException.permanent(said);
            default ->
                    HOPELESS.matcher(said).find()
                            ? DriverException.permanent(said)
                            : DriverException.passing("containerd: " + said, e);
        };
    }

    @Override
    public void close() {
        channel.shutdownNow();
        // Nobody waits for its end; it has nothing left to say.
        var _ = loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }
}
