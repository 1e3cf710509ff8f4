package io.hypervisor.controller.feed;

import io.grpc.Channel;
import io.grpc.ChannelCredentials;
import io.grpc.ConnectivityState;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.hypervisor.api.internal.v1.NodeRecord;
import io.hypervisor.core.Tasks;
import io.hypervisor.core.server.HostPort;
import io.hypervisor.core.server.TlsConfig;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Connections to the nodes' own doors, one per address, shared by everybody who calls nodes. They
 * connect when first used and close when unused for five minutes.
 */
public final class AgentChannels implements AutoCloseable {
    // An idle channel is a few kilobytes; beyond that many addresses the one unused for longest
    // goes.
    private static final int MAX_CHANNELS = 4096;

    private final ChannelCredentials credentials;
    private final Tasks tasks;
    private final Map<HostPort, ManagedChannel> channels = new LinkedHashMap<>(16, 0.75f, true);

    /**
     * Channels in plain text, or with TLS if a certificate is configured: nodes then have to show
     * one of the same authority (without one: of the system's), and get shown this one.
     *
     * @throws UncheckedIOException if the TLS files cannot be read
     */
    public AgentChannels(TlsConfig tls, Tasks tasks) {
        this.credentials =
                tls.certificate().isEmpty() ? InsecureChannelCredentials.create() : tls.client();
        this.tasks = tasks;
    }

    /** The channel to a node's AgentService. Never waits; calls on it fail if nobody listens. */
    public Channel to(NodeRecord node) {
        return to(new HostPort(node.getIp(), node.getPort()));
    }

    /** The channel to an address. */
    public synchronized Channel to(HostPort address) {
        ManagedChannel known = channels.get(address);
        if (known != null) {
            if (known.getState(false) == ConnectivityState.TRANSIENT_FAILURE) {
                // Left alone it pauses for up to two minutes, and the peer may be back by now.
                known.resetConnectBackoff();
            }
            return known;
        }
        ManagedChannel channel =
                Grpc.newChannelBuilder(address.toString(), credentials)
                        .executor(tasks.concurrent("agent-call"))
                        .intercept(new Disconnects())
                        .idleTimeout(5, TimeUnit.MINUTES)
                        .keepAliveTime(20, TimeUnit.SECONDS)
                        .keepAliveTimeout(10, TimeUnit.SECONDS)
                        .build();
        channels.put(address, channel);
        if (channels.size() > MAX_CHANNELS) {
            Iterator<ManagedChannel> eldest = channels.values().iterator();
            eldest.next().shutdown();
            eldest.remove();
        }
        return channel;
    }

    /** Ends all connections and the calls on them. */
    @Override
    public synchronized void close() {
        channels.values().forEach(ManagedChannel::shutdownNow);
        channels.clear();
    }
}
