package io.hypervisor.agent;

import io.grpc.ChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.hypervisor.core.server.HostPort;
import io.hypervisor.core.server.TlsConfig;
import io.netty.channel.ChannelOption;

import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** Opens channels to controllers; a dead peer is noticed within 15 seconds. */
final class Channels implements Function<String, ManagedChannel> {
    // A full document of some 10,000 instances.
    private static final int MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

    // A machine that is off answers nothing; the other controllers wait for their turn meanwhile.
    private static final int CONNECT_MILLIS = 3_000;

    private final TlsConfig tls;

    Channels(TlsConfig tls) {
        this.tls = tls;
    }

    @Override
    public ManagedChannel apply(String address) {
        HostPort to = HostPort.parse(address);
        return NettyChannelBuilder.forAddress(to.host(), to.port(), credentials())
                // The link hands everything over to a thread of its own at once.
                .directExecutor()
                .withOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MILLIS)
                .maxInboundMessageSize(MAX_MESSAGE_BYTES)
                .keepAliveTime(10, TimeUnit.SECONDS)
                .keepAliveTimeout(5, TimeUnit.SECONDS)
                .keepAliveWithoutCalls(true)
                .build();
    }

    // Read anew for each channel, so that a new certificate needs no new process.
    private ChannelCredentials credentials() {
        return tls.ca().isEmpty() ? InsecureChannelCredentials.create() : tls.client();
    }
}
